"""A policy: handlers over one input, with the core's plan and windows, read as neutral snapshots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
        self.periods = max(1, min(10, periods))
        self.is_recorded = is_recorded
        """The input is a recording: no live rates, and windows are as long as their packets say."""
        self.plan = Plan(instances)
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
        if number >= self.periods:
            raise PeriodError(f"invalid metrics period, specify [0, {self.periods - 1}]", is_early=False)
        available = self.core.available()
        if number >= max(available, 1):
            raise PeriodError(
                f"requested metrics period has not yet accumulated, current range is [0, {max(available, 1) - 1}]",
                is_early=True,
            )
        return self._snapshots(number, number, now_ns)

    def window(self, number: int, now_ns: int) -> list[HandlerSnapshot]:
        """The newest windows merged, the open one included. PeriodError for less than two or more than are kept."""
        if not 2 <= number <= self.periods:
            raise PeriodError(f"invalid metrics period, specify [2, {self.periods}]", is_early=False)
        return self._snapshots(0, number - 1, now_ns)

    def latest(self, now_ns: int) -> list[HandlerSnapshot]:
        """The window that closed last; the open one before any has closed."""
        newest_closed = 1 if self.core.available() > 1 else 0
        return self._snapshots(newest_closed, newest_closed, now_ns)

    def _snapshots(self, first: int, last: int, now_ns: int) -> list[HandlerSnapshot]:
        window = self.core.read(first, last)
        if window is None:
            return []
        reader = _WindowReader(self, window, is_merged=last > first, now_ns=now_ns)
        return [
            reader.snapshot(number, instance)
            for number, instance in enumerate(self.plan.instances)
            if not instance.handler.is_silent
        ]


class _WindowReader:
    """Reads one (merged) window of the core into snapshots."""

    def __init__(self, policy: Policy, window: _core.Window, *, is_merged: bool, now_ns: int) -> None:
        self._policy = policy
        self._window = window
        self._is_merged = is_merged
        self._is_open = not window.is_closed and not policy.is_recorded
        self._start_ts = window.start_ns // NANOSECONDS
        self._now_ns = now_ns

    def _runs(self, handler: Handler) -> bool:
        """The window goes on with the clock; that of a recording only with its packets."""
        return self._is_open and not handler.is_recorded

    def _length_seconds(self, handler: Handler) -> int:
        if self._runs(handler):
            return max(0, self._now_ns // NANOSECONDS - self._start_ts)
        return self._window.length_seconds

    def snapshot(self, number: int, instance: Instance) -> HandlerSnapshot:
        return HandlerSnapshot(
            instance=instance.name,
            schema=instance.handler.schema,
            start_ts=self._start_ts,
            length=self._length_seconds(instance.handler),
            start_ns=self._window.start_ns,
            end_ns=self._window.end_ns,
            is_closed=not self._runs(instance.handler),
            samples=tuple(self._samples(number, instance.handler)),
            tap=instance.tap,
            ledger=self._window.ledger(),
        )

    def _samples(self, number: int, handler: Handler) -> Iterator[Sample]:
        placed = self._policy.plan.placed[number]
        shown = self._directions_shown(number, handler, placed)
        for one in placed:
            if handler.is_shown(one.metric) and (one.direction is None or one.direction in shown):
                yield self._sample(number, handler, one)
        yield from _unfed(handler, shown)

    def _directions_shown(self, number: int, handler: Handler, placed: Sequence[Placed]) -> set[int]:
        """The directions in which anything was seen."""
        hidden = handler.directions_shown()
        if hidden is None:
            return set(range(len(DIRECTIONS)))
        witness = handler.metrics()[hidden]
        counters = [one for one in placed if one.metric is witness]
        return {
            one.direction for one in counters if one.direction is not None and self._window.counter(number, one.index)
        }

    def _sample(self, number: int, handler: Handler, placed: Placed) -> Sample:
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
        buckets = []
        before = 0
        for bound, upto in zip(BOUNDS, cumulative, strict=True):
            if upto > before:
                buckets.append((bound, upto))
            before = upto
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


def _unfed(handler: Handler, shown: set[int]) -> Iterator[Sample]:
    """Metrics that are shown though the groups that feed them are off: zeros."""
    for metric in handler.metrics().values():
        if handler.is_shown(metric) and not handler.is_counted(metric):
            for direction in sorted(shown) if handler.direction is not None else (None,):
                yield _sample(handler, Placed(metric, direction, -1), "counter", 0)


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
