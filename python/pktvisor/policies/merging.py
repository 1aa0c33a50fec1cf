"""Handlers of one schema shown as one (`merge_like_handlers`), be they of one policy or of its parts over several taps.

Counters add, cardinalities, top lists and histograms merge by their sketches, and quantiles and rates are added one by
one, as pktvisor does: `p50` is the sum of all p50. Their maximum, sum, count and live second stay those of the
first handler that has values. What only some of the handlers measure is shown as these measured it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pktvisor import _core
from pktvisor.metrics.breakdown import Breakdown, Open
from pktvisor.metrics.snapshot import HandlerSnapshot, QuantileValues, Sample
from pktvisor.policies.plan import Instance, Placed
from pktvisor.policies.policy import Policy, Range, WindowReader, sample_of

Key = tuple[str, int | None, str, Breakdown | None]
"""What makes two metrics the same: path, value of a closed breakdown, kind, and what it is kept apart by."""


@dataclass(frozen=True)
class Member:
    """A handler of a policy in a window."""

    policy: Policy
    window: _core.Window
    number: int

    @property
    def instance(self) -> Instance:
        """The handler."""
        return self.policy.plan.instances[self.number]

    @property
    def placed(self) -> dict[Key, Placed]:
        """Its metrics."""
        placed = self.policy.plan.placed[self.number]
        return {(one.metric.path, one.number, type(one.metric).__name__, one.by): one for one in placed}


class MergedPolicies:
    """Policies over different taps, or just one, shown as one whose like handlers are merged."""

    def __init__(self, policies: Sequence[Policy]) -> None:
        self._policies = tuple(policies)
        self._closed: dict[tuple[int, ...], list[HandlerSnapshot]] = {}
        """Snapshots of windows that have all closed, by their numbers."""

    def bucket(self, number: int, now_ns: int) -> list[HandlerSnapshot]:
        """One window of each policy: 0 the open one. PeriodError where one of them has no such window."""
        return self._snapshots([policy.bucket_range(number) for policy in self._policies], now_ns)

    def window(self, number: int, now_ns: int) -> list[HandlerSnapshot]:
        """The newest windows of each policy. PeriodError for less than two or more than are kept."""
        return self._snapshots([policy.window_range(number) for policy in self._policies], now_ns)

    def latest(self, now_ns: int) -> list[HandlerSnapshot]:
        """The window of each policy that closed last; the open one where none has."""
        return self._snapshots([policy.latest_range() for policy in self._policies], now_ns)

    def _snapshots(self, ranges: Sequence[Range], now_ns: int) -> list[HandlerSnapshot]:
        pairs = zip(self._policies, ranges, strict=True)
        found = [(policy, policy.core_window(windows, now_ns)) for policy, windows in pairs]
        read = [(policy, window) for policy, window in found if window is not None]
        is_final = all(first == last for first, last in ranges) and all(one.is_final(window) for one, window in read)
        numbers = tuple(-1 if window is None else window.number for _, window in found)
        known = self._closed.get(numbers) if is_final else None
        if known is not None:
            return known
        snapshots = merge_like_handlers(read, now_ns)
        if is_final:
            self._remember(numbers, snapshots)
        return snapshots

    def _remember(self, numbers: tuple[int, ...], snapshots: list[HandlerSnapshot]) -> None:
        self._closed[numbers] = snapshots
        for oldest in list(self._closed)[: -max(policy.periods for policy in self._policies)]:
            self._closed.pop(oldest, None)


def merge_like_handlers(windows: Iterable[tuple[Policy, _core.Window]], now_ns: int) -> list[HandlerSnapshot]:
    """Merge the handlers of the same schema in some windows, each into one instance `<schema>_merged` of no tap.

    It is closed where all its windows are.
    """
    by_schema: dict[str, list[Member]] = {}
    for policy, window in windows:
        for number, instance in enumerate(policy.plan.instances):
            if not instance.handler.is_silent:
                by_schema.setdefault(instance.handler.schema, []).append(Member(policy, window, number))
    return [_merged(f"{schema}_merged", members, now_ns) for schema, members in by_schema.items()]


def _merged(name: str, members: Sequence[Member], now_ns: int) -> HandlerSnapshot:
    holders: dict[Key, list[Member]] = {}
    for member in members:
        for key in member.placed:
            holders.setdefault(key, []).append(member)
    merged = [
        replace(member, window=_with_others(member, members[at + 1 :], holders)) for at, member in enumerate(members)
    ]
    samples: dict[tuple[object, ...], Sample] = {}
    for member, original in zip(merged, members, strict=True):
        for sample in _own_samples(member, original, holders, now_ns):
            samples.setdefault((sample.path, sample.labels), sample)
    lead = merged[0]
    reader = WindowReader(lead.policy, lead.window, is_merged=True, now_ns=now_ns)
    return replace(reader.snapshot(lead.instance, tuple(samples.values())), instance=name, tap=None)


def _with_others(member: Member, others: Sequence[Member], holders: dict[Key, list[Member]]) -> _core.Window:
    """A member's window with those metrics of the others merged into it that it is the first to have."""
    window = member.window
    for other in others:
        theirs = other.placed
        pairs = [
            (member.number, one.index, other.number, theirs[key].index)
            for key, one in member.placed.items()
            if holders[key][0] is member and key in theirs and not isinstance(one.by, Open)
        ]
        window = window.merged(other.window, pairs)
    return window


def _own_samples(member: Member, original: Member, holders: dict[Key, list[Member]], now_ns: int) -> Iterator[Sample]:
    """Samples of the metrics that a member is the first to have."""
    reader = WindowReader(member.policy, member.window, is_merged=True, now_ns=now_ns)
    number, handler = member.number, member.instance.handler
    own = {key: one for key, one in member.placed.items() if holders[key][0] is original}
    for key, one in own.items():
        if not reader.is_shown(number, handler, one):
            continue
        if isinstance(one.by, Open):
            yield from _grouped_samples(one, holders[key], key, now_ns)
        else:
            for sample in reader.samples_of(number, handler, one):
                is_added = isinstance(sample.value, QuantileValues)
                yield sample._replace(value=_added(holders[key], key, sample, now_ns)) if is_added else sample
    yield from reader.unfed(number, handler)


def _grouped_samples(like: Placed, members: Sequence[Member], key: Key, now_ns: int) -> Iterator[Sample]:
    """A metric of an open breakdown, each group merged over all handlers that have it."""
    assert isinstance(like.by, Open)
    groups: dict[tuple[int | str | None, ...] | None, _core.Metric] = {}
    for member in members:
        reader = WindowReader(member.policy, member.window, is_merged=True, now_ns=now_ns)
        placed = member.placed[key]
        at = member.window.grouped_number(member.number, placed.index)
        for group in reader.groups_of(member.number, placed):
            values = None if group.values is None else tuple(group.values)
            metric = group.metric(at)
            groups[values] = groups[values].merged(metric) if values in groups else metric
    lead = members[0]
    handler = lead.instance.handler
    reading = WindowReader(lead.policy, lead.window, is_merged=True, now_ns=now_ns).reading(handler)
    for values, metric in groups.items():
        value = like.metric.read(metric, reading)
        if value is not None:
            yield sample_of(handler, like, value, like.by.name(values))


def _added(members: Sequence[Member], key: Key, like: Sample, now_ns: int) -> QuantileValues:
    """Quantiles of several handlers, those of the group of a sample, added one by one."""
    values: list[QuantileValues] = []
    for member in members:
        reader = WindowReader(member.policy, member.window, is_merged=True, now_ns=now_ns)
        for sample in reader.samples_of(member.number, member.instance.handler, member.placed[key]):
            if isinstance(sample.value, QuantileValues) and sample.labels == like.labels:
                values.append(sample.value)
    filled = [value for value in values if value.count] or values[:1]
    sums = tuple(sum(ranked) for ranked in zip(*(value.values for value in filled), strict=True))
    return replace(filled[0], values=sums, live=values[0].live)
