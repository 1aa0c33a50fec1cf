"""A policy: handlers over one input, with the core's plan and windows, read as neutral snapshots."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pktvisor import _core
from pktvisor.errors import ConfigError, PeriodError
from pktvisor.handlers.base import Handler
from pktvisor.metrics.exponential import ExponentialValues
from pktvisor.metrics.histogram_bounds import BOUNDS
from pktvisor.metrics.kinds import Cardinality, Histogram, Quantiles, Rate, TopN
from pktvisor.metrics.snapshot import (
    QUANTILES,
    HandlerSnapshot,
    HistogramValues,
    Kind,
    QuantileValues,
    Sample,
    TopEntry,
    TopValues,
    Value,
)
from pktvisor.policies.plan import DIRECTIONS, Instance, Placed, Plan

NANOSECONDS = 1_000_000_000

MOST_PERIODS = 10
"""Windows that a policy keeps at most."""

Range = tuple[int, int]
"""Windows from a first to a last one, counted from the open one (0) backwards."""

MERGED_TOPN_COUNT = 10
"""Entries of a top list in merged windows, whatever the settings say: pktvisor never carried them over."""


@dataclass(frozen=True)
class Databases:
    """The databases that a policy looks places and networks up in."""

    city: _core.GeoDatabase | None = None
    network: _core.GeoDatabase | None = None
    cache_entries: int = 10_000


class Policy:
    """Handlers with their windows. An input feeds `core`; anybody may read at any time."""

    def __init__(
        self,
        name: str,
        instances: Sequence[Instance],
        *,
        periods: int = 5,
        is_recorded: bool = False,
        databases: Databases | None = None,
    ) -> None:
        self.name = name
        self.periods = max(1, min(MOST_PERIODS, periods))
        self.is_recorded = is_recorded
        """The input is a recording: no live rates, and windows are as long as their packets say."""
        self.plan = Plan(instances)
        self._closed: dict[int, list[HandlerSnapshot]] = {}
        """Snapshots of windows that have closed, by number: they never change again."""
        databases = databases or Databases()
        try:
            self.core = _core.Policy(
                self.plan.json,
                periods=self.periods,
                city=databases.city,
                network=databases.network,
                cache_entries=databases.cache_entries,
            )
        except _core.ConfigFault as fault:
            raise ConfigError(f"policy {name}: {fault}") from fault

    def bucket(self, number: int, now_ns: int) -> list[HandlerSnapshot]:
        """One window: 0 is the open one, 1 the one that closed last. PeriodError where there is no such window."""
        return self._snapshots(self.bucket_range(number), now_ns)

    def window(self, number: int, now_ns: int) -> list[HandlerSnapshot]:
        """The newest windows merged, the open one included. PeriodError for less than two or more than are kept."""
        return self._snapshots(self.window_range(number), now_ns)

    def latest(self, now_ns: int) -> list[HandlerSnapshot]:
        """The window that closed last; the open one before any has closed."""
        return self._snapshots(self.latest_range(), now_ns)

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
        self._closed[number] = snapshots
        for old in [known for known in list(self._closed) if known <= number - self.periods]:
            self._closed.pop(old, None)

    def _read(self, window: _core.Window, *, is_merged: bool, now_ns: int) -> Iterator[HandlerSnapshot]:
        reader = WindowReader(self, window, is_merged=is_merged, now_ns=now_ns)
        for number, instance in enumerate(self.plan.instances):
            if not instance.handler.is_silent:
                yield reader.snapshot(instance, reader.samples(number, instance.handler))


class WindowReader:
    """Reads one (merged) window of the core into snapshots."""

    def __init__(self, policy: Policy, window: _core.Window, *, is_merged: bool, now_ns: int) -> None:
        self._policy = policy
        self._window = window
        self._is_merged = is_merged
        self._is_open = not window.is_closed and not policy.is_recorded
        self._start_ts = window.start_ns // NANOSECONDS
        self._now_ns = now_ns
        self._directions: dict[int, set[int]] = {}

    def _runs(self, handler: Handler) -> bool:
        """The window goes on with the clock; that of a recording only with its packets."""
        return self._is_open and not handler.is_recorded

    def _length_seconds(self, handler: Handler) -> int:
        if self._runs(handler):
            return max(0, self._now_ns // NANOSECONDS - self._start_ts)
        return self._window.length_seconds

    def snapshot(self, instance: Instance, samples: Iterable[Sample]) -> HandlerSnapshot:
        """What a handler measured in this window."""
        return HandlerSnapshot(
            instance=instance.name,
            schema=instance.handler.schema,
            start_ts=self._start_ts,
            length=self._length_seconds(instance.handler),
            start_ns=self._window.start_ns,
            end_ns=self._window.end_ns,
            is_closed=not self._runs(instance.handler),
            samples=tuple(samples),
            tap=instance.tap,
            ledger=self._window.ledger(),
        )

    def samples(self, number: int, handler: Handler) -> Iterator[Sample]:
        """What the handler of that number shows."""
        for placed in self._policy.plan.placed[number]:
            if self.is_shown(number, handler, placed):
                yield self.sample(number, handler, placed)
        yield from self.unfed(number, handler)

    def is_shown(self, number: int, handler: Handler, placed: Placed) -> bool:
        """Whether a metric is to be seen, and anything was seen in its direction."""
        if not handler.is_shown(placed.metric):
            return False
        return placed.direction is None or placed.direction in self._directions_shown(number, handler)

    def _directions_shown(self, number: int, handler: Handler) -> set[int]:
        """The directions in which anything was seen."""
        if number not in self._directions:
            self._directions[number] = self._find_directions(number, handler)
        return self._directions[number]

    def _find_directions(self, number: int, handler: Handler) -> set[int]:
        hidden = handler.directions_shown()
        if hidden is None:
            return set(range(len(DIRECTIONS)))
        witness = handler.metrics()[hidden]
        counters = [one for one in self._policy.plan.placed[number] if one.metric is witness]
        return {
            one.direction for one in counters if one.direction is not None and self._window.counter(number, one.index)
        }

    def unfed(self, number: int, handler: Handler) -> Iterator[Sample]:
        """Metrics that are shown though the groups that feed them are off: zeros."""
        for metric in handler.metrics().values():
            if handler.is_shown(metric) and not handler.is_counted(metric):
                is_apart = handler.direction is not None
                for direction in sorted(self._directions_shown(number, handler)) if is_apart else (None,):
                    yield _sample(handler, Placed(metric, direction, -1), "counter", 0)

    def sample(self, number: int, handler: Handler, placed: Placed) -> Sample:
        """One metric's value."""
        kind, value = self._value(number, handler, placed)
        return _sample(handler, placed, kind, value)

    def _value(self, number: int, handler: Handler, placed: Placed) -> tuple[Kind, Value]:
        metric, index = placed.metric, placed.index
        match metric:
            case Histogram():
                return "histogram", self._histogram(number, index)
            case Quantiles():
                return "quantiles", _quantiles(self._window.quantiles(number, index, QUANTILES), None)
            case Rate():
                row, live = self._window.rate(number, index, QUANTILES)
                return "rate", _quantiles(row, live if self._runs(handler) and metric.has_live else None)
            case Cardinality():
                return "cardinality", round(self._window.cardinality(number, index))
            case TopN():
                return "top", self._top(number, handler, metric, index)
            case _:
                return "counter", self._window.counter(number, index)

    def _histogram(self, number: int, index: int) -> HistogramValues:
        cumulative, count, total = self._window.histogram(number, index, BOUNDS)
        before = (0, *cumulative)
        buckets = [(bound, upto) for bound, upto, less in zip(BOUNDS, cumulative, before, strict=False) if upto > less]
        exponential = ExponentialValues.of(self._window.exponential(number, index))
        return HistogramValues(tuple(buckets), count, total, exponential)

    def _top(self, number: int, handler: Handler, metric: TopN, index: int) -> TopValues:
        settings = handler.settings
        is_fixed = self._is_merged or handler.fixed_top
        count = metric.count or (MERGED_TOPN_COUNT if is_fixed else settings.topn_count)
        threshold = 0 if is_fixed else settings.topn_percentile_threshold
        rows = self._window.top(number, index, count)
        least = _threshold([row[1] for row in rows], threshold)
        entries = tuple(
            TopEntry(
                name=metric.render(name),
                estimate=estimate,
                lower_bound=lower,
                upper_bound=upper,
                extra=(("lat", latitude), ("lon", longitude)) if latitude and longitude else (),
            )
            for name, estimate, lower, upper, latitude, longitude in rows
            if estimate >= least
        )
        return TopValues(metric.label, entries)


def _sample(handler: Handler, placed: Placed, kind: Kind, value: Value) -> Sample:
    metric = placed.metric
    parts = tuple(metric.path.split("."))
    name = "_".join((metric.prefix or handler.schema, *parts))
    if placed.direction is None:
        return Sample(kind, parts, name, metric.help, value)
    direction = DIRECTIONS[placed.direction]
    return Sample(kind, (direction, *parts), name, metric.help, value, labels=(("direction", direction),))


def _quantiles(row: tuple[list[float], float, float, int, bool], live: int | None) -> QuantileValues:
    values, maximum, total, count, is_whole = row
    number = int if is_whole else float
    return QuantileValues(
        values=tuple(number(value) for value in values),
        maximum=number(maximum),
        total=number(total),
        count=count,
        live=live,
    )


def _threshold(estimates: Sequence[int], percent: int) -> int:
    """The quantile of the estimates below which entries are left out; inclusive, as KLL sketches give it."""
    if percent <= 0 or not estimates:
        return 0
    ascending = sorted(estimates)
    rank = max(1, -(-len(ascending) * percent // 100))
    return ascending[rank - 1]
