"""Which windows are known: each counts once, however often it is sent."""

from __future__ import annotations

import bisect
import itertools
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

MOST_RANGES = 1000
"""Ranges of a handler's numbers. Beyond that the two oldest become one: what is between them counts as known."""
FEW_RANGES = 16
"""The same of a handler where its agent, or all agents together, have too many."""
MOST_RANGES_OF_AGENT = 8 * MOST_RANGES
MOST_RANGES_OF_ALL = 1000 * MOST_RANGES
MOST_BOOTS = 32
"""Processes of an agent that are remembered; the one that was heard of first is forgotten first."""
MOST_SERIES = 4096
"""Handlers of an agent in all the processes that are remembered."""


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

    def __len__(self) -> int:
        return len(self._ranges)

    def add(self, number: int, most: int = MOST_RANGES) -> None:
        """Add a number; beyond so many ranges the oldest become one."""
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
        if len(self._ranges) > most:
            joined = self._ranges[: len(self._ranges) - most + 1]
            self._ranges[: len(joined)] = [[joined[0][0], joined[-1][1]]]

    def missing(self) -> int:
        """How many numbers lie between those that are there."""
        pairs = itertools.pairwise(self._ranges)
        return sum(after[0] - before[1] - 1 for before, after in pairs)

    def _behind(self, number: int) -> int:
        return bisect.bisect_right(self._ranges, number, key=lambda one: one[0])


@dataclass(slots=True)
class _Agent:
    """What is known of an agent's windows."""

    series: dict[Series, Ranges] = field(default_factory=dict)
    boots: list[str] = field(default_factory=list)
    """The one that was heard of first comes first."""
    ranges: int = 0
    """Of all series together."""


class Seen:
    """The windows that are known, of all agents. Any thread may ask.

    Who takes a window reserves it first; where it comes a second time meanwhile, the second is to come again later.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._agents: dict[str, _Agent] = {}
        self._ranges = 0
        self._reserved: set[WindowKey] = set()
        self._changed: set[Series] = set()

    def has_room_for(self, windows: Sequence[WindowKey]) -> bool:
        """Whether windows of a process of an agent can be remembered; what its others sent is forgotten for it."""
        with self._lock:
            agent = self._agents.get(windows[0].series.agent)
            if agent is None:
                return True
            fresh = {window.series for window in windows} - agent.series.keys()
            alike = sum(1 for series in agent.series if series.boot == windows[0].series.boot) if fresh else 0
            return alike + len(fresh) <= MOST_SERIES

    def reserve(self, windows: Sequence[WindowKey]) -> list[bool] | None:
        """Reserve those that are not known, and tell of each whether it is new; None where one is being taken now."""
        with self._lock:
            if any(window in self._reserved for window in windows):
                return None
            fresh = [window.number not in self._known(window.series) for window in windows]
            self._reserved.update(window for window, is_new in zip(windows, fresh, strict=True) if is_new)
            return fresh

    def _known(self, series: Series) -> Ranges:
        agent = self._agents.get(series.agent)
        return NOTHING if agent is None else agent.series.get(series, NOTHING)

    def release(self, windows: Sequence[WindowKey], *, are_known: bool) -> None:
        """End what was reserved: they are known now, or came to nothing."""
        with self._lock:
            self._reserved.difference_update(windows)
            if are_known:
                for window in windows:
                    self._add(window)

    def _add(self, window: WindowKey) -> None:
        series = window.series
        agent = self._agents.setdefault(series.agent, _Agent())
        known = agent.series.get(series)
        if known is None:
            self._remember_boot(agent, series)
            known = agent.series[series] = Ranges()
        before = len(known)
        known.add(window.number, self._most_ranges(agent))
        self._count(agent, len(known) - before)
        self._changed.add(series)

    def _most_ranges(self, agent: _Agent) -> int:
        is_short = agent.ranges >= MOST_RANGES_OF_AGENT or self._ranges >= MOST_RANGES_OF_ALL
        return FEW_RANGES if is_short else MOST_RANGES

    def _count(self, agent: _Agent, more: int) -> None:
        agent.ranges += more
        self._ranges += more

    def _remember_boot(self, agent: _Agent, series: Series) -> None:
        if series.boot not in agent.boots:
            agent.boots.append(series.boot)
        while len(agent.boots) > 1 and (len(agent.boots) > MOST_BOOTS or len(agent.series) >= MOST_SERIES):
            first = next(boot for boot in agent.boots if boot != series.boot)
            agent.boots.remove(first)
            self._forget(agent, first)

    def _forget(self, agent: _Agent, boot: str) -> None:
        for series in [one for one in agent.series if one.boot == boot]:
            self._count(agent, -len(agent.series.pop(series)))
            self._changed.add(series)

    def forget_agent(self, name: str) -> None:
        """Forget all windows of an agent."""
        with self._lock:
            agent = self._agents.pop(name, None)
            if agent is not None:
                self._ranges -= agent.ranges
                self._changed.update(agent.series)

    def load(self, series: Series, ranges: Sequence[Sequence[int]]) -> None:
        """Take what was kept on disk."""
        agent = self._agents.setdefault(series.agent, _Agent())
        self._remember_boot(agent, series)
        agent.series[series] = Ranges(ranges)
        self._count(agent, len(agent.series[series]))

    def changes(self) -> dict[Series, list[Range]]:
        """Give what has changed since the last call; no ranges for what was forgotten."""
        with self._lock:
            changed, self._changed = self._changed, set()
            return {series: [[*one] for one in self._known(series)] for series in changed}

    def has_changed(self, series: Iterable[Series]) -> None:
        """Have these given as changed once more: what became of the changes is not known."""
        with self._lock:
            self._changed.update(series)

    def missing(self, agent: str) -> int:
        """How many windows of an agent never came, though later ones of the same process did."""
        with self._lock:
            known = self._agents.get(agent)
            return 0 if known is None else sum(ranges.missing() for ranges in known.series.values())


NOTHING = Ranges()
"""What is known of a series that was never heard of."""
