"""Which windows are known: each counts once, however often it is sent."""

from __future__ import annotations

import bisect
import itertools
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

MOST_RANGES = 1000
"""Ranges of a handler's numbers. Beyond that the two oldest become one: what is between them counts as known."""
MOST_BOOTS = 32
"""Processes of an agent that are remembered; the one that was heard of first is forgotten first."""


class Series(NamedTuple):
    """Windows that are numbered one after the other: those of a handler in one process of an agent."""

    agent: str
    boot: str
    policy: str
    instance: str


class WindowKey(NamedTuple):
    """One window of a series."""

    series: Series
    number: int


Range = list[int]
"""The first and the last number of windows that are all known."""


class Ranges:
    """Numbers as ranges, ascending."""

    def __init__(self, ranges: Sequence[Sequence[int]] = ()) -> None:
        self._ranges: list[Range] = [list(one) for one in sorted(ranges, key=lambda one: one[0])]

    def __contains__(self, number: int) -> bool:
        at = self._behind(number)
        return at > 0 and self._ranges[at - 1][1] >= number

    def __iter__(self) -> Iterator[Range]:
        return iter(self._ranges)

    def add(self, number: int) -> None:
        """Add a number."""
        if number in self:
            return
        at = self._behind(number)
        joins_before = at > 0 and self._ranges[at - 1][1] == number - 1
        joins_after = at < len(self._ranges) and self._ranges[at][0] == number + 1
        if joins_before and joins_after:
            self._ranges[at - 1][1] = self._ranges.pop(at)[1]
        elif joins_before:
            self._ranges[at - 1][1] = number
        elif joins_after:
            self._ranges[at][0] = number
        else:
            self._ranges.insert(at, [number, number])
        if len(self._ranges) > MOST_RANGES:
            self._ranges[0][1] = self._ranges.pop(1)[1]

    def missing(self) -> int:
        """How many numbers lie between those that are there."""
        pairs = itertools.pairwise(self._ranges)
        return sum(after[0] - before[1] - 1 for before, after in pairs)

    def _behind(self, number: int) -> int:
        return bisect.bisect_right(self._ranges, number, key=lambda one: one[0])


class Seen:
    """The windows that are known, of all agents. Any thread may ask.

    Who takes a window reserves it first; where it comes a second time meanwhile, the second is to come again later.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._series: dict[Series, Ranges] = {}
        self._boots: dict[str, list[str]] = {}
        self._reserved: set[WindowKey] = set()
        self._changed: set[Series] = set()

    def reserve(self, windows: Sequence[WindowKey]) -> list[bool] | None:
        """Reserve those that are not known, and tell of each whether it is new; None where one is being taken now."""
        with self._lock:
            if any(window in self._reserved for window in windows):
                return None
            fresh = [window.number not in self._series.get(window.series, ()) for window in windows]
            self._reserved.update(window for window, is_new in zip(windows, fresh, strict=True) if is_new)
            return fresh

    def release(self, windows: Sequence[WindowKey], *, are_known: bool) -> None:
        """End what was reserved: they are known now, or came to nothing."""
        with self._lock:
            self._reserved.difference_update(windows)
            if are_known:
                for window in windows:
                    self._add(window)

    def _add(self, window: WindowKey) -> None:
        series = window.series
        known = self._series.get(series)
        if known is None:
            self._remember_boot(series)
            known = self._series[series] = Ranges()
        known.add(window.number)
        self._changed.add(series)

    def _remember_boot(self, series: Series) -> None:
        boots = self._boots.setdefault(series.agent, [])
        if series.boot not in boots:
            boots.append(series.boot)
            if len(boots) > MOST_BOOTS:
                self._forget(series.agent, boots.pop(0))

    def _forget(self, agent: str, boot: str) -> None:
        for series in [one for one in self._series if (one.agent, one.boot) == (agent, boot)]:
            del self._series[series]
            self._changed.add(series)

    def load(self, series: Series, ranges: Sequence[Sequence[int]]) -> None:
        """Take what was kept on disk."""
        self._remember_boot(series)
        self._series[series] = Ranges(ranges)

    def changes(self) -> dict[Series, list[Range]]:
        """Give what has changed since the last call; no ranges for what was forgotten."""
        with self._lock:
            changed, self._changed = self._changed, set()
            return {series: [[*one] for one in self._series.get(series, ())] for series in changed}

    def has_changed(self, series: Iterable[Series]) -> None:
        """Have these given as changed once more: what became of the changes is not known."""
        with self._lock:
            self._changed.update(series)

    def missing(self, agent: str) -> int:
        """How many windows of an agent never came, though later ones of the same process did."""
        with self._lock:
            return sum(known.missing() for series, known in self._series.items() if series.agent == agent)
