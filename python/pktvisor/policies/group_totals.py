"""Totals of groups: what the counters of exporters, interfaces, networks counted in the windows that have closed.

They are summed once a window has closed: groups of an open one may still join the group of the others, and totals must
never fall. Whoever owns them looks often, so that no window is forgotten before it was seen.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pktvisor import _core
from pktvisor.handlers.base import Handler
from pktvisor.metrics.breakdown import GroupName, Open
from pktvisor.metrics.snapshot import Sample, Total
from pktvisor.policies.plan import Placed
from pktvisor.policies.policy import Policy

MOST_GROUPS = 500
"""Groups of a breakdown that have totals: the heaviest of the first window, then those that come, while there is room.

Those that have some keep them: a series that vanished and came again would look as if it had begun anew.
"""

LEFT_OUT = "pktvisor_groups_left_out_total"
LEFT_OUT_HELP = (
    "Groups in closed windows that have no totals, since there were too many; by what they are kept apart by"
)

GroupKey = tuple[int | str | None, ...] | None
"""The values of a group; None for that of what the bounds turned away."""


@dataclass
class _Sums:
    """Of the groups of one breakdown."""

    by: Open
    metrics: list[Placed] = field(default_factory=list)
    """Counters that are kept apart by it."""
    counts: dict[GroupKey, list[int]] = field(default_factory=dict)
    """By the metrics' places in `metrics`."""
    left_out: int = 0
    """Groups in windows that have no totals."""


class GroupTotals:
    """The totals of a policy's groups. Any thread may ask."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._lock = threading.Lock()
        self._newest = -1
        """Number of the newest window that was summed, or that is of a former process."""
        self._sums = [_sums_of(placed) for placed in policy.plan.placed]
        self._is_empty = not any(self._sums)

    def begin(self) -> None:
        """Leave out the windows that there are: they are of a former process."""
        self._newest = max((number for number, _ in self._policy.core.windows()), default=-1)

    def look(self) -> None:
        """Sum the windows that have closed since the last look."""
        if self._is_empty:
            return
        with self._lock:
            for number, is_closed in self._policy.core.windows():
                if number > self._newest and is_closed:
                    window = self._policy.core.window(number)
                    if window is not None:
                        self._add(window)
                    self._newest = number

    def _add(self, window: _core.Window) -> None:
        for number, breakdowns in enumerate(self._sums):
            for sums in breakdowns:
                indexes = [placed.index for placed in sums.metrics]
                places = [window.grouped_number(number, index) for index in indexes]
                counted = 0
                for group in _each(window.groups(number, indexes[0])):
                    values = group.values
                    key = None if values is None else tuple(values)
                    if key not in sums.counts and len(sums.counts) >= MOST_GROUPS and key is not None:
                        continue
                    counted += key is not None
                    totals = sums.counts.setdefault(key, [0] * len(places))
                    for at, place in enumerate(places):
                        totals[at] += group.metric(place).count()
                sums.left_out += window.group_sizes(number, indexes[0])[0] - counted

    def of_metrics(self, number: int, handler: Handler) -> dict[int, Mapping[GroupName, int]]:
        """Give the totals of a handler's counters that are kept apart, by the counter's index and the group's name."""
        found: dict[int, Mapping[GroupName, int]] = {}
        with self._lock:
            for sums in self._sums[number]:
                names = {key: handler.group_name(sums.by, key) for key in sums.counts}
                for at, placed in enumerate(sums.metrics):
                    totals: dict[GroupName, int] = {}
                    for key, counts in sums.counts.items():
                        totals[names[key]] = totals.get(names[key], 0) + counts[at]
                    found[placed.index] = totals
        return found

    def left_out(self, number: int) -> Iterator[Sample]:
        """Tell of the breakdowns of a handler how many groups in windows have no totals."""
        for sums in self._sums[number]:
            labels = (("by", ",".join(sums.by.labels)),)
            yield Sample("counter", ("groups_left_out",), LEFT_OUT, LEFT_OUT_HELP, Total(sums.left_out), labels)


def _each(groups: list[_core.Group]) -> Iterator[_core.Group]:
    """Give groups one after the other and let go of each: one that was read holds what it keeps."""
    groups.reverse()
    while groups:
        yield groups.pop()


def _sums_of(placed: list[Placed]) -> list[_Sums]:
    """Give the breakdowns of a handler whose groups have counters."""
    found: dict[Open, _Sums] = {}
    for one in placed:
        if isinstance(one.by, Open) and one.metric.has_total:
            found.setdefault(one.by, _Sums(one.by)).metrics.append(one)
    return list(found.values())
