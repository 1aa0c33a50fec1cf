"""A policy at work: its handlers, parted by the stream that feeds them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from pktvisor import clock
from pktvisor.agent.stream import Stream
from pktvisor.agent.tap import Origin
from pktvisor.api import documents
from pktvisor.api.keys import document_of
from pktvisor.api.series import Series
from pktvisor.config.command_options import DEFAULT_LENGTH_S, DEFAULT_STEP_S
from pktvisor.config.models import PolicyConfig, Settings, TapConfig
from pktvisor.errors import PeriodError
from pktvisor.inputs.holding import held_together
from pktvisor.metrics.expressions import ALWAYS
from pktvisor.metrics.snapshot import HandlerSnapshot
from pktvisor.outputs.json import Document, write_samples
from pktvisor.policies.instances import Module
from pktvisor.policies.merging import MergedPolicies
from pktvisor.policies.policy import Databases, Policy
from pktvisor.policies.records import bucket_records, ended_records, merged_records
from pktvisor.policies.steps import merge_steps, read_steps, series_of
from pktvisor.policies.totals import PolicyTotals, added, ledger_snapshot
from pktvisor.windows.record import Record

EVENT_COUNTS = (
    ("wire_packets", "events"),
    ("wire_packets", "deep_samples"),
    ("observed_packets",),
    ("deep_sampled_packets",),
)
EVENT_RATES = (("rates", "events"), ("rates", "observed_pps"))
"""The base metrics of dns handlers, which their descriptions show."""

Read = Callable[[Policy | MergedPolicies], list[HandlerSnapshot]]
"""Reads a bucket or a window."""


@dataclass(frozen=True)
class PolicyPart:
    """The handlers that one stream feeds and that keep equally many windows."""

    stream: Stream
    modules: Sequence[Module]
    policy: Policy

    def windows(self) -> list[tuple[int, bool]]:
        """Give the windows that can be read: number and whether it is closed, the oldest first."""
        return self.policy.core.windows() if self.modules else []

    def records(self, number: int, *, agent: str, most_items: int, most_records: int) -> list[Record] | None:
        """Give the records of a window as it closes; see `ended_records`."""
        return ended_records(
            self.policy, number, agent=agent, now_ns=clock.now_ns(), most_items=most_items, most_records=most_records
        )


@dataclass(frozen=True)
class Basis:
    """Everything that a policy was made of: equal where a policy made anew would be the same."""

    config: PolicyConfig
    taps: tuple[TapConfig, ...]
    global_settings: tuple[tuple[str, Settings], ...]
    """Settings of all handlers of a type, for the types that it has."""


class AgentPolicy:
    """A policy, whichever way it came to be."""

    def __init__(
        self, name: str, parts: Sequence[PolicyPart], *, origin: Origin, basis: Basis | None, tell_taps: TapTeller
    ) -> None:
        self.name = name
        self.parts = tuple(parts)
        self.origin = origin
        self.basis = basis
        """None for the policy that a stream brings along."""
        self.since = 0.0
        """When it began, in Unix seconds; 0 before."""
        self._tell_taps = tell_taps
        is_merged = basis is not None and basis.config.merges_like_handlers
        self._totals = [PolicyTotals(part.policy) for part in self.parts]
        self._merged = MergedPolicies([part.policy for part in parts]) if is_merged else None

    @property
    def modules(self) -> tuple[Module, ...]:
        """Its handlers with what was said about them."""
        return tuple(module for part in self.parts for module in part.modules)

    @property
    def instances(self) -> tuple[str, ...]:
        """Names of its handlers."""
        return tuple(module.instance.name for module in self.modules)

    @property
    def periods(self) -> int:
        """How many buckets it keeps."""
        return max((part.policy.periods for part in self.parts), default=1)

    @property
    def length_s(self) -> int:
        """How many seconds a bucket lasts."""
        return min((part.policy.length_s for part in self.parts), default=DEFAULT_LENGTH_S)

    def open_start(self) -> int | None:
        """Start of its open window in Unix seconds, of several the latest; None before anything was fed."""
        starts = [part.policy.open_start() for part in self.parts if part.modules]
        return max((start for start in starts if start is not None), default=None)

    def look_up_in(self, databases: Databases) -> None:
        """Look things up in other databases from the next window on."""
        for part in self.parts:
            part.policy.look_up_in(databases)

    def bucket(self, number: int) -> list[HandlerSnapshot]:
        """Give one bucket."""
        now_ns = clock.now_ns()
        return self._read(lambda policy: policy.bucket(number, now_ns))

    def window(self, number: int) -> list[HandlerSnapshot]:
        """Give the merge of the newest buckets."""
        now_ns = clock.now_ns()
        return self._read(lambda policy: policy.window(number, now_ns))

    def latest(self) -> list[HandlerSnapshot]:
        """Give the last closed bucket, or the live one."""
        now_ns = clock.now_ns()
        return self._read(lambda policy: policy.latest(now_ns))

    def totals(self) -> list[HandlerSnapshot]:
        """Give what its counters counted since it began, and what became of its inputs' packets."""
        now_ns = clock.now_ns()
        read = [(part.stream.tap, *totals.read(now_ns)) for part, totals in zip(self.parts, self._totals, strict=True)]
        handlers = [snapshot for _, snapshots, _ in read for snapshot in snapshots]
        # Parts of one tap see the same packets; the policy that a stream brings along counts none for anybody.
        ledgers = {} if self.basis is None else {tap: ledger for tap, _, ledger in reversed(read)}
        told = handlers if self._merged is None else added(handlers)
        return [*told, *(ledger_snapshot(ledger, tap) for tap, ledger in ledgers.items())]

    def begin_totals(self) -> None:
        """Leave windows that were restored out of the totals of groups, before anything is fed."""
        for totals in self._totals:
            totals.groups.begin()

    def sum_groups(self) -> None:
        """Add windows that have closed to the totals of groups, before they are forgotten."""
        for totals in self._totals:
            totals.groups.look()

    def bucket_records(self, number: int, agent: str) -> list[Record]:
        """Give the records of one bucket, of all handlers by themselves."""
        now_ns = clock.now_ns()
        return self._records(lambda policy: bucket_records(policy, number, agent=agent, now_ns=now_ns))

    def window_records(self, number: int, agent: str) -> list[Record]:
        """Give the records of the merge of the newest buckets, of all handlers by themselves."""
        now_ns = clock.now_ns()
        return self._records(lambda policy: merged_records(policy, number, agent=agent, now_ns=now_ns))

    def _records(self, read: Callable[[Policy], list[Record]]) -> list[Record]:
        """The records of all parts, under this policy's name."""
        records = (record for part in self.parts if part.modules for record in read(part.policy))
        return [replace(record, policy=self.name) for record in records]

    def series(self, since_s: int) -> Series:
        """Give what was counted in each step that is over and began at this time or later."""
        every = [steps for part in self.parts if part.modules for steps in read_steps(part.policy)]
        return series_of(DEFAULT_STEP_S, every if self._merged is None else merge_steps(every), since_s)

    def newest_step(self) -> int | None:
        """When the newest step that is over began, in Unix seconds; None before there is one."""
        newest = (part.policy.core.newest_step_s() for part in self.parts if part.modules)
        return max((step for step in newest if step is not None), default=None)

    def _read(self, read: Read) -> list[HandlerSnapshot]:
        if self._merged is not None:
            return read(self._merged)
        snapshots: list[HandlerSnapshot] = []
        for part in self.parts:
            if not part.modules:
                continue  # it has the period of nobody
            try:
                snapshots += read(part.policy)
            except PeriodError as error:
                error.reached = tuple(snapshots)
                error.instance = part.modules[0].instance.name
                raise
        return snapshots

    def describe(self) -> Document:
        """Tell of its inputs, taps and handlers."""
        return document_of(
            documents.ShownPolicy(
                self.name,
                inputs=tuple({part.stream.name: part.stream.told() for part in self.parts}.values()),
                handlers=tuple(_handler(part, module) for part in self.parts for module in part.modules),
                taps=tuple(self._tell_taps(self)),
                length_s=self.length_s,
                origin=self.origin.value if self.origin is Origin.HUB else None,
                memory=held_together(part.policy.core.memory for part in self.parts),
            )
        )


TapTeller = Callable[[AgentPolicy], Iterable[documents.ShownTap]]
"""Tells of a policy's taps that are still there."""


def _handler(part: PolicyPart, module: Module) -> documents.ShownModule:
    """Tell of a handler; of one of dns, as the C++ agent does, what it waits for and what its buckets hold."""
    handler = module.instance.handler
    told = documents.ShownModule(
        module.instance.name,
        type=handler.schema,
        is_running=part.stream.is_running,
        config={"_internal_tap_name": part.stream.tap, **module.config},
    )
    if handler.schema != "dns":
        return told
    return replace(
        told,
        open_exchanges=part.policy.core.open_exchanges(),
        is_selecting=handler.select() is not ALWAYS if handler.version == "1.0" else None,
        deep_sample_rate=handler.settings.deep_sample_rate,
        most_buckets=part.policy.periods,
        buckets=_buckets(part.policy, module.instance.name),
    )


def _buckets(policy: Policy, instance: str) -> list[Document]:
    """Tell of a handler's buckets, newest first."""
    now_ns = clock.now_ns()
    buckets = [policy.bucket(number, now_ns) for number in range(max(policy.core.available(), 1))]
    return [document_of(_bucket(one)) for bucket in buckets for one in bucket if one.instance == instance]


def _bucket(bucket: HandlerSnapshot) -> documents.HandlerBucket:
    rates: Document = {}
    events: Document = {"rates": rates}
    write_samples(rates, [sample for sample in bucket.samples if sample.path in EVENT_RATES])
    write_samples(events, [sample for sample in bucket.samples if sample.path in EVENT_COUNTS])
    return documents.HandlerBucket(
        start=_time_text(bucket.start_ts),
        end=_time_text(bucket.start_ts + bucket.length) if bucket.is_closed else None,
        length=bucket.length,
        is_closed=bucket.is_closed,
        events=events,
    )


def _time_text(unix_seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(unix_seconds))
