"""A policy of the hub: what several agents measured, as if one had measured it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from pktvisor import _core, clock
from pktvisor.api import documents
from pktvisor.api.keys import document_of
from pktvisor.api.series import Series
from pktvisor.config.command_options import MOST_PERIODS
from pktvisor.config.hub_models import HubPolicyConfig
from pktvisor.errors import NotFoundError, PeriodError
from pktvisor.hub.delivery import MINUTE_S
from pktvisor.hub.minutes import LATENESS_S, Cell, Merged, Minutes, merge_minutes
from pktvisor.metrics.snapshot import HandlerSnapshot
from pktvisor.outputs.json import Document
from pktvisor.policies.instances import Module
from pktvisor.windows.reading import snapshots
from pktvisor.windows.record import Record
from pktvisor.windows.tables import records_of

PERIODS = MOST_PERIODS
"""Minutes that a policy of the hub shows as buckets."""


def open_minute(now_ns: int) -> int:
    """The oldest minute whose windows are still waited for."""
    return (now_ns // 1_000_000_000 - LATENESS_S) // MINUTE_S


class HubPolicy:
    """A policy of the hub. Bucket 0 is the oldest minute whose windows are still waited for; bucket 1 is before it."""

    def __init__(
        self,
        name: str,
        minutes: Minutes,
        now_ns: Callable[[], int] = clock.now_ns,
        configured: HubPolicyConfig | None = None,
    ) -> None:
        self.name = name
        self.configured = configured
        """What was configured of it; None where it is the agents' own of its name."""
        self._minutes = minutes
        self._now_ns = now_ns
        self._lock = threading.Lock()
        self._read: dict[int, tuple[int, list[HandlerSnapshot]]] = {}
        """Snapshots of closed minutes, each with the number of windows in it: late ones make it anew."""

    @property
    def modules(self) -> tuple[Module, ...]:
        """None: its windows come from agents, and tell themselves what they are."""
        return ()

    @property
    def instances(self) -> tuple[str, ...]:
        """Names of the handlers that some agent has."""
        found = self._newest()
        return () if found is None else tuple(dict.fromkeys(run.instance for run in found.table.windows()))

    @property
    def periods(self) -> int:
        """How many buckets there are."""
        return PERIODS

    def _newest(self) -> Merged | None:
        minute = open_minute(self._now_ns())
        merged = (self._minutes.read(Cell(self.name), minute - ago) for ago in range(PERIODS))
        return next((one for one in merged if one is not None), None)

    def bucket(self, number: int) -> list[HandlerSnapshot]:
        """Give one bucket. Raises `PeriodError`."""
        return self._snapshots(self.minute(number))

    def window(self, number: int) -> list[HandlerSnapshot]:
        """Give the merge of the newest buckets. Raises `PeriodError`."""
        table = self._merged(number)
        return [] if table is None else snapshots(records_of(table))

    def bucket_records(self, number: int, agent: str) -> list[Record]:  # noqa: ARG002 (the agents are many)
        """Give the records of one bucket. Raises `PeriodError`."""
        merged = self._minutes.read(Cell(self.name), self.minute(number))
        return [] if merged is None else records_of(merged.table)

    def window_records(self, number: int, agent: str) -> list[Record]:  # noqa: ARG002 (the agents are many)
        """Give the records of the merge of the newest buckets. Raises `PeriodError`."""
        table = self._merged(number)
        return [] if table is None else records_of(table)

    def latest(self) -> list[HandlerSnapshot]:
        """Give the last closed bucket, or the open one where none is closed."""
        newest = open_minute(self._now_ns())
        return self._snapshots(newest - 1 if self._available(newest) > 1 else newest)

    def totals(self) -> list[HandlerSnapshot]:
        """Nothing: windows come late and twice, and what agents counted since they began is theirs to tell."""
        return []

    def series(self, since_s: int) -> Series:  # noqa: ARG002 (there are none)
        """Agents keep steps for themselves and send windows alone. Raises `NotFoundError`."""
        raise NotFoundError("a hub has windows and no steps: ask the agent for its series")

    def minute(self, number: int) -> int:
        """Give the minute of a bucket, counted from 1970. Raises `PeriodError`."""
        newest = open_minute(self._now_ns())
        if number >= PERIODS:
            raise PeriodError(f"invalid metrics period, specify [0, {PERIODS - 1}]", is_early=False)
        available = max(self._available(newest), 1)
        if number >= available:
            range_ = f"[0, {available - 1}]"
            raise PeriodError(
                f"requested metrics period has not yet accumulated, current range is {range_}", is_early=True
            )
        return newest - number

    def _available(self, newest: int) -> int:
        """How many buckets there are: from the first minute of which anything came, within what is kept."""
        first = self._minutes.policies.get(self.name, newest)
        return min(newest - first + 1, PERIODS)

    def _merged(self, number: int) -> _core.RecordTable | None:
        if not 2 <= number <= PERIODS:
            raise PeriodError(f"invalid metrics period, specify [2, {PERIODS}]", is_early=False)
        newest = open_minute(self._now_ns())
        minutes = range(newest - number + 1, newest + 1)
        found = [one for minute in minutes if (one := self._minutes.read(Cell(self.name), minute)) is not None]
        if not found:
            return None
        return merge_minutes(Cell(self.name), minutes, [one.table for one in found], is_closed=False)

    def _snapshots(self, minute: int) -> list[HandlerSnapshot]:
        merged = self._minutes.read(Cell(self.name), minute)
        if merged is None:
            return []
        with self._lock:
            windows, known = self._read.get(minute, (0, []))
        if merged.is_closed and windows == merged.windows:
            return known
        found = snapshots(records_of(merged.table))
        if merged.is_closed:
            with self._lock:
                kept = {number: one for number, one in self._read.items() if number > minute - PERIODS}
                self._read = {**kept, minute: (merged.windows, found)}
        return found

    def agents(self, minute: int) -> frozenset[str]:
        """The agents whose windows a minute holds."""
        merged = self._minutes.read(Cell(self.name), minute)
        return frozenset() if merged is None else merged.agents

    def describe(self) -> Document:
        """Tell of it as of an agent's policy: its handlers, and no input."""
        newest = self._newest()
        runs = () if newest is None else newest.table.windows()
        config: Document = {"num_periods": PERIODS}
        modules = {
            run.instance: documents.ShownModule(run.instance, type=run.schema, is_running=True, config=config)
            for run in runs
        }
        return document_of(documents.ShownPolicy(self.name, handlers=tuple(modules.values()), length_s=MINUTE_S))
