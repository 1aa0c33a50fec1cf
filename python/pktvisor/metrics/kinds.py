"""The kinds of metrics, as handlers declare them.

A metric is said once: what it counts, over which rows, in which group, under which name. JSON, Prometheus, OTLP, merge,
docs and group switches follow from that one line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from pktvisor.metrics.expressions import ALWAYS, DEEP, PASSED, Column, Condition

Feed = tuple[Condition, Column | None, Column | None]
"""Rows, the column whose values count, and the column that weighs them."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """What all kinds have in common."""

    kind: ClassVar[str]
    scope: ClassVar[Condition] = PASSED
    """Rows that the kind looks at where the declaration says no other."""

    help: str = ""
    """One sentence for people: Prometheus' HELP, the docs."""
    path: str = ""
    """Place in JSON below the schema key, with dots; the attribute's name where missing."""
    groups: tuple[str, ...] = ()
    """Switches that must all be on; none for a metric that is always there."""
    print_groups: tuple[str, ...] | None = None
    """Switches that decide whether it is shown, where they are not those that decide whether it is counted."""
    prefix: str | None = None
    """First part of the Prometheus name, where it is not the handler's schema."""
    within: Condition | None = None
    """Rows it looks at instead of the kind's scope."""
    by_direction: bool | None = None
    """Whether it is kept apart by direction; None for what the handler does."""
    is_hidden: bool = False
    """Kept for other metrics' sake, shown nowhere."""

    def feeds(self) -> list[Feed]:
        """What goes into it."""
        raise NotImplementedError

    def named(self, name: str) -> Metric:
        """The metric with its path filled in."""
        return self if self.path else replace(self, path=name)

    def rows(self, where: Condition) -> Condition:
        """The rows of a feed: its own condition within the metric's scope."""
        return (self.scope if self.within is None else self.within) & where


@dataclass(frozen=True)
class Purged:
    """Exchanges that a window's end found unanswered, by the flags of their questions."""

    mask: int = 0
    value: int = 0


@dataclass(frozen=True)
class Counter(Metric):
    """A number of rows, or the sum of a column."""

    kind: ClassVar[str] = "counter"

    where: Condition | tuple[Condition, ...] = ALWAYS
    """Rows that count; of several conditions each counts by itself."""
    value: Column | None = None
    """Column whose values are added; without it rows are counted."""
    purged: Purged | None = None
    """Unanswered questions that count, too."""

    def feeds(self) -> list[Feed]:
        conditions = self.where if isinstance(self.where, tuple) else (self.where,)
        return [(self.rows(condition), self.value, None) for condition in conditions]


@dataclass(frozen=True)
class LedgerCounter(Metric):
    """An entry of the input's loss ledger."""

    kind: ClassVar[str] = "ledger"

    entry: str

    def feeds(self) -> list[Feed]:
        return []


@dataclass(frozen=True)
class Last(Metric):
    """The newest value of a column: a total that is told anew from time to time, and goes on from window to window."""

    kind: ClassVar[str] = "last"

    column: Column
    where: Condition = ALWAYS

    def feeds(self) -> list[Feed]:
        return [(self.rows(self.where), self.column, None)]


@dataclass(frozen=True)
class Rate(Metric):
    """Rows per second, or the sum of a column per second, in packet time."""

    kind: ClassVar[str] = "rate"

    where: Condition = ALWAYS
    value: Column | None = None
    has_live: bool = True
    """Whether JSON shows the last second of an open window."""

    def feeds(self) -> list[Feed]:
        return [(self.rows(self.where), self.value, None)]


@dataclass(frozen=True)
class Quantiles(Metric):
    """Quantiles of a column's values."""

    kind: ClassVar[str] = "distribution"
    scope: ClassVar[Condition] = DEEP

    column: Column
    where: Condition = ALWAYS

    def feeds(self) -> list[Feed]:
        return [(self.rows(self.where), self.column, None)]


@dataclass(frozen=True)
class Histogram(Quantiles):
    """Counts of a column's values up to each of some bounds; shares its state with the quantiles of the same rows."""


@dataclass(frozen=True)
class Cardinality(Metric):
    """Number of distinct values."""

    kind: ClassVar[str] = "cardinality"
    scope: ClassVar[Condition] = DEEP

    column: Column
    where: Condition = ALWAYS
    also: tuple[tuple[Column, Condition], ...] = ()
    """Further columns that feed it, each with its rows."""

    def feeds(self) -> list[Feed]:
        columns = ((self.column, self.where), *self.also)
        return [(self.rows(where), column, None) for column, where in columns]


@dataclass(frozen=True)
class TopN(Metric):
    """The values met most often, or with the largest sum of a weight."""

    kind: ClassVar[str] = "top"
    scope: ClassVar[Condition] = DEEP

    column: Column
    where: Condition = ALWAYS
    also: tuple[tuple[Column, Condition], ...] = ()
    """Further columns that feed it, each with its rows."""
    label: str = "name"
    """Name of the label that an item gets in Prometheus."""
    weight: Column | None = None
    count: int | None = None
    """Entries that are shown, whatever the settings say."""
    render: Callable[[Any], str] = field(default=str, compare=False)
    """Text of an item that is a number."""

    def feeds(self) -> list[Feed]:
        columns = ((self.column, self.where), *self.also)
        return [(self.rows(where), column, self.weight) for column, where in columns]
