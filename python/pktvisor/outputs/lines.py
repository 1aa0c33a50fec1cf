"""Lines of series, where the two text formats of Prometheus agree.

A closed window is written once for all scrapers: its lines are kept, and put together with those of other policies.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, groupby

from pktvisor import _core
from pktvisor.metrics.snapshot import (
    QUANTILES,
    HandlerSnapshot,
    HistogramValues,
    Labels,
    QuantileValues,
    Sample,
    Samples,
    Total,
)
from pktvisor.outputs.families import FamilyType, Policies, Series, family_type, gather, own_labels
from pktvisor.outputs.values import bound_text, number_text

Point = tuple[str, Labels, str]
"""One line of a series: suffix of the name, further labels, value."""

MOST_KEPT_POLICIES = 256
"""Policies whose closed windows are kept as lines, in each form that is asked for."""


@dataclass(frozen=True, slots=True)
class Form:
    """How lines are written."""

    static: Labels = ()
    """Labels that lead each series, as `instance`."""
    with_handler: bool = True
    has_histogram_sum: bool = False


@dataclass(slots=True)
class WrittenFamily:
    """The lines of a family, in blocks; those of very many groups are written whenever they are asked for."""

    name: str
    type: FamilyType
    help: str
    blocks: list[Iterable[str]] = field(default_factory=list)

    def texts(self) -> Iterator[str]:
        """Give its lines, some together."""
        return chain.from_iterable(self.blocks)

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return sum(map(len, self.texts()))


def written_families(policies: Policies, form: Form) -> list[WrittenFamily]:
    """Write the windows of policies. Where policies disagree about a name's type, the first one met wins."""
    families: dict[str, WrittenFamily] = {}
    for policy, snapshots in policies.items():
        for one in _families(policy, snapshots, form):
            family = families.setdefault(one.name, WrittenFamily(one.name, one.type, one.help))
            if family.type == one.type:
                family.blocks += one.blocks
    return list(families.values())


def _families(policy: str, snapshots: Iterable[HandlerSnapshot], form: Form) -> Iterator[WrittenFamily]:
    """Write the windows of a policy, unless they are kept, and its totals."""
    all_ = tuple(snapshots)
    yield from _kept.families(policy, [one for one in all_ if not one.is_of_totals], form)
    yield from _of_totals(policy, [one for one in all_ if one.is_of_totals], form)


def _of_totals(policy: str, snapshots: Iterable[HandlerSnapshot], form: Form) -> Iterator[WrittenFamily]:
    """Write totals, which change all the time: a line each, of numbers alone, the labels of which are known."""
    written: dict[str, tuple[Sample, list[str]]] = {}
    for snapshot in snapshots:
        own = tuple(own_labels(policy, snapshot, with_handler=form.with_handler).items())
        for sample in snapshot.samples:
            labels = _labels_text(own, sample.labels, form.static)
            value = sample.value.shown if isinstance(sample.value, Total) else sample.value
            _, lines = written.setdefault(sample.name, (sample, []))
            lines.append(f"{sample.name}{labels} {value}")
    for name, (sample, lines) in written.items():
        yield WrittenFamily(name, family_type(sample.value), sample.help, [lines])


class _KeptLines:
    """Lines of the newest closed window of each policy. They can't get old: they go by the snapshots themselves."""

    def __init__(self) -> None:
        self._answers = _core.memory_account().answers()
        self._kept: OrderedDict[tuple[str, Form], tuple[Sequence[HandlerSnapshot], list[WrittenFamily]]] = OrderedDict()

    def families(self, policy: str, snapshots: Sequence[HandlerSnapshot], form: Form) -> list[WrittenFamily]:
        known = self._kept.get((policy, form))
        if known is not None and _are_the_same(known[0], snapshots):
            return known[1]
        families = list(_written(policy, snapshots, form))
        is_short = not any(isinstance(snapshot.samples, Samples) for snapshot in snapshots)
        if snapshots and is_short and all(snapshot.is_closed for snapshot in snapshots):
            self._keep((policy, form), snapshots, families)
        return families

    def _keep(self, key: tuple[str, Form], snapshots: Sequence[HandlerSnapshot], families: list[WrittenFamily]) -> None:
        """Keep lines, within the bound; none where memory is short."""
        if self._answers.must_give_way():
            self._answers.count_forgotten(len(self._kept) + 1)
            self._kept.clear()
        else:
            self._kept[key] = (snapshots, families)
            while len(self._kept) > MOST_KEPT_POLICIES:
                self._kept.popitem(last=False)
        self._answers.tell(sum(one.size for _, kept in self._kept.values() for one in kept))


_kept = _KeptLines()


def _are_the_same(some: Sequence[HandlerSnapshot], others: Sequence[HandlerSnapshot]) -> bool:
    return len(some) == len(others) and all(one is other for one, other in zip(some, others, strict=True))


def _written(policy: str, snapshots: Sequence[HandlerSnapshot], form: Form) -> Iterator[WrittenFamily]:
    for family in gather({policy: snapshots}, with_handler=form.with_handler):
        blocks: list[Iterable[str]] = []
        for is_short, parts in groupby(family.parts, key=lambda part: isinstance(part, list)):
            if is_short:
                blocks.append(["\n".join(_lines(family.name, chain.from_iterable(parts), form))])
            else:
                blocks += [LongBlock(family.name, part, form) for part in parts]
        yield WrittenFamily(family.name, family.type, family.help, blocks)


@dataclass(frozen=True, slots=True)
class LongBlock:
    """Lines of very many groups."""

    name: str
    series: Iterable[Series]
    form: Form

    def __iter__(self) -> Iterator[str]:
        return _lines(self.name, self.series, self.form)


def _lines(name: str, some: Iterable[Series], form: Form) -> Iterator[str]:
    """Write the series of a family."""
    for series in some:
        for suffix, further, value in _points(series, has_histogram_sum=form.has_histogram_sum):
            yield f"{name}{suffix}{_labels(series.labels, further, form.static)} {value}"


def escape_help(text: str) -> str:
    """Escape backslash and line feed."""
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def escape_label(text: str) -> str:
    """Escape backslash, line feed and double quote."""
    return escape_help(text).replace('"', '\\"')


def _points(series: Series, *, has_histogram_sum: bool) -> Iterator[Point]:
    match series.value:
        case int() as value:
            yield "", (), number_text(value)
        case QuantileValues() as values:
            yield from _summary(values)
        case HistogramValues() as values:
            yield from _histogram(values)
            if has_histogram_sum:
                yield "_sum", (), number_text(values.total)


def _summary(value: QuantileValues) -> Iterator[Point]:
    for rank, quantile in zip(QUANTILES, value.values, strict=True):
        yield "", (("quantile", str(rank)),), number_text(quantile)
    yield "_sum", (), number_text(value.maximum)
    yield "_count", (), number_text(value.count)


def _histogram(value: HistogramValues) -> Iterator[Point]:
    for bound, count in value.buckets:
        yield "_bucket", (("le", bound_text(bound)),), number_text(count)
    yield "_bucket", (("le", "+Inf"),), number_text(value.count)
    yield "_count", (), number_text(value.count)


def _labels(own: dict[str, str], further: Labels, static: Labels) -> str:
    """Write static labels in their order, then the series' own by name; an own label hides a static one."""
    return _labels_text(tuple(own.items()), further, static)


@lru_cache(maxsize=4096)  # many metrics have the same
def _labels_text(own: Labels, further: Labels, static: Labels) -> str:
    labels = dict(own + further)
    pairs = [pair for pair in static if pair[0] not in labels]
    pairs += sorted(labels.items())
    return "{" + ",".join([_label(*pair) for pair in pairs]) + "}" if pairs else ""


@lru_cache(maxsize=4096)  # most labels are those of every other series, too
def _label(name: str, value: str) -> str:
    return f'{name}="{escape_label(value)}"'
