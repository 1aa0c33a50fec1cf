"""What the handlers of a policy counted in each step of the last hour.

A step is a place on the clock, as 12:00:10 to 12:00:20. The core keeps them, whatever the windows are: see
docs/explanation/life-of-a-packet.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pktvisor import _core
from pktvisor.api.keys import document_of
from pktvisor.api.series import Counts, HandlerSeries, Series
from pktvisor.metrics.completeness import completeness
from pktvisor.metrics.kinds import Histogram
from pktvisor.policies.plan import Placed
from pktvisor.policies.policy import Policy

T = TypeVar("T")


@dataclass(frozen=True)
class Span:
    """Some steps that follow one another, by their numbers: their times over their length."""

    first: int
    end: int
    """Behind the last."""

    def of(self, values: Sequence[T | None], other: Span) -> list[T | None]:
        """Give the values that another span has here; None where it has none."""
        end = max(self.first, min(self.end, other.end))
        first = max(self.first, min(other.first, end))
        before: list[T | None] = [None] * (first - self.first)
        return [*before, *values[first - other.first : end - other.first], *[None] * (self.end - end)]


@dataclass(frozen=True)
class Buckets:
    """What a histogram counted in each step."""

    powers: Sequence[int]
    """Its bounds are these powers of two, which follow one another."""
    counts: Sequence[Sequence[int] | None]
    """Of values up to each bound and above the one before, at last of those above all."""

    def widened(self, powers: range) -> Iterator[list[int] | None]:
        """Give the counts with more bounds, between which there is nothing."""
        before = [0] * (min(self.powers, default=powers.stop) - powers.start)
        after = [0] * (powers.stop - max(self.powers, default=powers.stop - 1) - 1)
        for counts in self.counts:
            yield None if counts is None else [*before, *counts[:-1], *after, counts[-1]]


@dataclass(frozen=True)
class Steps:
    """What a handler counted in each step; None where no input was at work."""

    instance: str
    schema: str
    tap: str | None
    span: Span
    counters: Mapping[str, Counts]
    """By the place in JSON, with the schema key and dots."""
    histograms: Mapping[str, Buckets]
    ledger: Mapping[str, Counts]

    def within(self, span: Span) -> Steps:
        """Give those of other steps; there is nothing in some of them."""
        return Steps(
            self.instance,
            self.schema,
            self.tap,
            span,
            {path: span.of(counts, self.span) for path, counts in self.counters.items()},
            {path: Buckets(one.powers, span.of(one.counts, self.span)) for path, one in self.histograms.items()},
            {name: span.of(counts, self.span) for name, counts in self.ledger.items()},
        )


def read_steps(policy: Policy) -> list[Steps]:
    """Give the steps of the handlers of a policy that all its workers have ended."""
    series = policy.core.series()
    first = series.start_s // series.length_s
    span = Span(first, first + len(series))
    # Nothing may have been seen and something lost, yet what was always 0 says nothing.
    ledger = {name: counts for name, counts in series.ledger().items() if any(counts) or name == "seen"}
    return [
        Steps(
            instance.name,
            instance.handler.schema,
            instance.tap,
            span,
            dict(_counters(policy, series, number)),
            dict(_histograms(policy, series, number)),
            ledger,
        )
        for number, instance in enumerate(policy.plan.instances)
        if not instance.handler.is_silent
    ]


def _placed(policy: Policy, number: int) -> Iterator[tuple[str, Placed]]:
    """The metrics of a handler that steps keep, by their places in JSON."""
    schema = policy.plan.instances[number].handler.schema
    for placed in policy.plan.stepped[number]:
        yield ".".join((schema, *placed.name.path, placed.metric.path)), placed


def _counters(policy: Policy, series: _core.Series, number: int) -> Iterator[tuple[str, Counts]]:
    for path, placed in _placed(policy, number):
        counts = series.counter(number, placed.index)
        if counts is not None:
            yield path, counts


def _histograms(policy: Policy, series: _core.Series, number: int) -> Iterator[tuple[str, Buckets]]:
    for path, placed in _placed(policy, number):
        if isinstance(placed.metric, Histogram):
            buckets = series.histogram(number, placed.index, placed.metric.step_powers)
            if buckets is not None:
                yield path, Buckets(*buckets)


def merge_steps(every: Iterable[Steps]) -> list[Steps]:
    """Give those of handlers of one schema as those of one handler, as `merge_like_handlers` shows them."""
    by_schema: dict[str, list[Steps]] = {}
    for steps in every:
        by_schema.setdefault(steps.schema, []).append(steps)
    return [_merged(schema, alike) for schema, alike in by_schema.items()]


def _merged(schema: str, alike: Sequence[Steps]) -> Steps:
    span = _span(alike)
    alike = [steps.within(span) for steps in alike]
    # Handlers of one tap see the same packets.
    ledgers = {steps.tap: steps.ledger for steps in alike}
    return Steps(
        f"{schema}_merged",
        schema,
        alike[0].tap,
        span,
        _by_name((steps.counters for steps in alike), _sum),
        _by_name((steps.histograms for steps in alike), _sum_of_buckets),
        _by_name(ledgers.values(), _sum),
    )


def _span(every: Sequence[Steps]) -> Span:
    """From the first step of any to the last."""
    spans = [steps.span for steps in every if steps.span.end > steps.span.first] or [Span(0, 0)]
    return Span(min(span.first for span in spans), max(span.end for span in spans))


def _by_name(tables: Iterable[Mapping[str, T]], add: Callable[[T, T], T]) -> dict[str, T]:
    """What stands below each name in some tables, as one."""
    found: dict[str, T] = {}
    for name, value in (one for table in tables for one in table.items()):
        found[name] = add(found[name], value) if name in found else value
    return found


def _sum(one: Counts, other: Counts) -> Counts:
    pairs = zip(one, other, strict=True)
    return [None if mine is None and theirs is None else (mine or 0) + (theirs or 0) for mine, theirs in pairs]


def _sum_of_buckets(one: Buckets, other: Buckets) -> Buckets:
    powers = range(min((*one.powers, *other.powers), default=0), max((*one.powers, *other.powers), default=-1) + 1)
    pairs = zip(one.widened(powers), other.widened(powers), strict=True)
    return Buckets(powers, [_both(mine, theirs) for mine, theirs in pairs])


def _both(mine: list[int] | None, theirs: list[int] | None) -> list[int] | None:
    if mine is None or theirs is None:
        return mine or theirs
    return [one + other for one, other in zip(mine, theirs, strict=True)]


def series_of(step_s: int, every: Sequence[Steps], since_s: int) -> Series:
    """Give the document of the steps that began at a time or later."""
    whole = _span(every)
    span = Span(max(whole.first, -(-since_s // step_s)), whole.end)
    handlers = {steps.instance: document_of(_told(steps.within(span))) for steps in every}
    return Series(step_s, span.first * step_s, handlers)


def _told(steps: Steps) -> HandlerSeries:
    return HandlerSeries(
        steps.schema,
        counters=steps.counters,
        histograms={
            path: {"bounds": [2**power for power in one.powers], "counts": one.counts}
            for path, one in steps.histograms.items()
        },
        ledger=steps.ledger,
        completeness=[
            completeness({name: counts[at] or 0 for name, counts in steps.ledger.items()})
            for at in range(len(steps.ledger.get("seen", ())))
        ],
    )
