"""A policy: handlers over one input, with the core's plan and windows, read as neutral snapshots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from pktvisor import _core
from pktvisor.config.command_options import DEFAULT_LENGTH_S, MOST_PERIODS
from pktvisor.errors import ConfigError, PeriodError
from pktvisor.handlers.base import Handler
from pktvisor.handlers.lookups import Found
from pktvisor.metrics.breakdown import Breakdown, Closed, GroupName, Open
from pktvisor.metrics.kinds import Metric, Reading
from pktvisor.metrics.snapshot import HandlerSnapshot, Sample, Samples, Value, memory_bytes
from pktvisor.policies.many_groups import SamplesOfMany
from pktvisor.policies.plan import Instance, Placed, Plan

NANOSECONDS = 1_000_000_000

"""Windows that a policy keeps at most."""


Range = tuple[int, int]
"""Windows from a first to a last one, counted from the open one (0) backwards."""

MOST_GROUPS_HELD = 500
"""Groups of a handler whose samples are read at once and remembered; with more, each is read as it is written."""

MERGED_TOPN_COUNT = 10
"""Entries of a top list in merged windows, whatever the settings say: pktvisor never carried them over."""


@dataclass(frozen=True)
class Databases:
    """What a policy looks places, networks, public suffixes and names of services up in."""

    city: _core.GeoDatabase | None = None
    network: _core.GeoDatabase | None = None
    suffixes: _core.SuffixList | None = None
    """Instead of the list that is compiled in."""
    cache_entries: int = 10_000
    services: _core.Services | None = None

    @property
    def answered(self) -> frozenset[Found]:
        """What they tell of addresses."""
        there: dict[Found, bool] = {"place": self.city is not None, "network": self.network is not None}
        return frozenset(found for found, is_there in there.items() if is_there)


class Policy:
    """Handlers with their windows. An input feeds `core`; anybody may read at any time.

    Windows can be restored by others where they are saved (`is_saved`); who saves none starts sooner.
    """

    def __init__(
        self,
        name: str,
        instances: Sequence[Instance],
        *,
        periods: int = 5,
        length_s: int = DEFAULT_LENGTH_S,
        step_s: int = 0,
        is_recorded: bool = False,
        is_saved: bool = True,
        databases: Databases | None = None,
    ) -> None:
        self.name = name
        self.periods = max(1, min(MOST_PERIODS, periods))
        self.length_s = length_s
        self.step_s = step_s
        """Seconds of a step, see `policies.steps`; 0 where there are none."""
        self.is_recorded = is_recorded
        """The input is a recording: no live rates, and windows are as long as their packets say."""
        self.plan = Plan(instances, is_saved=is_saved, is_stepped=step_s > 0)
        self._closed: dict[int, list[HandlerSnapshot]] = {}
        """Snapshots of windows that have closed, by number: they never change again."""
        self._open = (-1, 0)
        """Number and start of the open window, as far as it was looked up."""
        databases = self._databases = databases or Databases()
        try:
            self.core = _core.Policy(
                self.plan.json,
                periods=self.periods,
                length_s=length_s,
                step_s=step_s,
                stepped=[(at, one.index) for at, placed in enumerate(self.plan.stepped) for one in placed]
                if step_s
                else [],
                city=databases.city,
                network=databases.network,
                suffixes=databases.suffixes,
                cache_entries=databases.cache_entries,
                services=databases.services,
            )
        except _core.ConfigFault as fault:
            raise ConfigError(f"policy {name}: {fault}") from fault
        if self.core.left_out_of_steps:
            self._tell_what_is_left_out()
        self._answers = self.core.memory.answers()

    def _tell_what_is_left_out(self) -> None:
        import logging  # who summarises a file starts sooner without it

        logging.getLogger(__name__).warning(
            "policy %s: %d of its counters and histograms are in no steps: a policy has room for %d, %d of them "
            "histograms",
            self.name,
            self.core.left_out_of_steps,
            _core.MOST_STEPPED,
            _core.MOST_STEPPED_HISTOGRAMS,
        )

    def look_up_in(self, databases: Databases) -> None:
        """Look things up in other databases: from the next window on, at once where the window never ends."""
        if databases is not self._databases:
            self._databases = databases
            self.core.replace_databases(
                city=databases.city,
                network=databases.network,
                suffixes=databases.suffixes,
                services=databases.services,
            )

    def open_start(self) -> int | None:
        """Start of the open window in Unix seconds, None before anything was fed; it is looked up once for each."""
        windows = self.core.windows()
        if windows and windows[-1][0] != self._open[0]:
            window = self.core.read(0, 0)
            self._open = (-1, 0) if window is None else (window.number, window.start_ns // NANOSECONDS)
        return self._open[1] if windows else None

    def bucket(self, number: int, now_ns: int) -> list[HandlerSnapshot]:
        """One window: 0 is the open one, 1 the one that closed last. PeriodError where there is no such window."""
        return self._snapshots(self.bucket_range(number), now_ns)

    def window(self, number: int, now_ns: int) -> list[HandlerSnapshot]:
        """The newest windows merged, the open one included. PeriodError for less than two or more than are kept."""
        return self._snapshots(self.window_range(number), now_ns)

    def latest(self, now_ns: int) -> list[HandlerSnapshot]:
        """The window that closed last; the open one before any has closed."""
        return self._snapshots(self.latest_range(), now_ns)

    def span_s(self, now_ns: int) -> int:
        """How many seconds the windows that are kept cover."""
        kept = self.core.available()
        oldest, newest = (self.core.read(number, number) for number in (max(kept - 1, 0), 0))
        if oldest is None or newest is None:
            return 0
        end_ns = newest.end_ns if self.is_recorded else max(now_ns, newest.end_ns)
        return max(0, end_ns - oldest.start_ns) // NANOSECONDS

    def bucket_range(self, number: int) -> Range:
        """Which windows `bucket` shows: the first and the last, counted from the open one. PeriodError as there."""
        if number >= self.periods:
            raise PeriodError(f"invalid metrics period, specify [0, {self.periods - 1}]", is_early=False)
        available = self.core.available()
        if number >= max(available, 1):
            raise PeriodError(
                f"requested metrics period has not yet accumulated, current range is [0, {max(available, 1) - 1}]",
                is_early=True,
            )
        return number, number

    def window_range(self, number: int) -> Range:
        """Which windows `window` shows. PeriodError as there."""
        if not 2 <= number <= self.periods:
            raise PeriodError(f"invalid metrics period, specify [2, {self.periods}]", is_early=False)
        return 0, number - 1

    def latest_range(self) -> Range:
        """Which window `latest` shows."""
        newest_closed = 1 if self.core.available() > 1 else 0
        return newest_closed, newest_closed

    def _snapshots(self, windows: Range, now_ns: int) -> list[HandlerSnapshot]:
        first, last = windows
        # One look at the core: whatever shifts after it, what was read belongs together.
        window = self.core_window(windows, now_ns)
        if window is None:
            return []
        is_final = first == last and self.is_final(window)
        known = self._closed.get(window.number) if is_final else None
        if known is not None:
            return known
        snapshots = list(self._read(window, is_merged=last > first, now_ns=now_ns))
        if is_final:
            self._remember(window.number, snapshots)
        return snapshots

    def core_window(self, windows: Range, now_ns: int) -> _core.Window | None:
        """The core's view of some windows; an empty one that begins now where nothing has been fed yet."""
        first, last = windows
        window = self.core.read(first, last)
        return self.core.empty(now_ns) if window is None and first == 0 else window

    def is_final(self, window: _core.Window) -> bool:
        """Whether a window will always read the same. A recording's is closed by its end, but another may follow."""
        return window.is_closed and not self.is_recorded

    def _remember(self, number: int, snapshots: list[HandlerSnapshot]) -> None:
        closed = {known: kept for known, kept in list(self._closed.items()) if known > number - self.periods}
        if self._answers.must_give_way():
            self._answers.count_forgotten(len(closed) + 1)
            closed = {}
        else:
            closed[number] = snapshots
        self._closed = closed
        self._answers.tell(sum(memory_bytes(kept) for kept in closed.values()))

    def _read(self, window: _core.Window, *, is_merged: bool, now_ns: int) -> Iterator[HandlerSnapshot]:
        made = partial(WindowReader, self, window, is_merged=is_merged, now_ns=now_ns)
        reader = made()
        for number, instance in enumerate(self.plan.instances):
            if instance.handler.is_silent:
                continue
            if reader.has_very_many_groups(number):
                yield reader.snapshot(instance, SamplesOfMany(made, number, instance.handler))
            else:
                yield reader.snapshot(instance, tuple(reader.samples(number, instance.handler)))


class WindowReader:
    """Reads one (merged) window of the core into snapshots."""

    def __init__(self, policy: Policy, window: _core.Window, *, is_merged: bool, now_ns: int) -> None:
        self._policy = policy
        self._window = window
        self._is_merged = is_merged
        self._is_open = not window.is_closed and not policy.is_recorded
        self._start_ts = window.start_ns // NANOSECONDS
        self._now_ns = now_ns
        self._seen: dict[int, set[int | None]] = {}
        """Values of a closed breakdown of which anything was seen, by handler."""
        self._groups: dict[tuple[int, Breakdown | None], list[_core.Group]] = {}
        self._named: dict[tuple[int, Breakdown | None], dict[GroupName, list[_core.Group]]] = {}

    def _runs(self, handler: Handler) -> bool:
        """The window goes on with the clock; that of a recording only with its packets."""
        return self._is_open and not handler.is_recorded

    def _length_seconds(self, handler: Handler) -> int:
        if self._runs(handler):
            return max(0, self._now_ns // NANOSECONDS - self._start_ts)
        return self._window.length_seconds

    def snapshot(self, instance: Instance, samples: tuple[Sample, ...] | Samples) -> HandlerSnapshot:
        """What a handler measured in this window."""
        return HandlerSnapshot(
            instance=instance.name,
            schema=instance.handler.schema,
            start_ts=self._start_ts,
            length=self._length_seconds(instance.handler),
            start_ns=self._window.start_ns,
            end_ns=self._window.end_ns,
            is_closed=not self._runs(instance.handler),
            samples=samples,
            tap=instance.tap,
            ledger=self._window.ledger(),
        )

    def has_very_many_groups(self, number: int) -> bool:
        """Whether the samples of a handler's groups had better not all stand in memory."""
        grouped = {placed.by: placed.index for placed in self.placed(number) if isinstance(placed.by, Open)}
        return sum(self._window.group_sizes(number, index)[0] for index in grouped.values()) > MOST_GROUPS_HELD

    def placed(self, number: int) -> Sequence[Placed]:
        """The metrics of the handler of that number."""
        return self._policy.plan.placed[number]

    def samples(self, number: int, handler: Handler) -> Iterator[Sample]:
        """What the handler of that number shows."""
        for placed in self.placed(number):
            if self.is_shown(number, handler, placed):
                yield from self.samples_of(number, handler, placed)
        yield from self.unfed(number, handler)

    def is_shown(self, number: int, handler: Handler, placed: Placed) -> bool:
        """Whether a metric is to be seen, and anything was seen of its value of a closed breakdown."""
        if not handler.is_shown(placed.metric):
            return False
        return placed.number is None or placed.number in self._numbers_shown(number, handler, placed.by)

    def _numbers_shown(self, number: int, handler: Handler, by: Breakdown | None) -> set[int | None]:
        """The values of a closed breakdown of which anything was seen."""
        if not isinstance(by, Closed):
            return {None}
        witness = handler.witness()
        if witness is None:
            return set(by.order)
        if number not in self._seen:
            metric = handler.metrics()[witness]
            counters = [one for one in self._policy.plan.placed[number] if one.metric is metric]
            self._seen[number] = {one.number for one in counters if self._window.metric(number, one.index).count()}
        return self._seen[number]

    def unfed(self, number: int, handler: Handler) -> Iterator[Sample]:
        """Metrics that are shown though the metric groups that feed them are off: zeros."""
        for metric in handler.metrics().values():
            if handler.is_shown(metric) and not handler.is_counted(metric):
                by = handler.breakdown(metric)
                for value in by.order if isinstance(by, Closed) else (None,):
                    if value in self._numbers_shown(number, handler, by):
                        placed = Placed(metric, -1, by, value)
                        yield sample_of(handler, placed, 0, placed.name)

    def samples_of(self, number: int, handler: Handler, placed: Placed) -> Iterator[Sample]:
        """One metric's value; of an open breakdown its value for each group."""
        if isinstance(placed.by, Open):
            for name, groups in self.named_groups(number, handler, placed, placed.by).items():
                yield from self.sample_of_group(number, handler, placed, name, groups)
        else:
            value = placed.metric.read(self._window.metric(number, placed.index), self.reading(handler))
            if value is not None:
                yield sample_of(handler, placed, value, placed.name)

    def sample_of_group(
        self, number: int, handler: Handler, placed: Placed, name: GroupName, groups: Sequence[_core.Group]
    ) -> Iterator[Sample]:
        """The value of a metric in the groups of a name; none where there is nothing to say."""
        at = self._window.grouped_number(number, placed.index)
        value = handler.read(placed.metric, groups, at, self.reading(handler))
        if value is not None:
            yield sample_of(handler, placed, value, name)

    def groups_of(self, number: int, placed: Placed) -> list[_core.Group]:
        """The groups of an open breakdown, which all metrics that are kept apart by it share."""
        key = (number, placed.by)
        if key not in self._groups:
            self._groups[key] = self._window.groups(number, placed.index)
        return self._groups[key]

    def named_groups(
        self, number: int, handler: Handler, placed: Placed, by: Open
    ) -> Mapping[GroupName, Sequence[_core.Group]]:
        """The same by the names that the handler gives them; pktvisor never carried these over into merged windows."""
        key = (number, placed.by)
        if key not in self._named:
            named: dict[GroupName, list[_core.Group]] = {}
            for group in self.groups_of(number, placed):
                name = by.name(group.values) if self._is_merged else handler.group_name(by, group.values)
                named.setdefault(name, []).append(group)
            self._named[key] = named
        return self._named[key]

    def reading(self, handler: Handler) -> Reading:
        """How the metrics of a handler are read in this window."""
        is_fixed = self._is_merged or handler.fixed_top
        return Reading(
            is_running=self._runs(handler),
            top_count=MERGED_TOPN_COUNT if is_fixed else handler.settings.topn_count,
            top_percentile=0 if is_fixed else handler.settings.topn_percentile_threshold,
        )


def sample_of(handler: Handler, placed: Placed, value: Value, group: GroupName) -> Sample:
    """A metric's value of a group, as outputs take it."""
    metric = placed.metric
    path = (*group.path, *metric.path.split("."))
    return Sample(metric.name, path, family_name(handler, metric), metric.help, value, group.labels, metric.has_total)


def family_name(handler: Handler | type[Handler], metric: Metric) -> str:
    """The name of a metric's family in Prometheus."""
    return "_".join((metric.prefix or handler.schema, *metric.path.split(".")))
