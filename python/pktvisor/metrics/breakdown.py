"""What metrics are kept apart by: the values of one or more columns.

A *closed* breakdown knows its values (directions): each gets its own place in the plan. An *open* one meets them in the
traffic (networks, VLANs, exporters): the core keeps a bounded number of groups, and one called `other` for the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pktvisor.metrics.expressions import Column, Condition

OTHER = "other"
"""Name of the group of what the bounds turned away."""

NONE = "none"
"""Name of the value of rows that have none."""

GroupValues = Sequence[int | str | None]
"""The values of a group, one for each part of its breakdown; None where its rows have none."""

MOST_GROUPS = 1000
"""Groups that are kept where a breakdown says no other number."""


class GroupName(NamedTuple):
    """A group as outputs show it."""

    path: tuple[str, ...] = ()
    """What leads its metrics' place in JSON."""
    labels: tuple[tuple[str, str], ...] = ()
    """Label names with their values."""


TOGETHER_NAME = GroupName()
"""The name of what is not kept apart."""


@dataclass(frozen=True)
class Closed:
    """A column of few known values."""

    column: Column = field(compare=False)
    label: str
    """Name of the label."""
    names: tuple[str, ...]
    """Name of each value, by its number."""
    order: tuple[int, ...]
    """The numbers, in the order in which they are shown."""

    def condition(self, number: int) -> Condition:
        """The rows of a value."""
        return self.column == number

    def name(self, number: int) -> GroupName:
        return GroupName((self.names[number],), ((self.label, self.names[number]),))


@dataclass(frozen=True)
class GroupColumn:
    """One column of an open breakdown."""

    label: str
    """Name of the label."""
    column: Column = field(compare=False)
    render: Callable[[int], str] = field(default=str, compare=False)
    """Text of a value that is a number."""
    level: str = ""
    """Name of the level in JSON; that of the label where it is empty."""
    is_complete: bool = False
    """All its values get groups, and all rows have one, so that `OTHER` and `NONE` are names like any other."""
    joins: str = ""
    """Where set, the label tells the values of the columns before it, too, with this between them."""

    @property
    def step(self) -> str:
        """Name of the level in JSON."""
        return self.level or self.label


@dataclass(frozen=True)
class Open:
    """One or more columns, whose values are met in the traffic."""

    columns: tuple[GroupColumn, ...]
    most: int = MOST_GROUPS
    """Groups that are kept; the rows of others count into one."""
    also: tuple[tuple[Column, ...], ...] = field(default=(), compare=False)
    """Further keys, each with as many columns, by which a row counts, too: an interface that traffic leaves by
    beside the one that it comes in by. Metrics tell by which of the keys they count."""

    @property
    def keys(self) -> range:
        """The numbers of its keys: that of its columns is 0."""
        return range(1 + len(self.also))

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels."""
        return tuple(one.label for one in self.columns)

    def name(self, values: GroupValues | None) -> GroupName:
        """The name of a group by its values; by None, of the group of all others."""
        texts = [OTHER] * len(self.columns) if values is None else list(self._texts(values))
        steps = tuple(step for one, text in zip(self.columns, texts, strict=True) for step in (one.step, text))
        return GroupName(steps, tuple(self._labelled(texts)))

    def _labelled(self, texts: Sequence[str]) -> Iterator[tuple[str, str]]:
        for number, one in enumerate(self.columns):
            yield one.label, one.joins.join(texts[: number + 1]) if one.joins else texts[number]

    def _texts(self, values: GroupValues) -> Iterator[str]:
        for one, value in zip(self.columns, values, strict=True):
            text = NONE if value is None else value if isinstance(value, str) else one.render(value)
            is_taken = not one.is_complete and isinstance(value, str) and text in (OTHER, NONE)
            yield f'"{text}"' if is_taken else text


class Together:
    """Says of a metric that it is not kept apart, whatever its handler does."""


TOGETHER = Together()

Breakdown = Closed | Open


def by_direction(column: Column) -> Closed:
    """Incoming, outgoing and unknown, shown in this order."""
    return Closed(column, "direction", ("unknown", "in", "out"), (1, 2, 0))
