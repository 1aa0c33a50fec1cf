"""Snapshots by families: every series of one name together, whichever handlers and policies it comes from.

Families keep the order in which they were first met. What is of one period is a gauge, a summary or a histogram; only
totals are counters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal

from pktvisor.metrics.snapshot import (
    HandlerSnapshot,
    HistogramValues,
    QuantileValues,
    Sample,
    Samples,
    TopValues,
    Total,
    Value,
)

FamilyType = Literal["gauge", "counter", "summary", "histogram"]


def family_type(value: Value) -> FamilyType:
    """Give the type that a value of this form has in Prometheus."""
    match value:
        case QuantileValues():
            return "summary"
        case HistogramValues():
            return "histogram"
        case Total():
            return "counter"
        case _:
            return "gauge"


Policies = Mapping[str, Iterable[HandlerSnapshot]]
"""Windows of policies, by the policies' names; of nobody by an empty name."""


@dataclass(frozen=True, slots=True)
class Series:
    """One labelled value."""

    labels: dict[str, str]
    value: int | QuantileValues | HistogramValues
    snapshot: HandlerSnapshot
    """Where it comes from, which knows the time."""


@dataclass(slots=True)
class Family:
    """All series of one name; never none."""

    name: str
    type: FamilyType
    help: str
    adds_up: bool = False
    """Whether values of windows add up to a sum."""
    parts: list[Iterable[Series]] = field(default_factory=list)
    """Its series, by where they come from; those of very many groups are made whenever they are asked for."""

    @property
    def series(self) -> Iterator[Series]:
        return chain.from_iterable(self.parts)


@dataclass(frozen=True, slots=True)
class SeriesOfMetric:
    """The series of a metric of very many groups."""

    samples: Iterable[Sample]
    own_labels: Mapping[str, str]
    snapshot: HandlerSnapshot

    def __iter__(self) -> Iterator[Series]:
        for sample in self.samples:
            yield from _series(sample, {**self.own_labels, **dict(sample.labels)}, self.snapshot)


def gather(policies: Policies, *, with_handler: bool = True) -> list[Family]:
    """Sort windows into families. Without `with_handler` the label `handler` is left out, as `/metrics` does.

    A name has one type: where policies disagree about it, the first one met wins and the others' series are left out.
    """
    families: dict[str, Family] = {}
    for policy, snapshots in policies.items():
        for snapshot in snapshots:
            own = own_labels(policy, snapshot, with_handler=with_handler)
            if isinstance(snapshot.samples, Samples):
                for samples in snapshot.samples.metrics():
                    _add_metric(families, SeriesOfMetric(samples, own, snapshot))
            else:
                for sample in snapshot.samples:
                    _add(families, sample, list(_series(sample, own | dict(sample.labels), snapshot)))
    return list(families.values())


def _add_metric(families: dict[str, Family], series: SeriesOfMetric) -> None:
    """Add what a metric has to say of its groups, if that is anything."""
    sample = next(iter(series.samples), None)
    if sample is not None and next(iter(series), None) is not None:
        _add(families, sample, series)


def own_labels(policy: str, snapshot: HandlerSnapshot, *, with_handler: bool) -> dict[str, str]:
    """Give the labels that all series of a snapshot have."""
    if not policy:
        return {}
    labels = {"policy": policy}
    if with_handler and not (snapshot.is_of_totals and not snapshot.instance):
        labels["handler"] = snapshot.instance
    if snapshot.tap is not None:
        labels["tap"] = snapshot.tap
    return labels


def _add(families: dict[str, Family], sample: Sample, found: list[Series] | SeriesOfMetric) -> None:
    if found:
        type_ = family_type(sample.value)
        family = families.setdefault(sample.name, Family(sample.name, type_, sample.help, sample.adds_up))
        if family.type == type_:
            family.parts.append(found)


def _series(sample: Sample, labels: dict[str, str], snapshot: HandlerSnapshot) -> Iterator[Series]:
    """Give a metric's series; none where it has nothing to say."""
    match sample.value:
        case int() as value:
            yield Series(labels, value, snapshot)
        case QuantileValues() | HistogramValues() as values:
            if values.count:
                yield Series(labels, values, snapshot)
        case TopValues(label, entries):
            for entry in entries:
                yield Series(labels | {label: entry.name} | dict(entry.extra), entry.estimate, snapshot)
