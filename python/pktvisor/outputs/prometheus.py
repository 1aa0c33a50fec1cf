"""Snapshots as Prometheus text (exposition format 0.0.4).

The series of a family stand together under one HELP and TYPE, whichever handlers and policies they come from; families
keep the order in which they were first met. Every value is of one period, so everything is a gauge, a summary or a
histogram. A summary's `_sum` is the largest value seen, not a sum: dashboards read it so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pktvisor.metrics.snapshot import (
    QUANTILES,
    HandlerSnapshot,
    HistogramValues,
    Kind,
    Labels,
    QuantileValues,
    Sample,
    TopValues,
    Value,
)
from pktvisor.outputs.values import bound_text

TYPES: dict[Kind, str] = {
    "counter": "gauge",
    "cardinality": "gauge",
    "top": "gauge",
    "rate": "summary",
    "quantiles": "summary",
    "histogram": "histogram",
}

Series = tuple[str, Labels, float]
"""A series within its family: suffix of the name, further labels, value."""


@dataclass(slots=True)
class Family:
    """All series of one name."""

    name: str
    type: str
    help: str
    lines: list[str] = field(default_factory=list)

    def render(self) -> Iterator[str]:
        """Give the family's lines, HELP and TYPE first."""
        yield f"# HELP {self.name} {_escape_help(self.help)}"
        yield f"# TYPE {self.name} {self.type}"
        yield from self.lines


def render(policies: Mapping[str, Iterable[HandlerSnapshot]], *, static: Labels = (), with_handler: bool = True) -> str:
    """Write the windows of policies, given by name.

    `static` labels (as `instance`) lead every series. Without `with_handler` the `handler` label is left out, as
    `/metrics` does.
    """
    families: dict[str, Family] = {}
    for policy, snapshots in policies.items():
        for snapshot in snapshots:
            own = _own_labels(policy, snapshot, with_handler=with_handler)
            for sample in snapshot.samples:
                _add(families, sample, own | dict(sample.labels), static)
    return "".join(f"{line}\n" for family in families.values() for line in family.render())


def _own_labels(policy: str, snapshot: HandlerSnapshot, *, with_handler: bool) -> dict[str, str]:
    labels = {"policy": policy}
    if with_handler:
        labels["handler"] = snapshot.instance
    if snapshot.tap is not None:
        labels["tap"] = snapshot.tap
    return labels


def _add(families: dict[str, Family], sample: Sample, labels: dict[str, str], static: Labels) -> None:
    for suffix, further, value in _series(sample.value):
        family = families.get(sample.name)
        if family is None:
            family = families[sample.name] = Family(sample.name, TYPES[sample.kind], sample.help)
        family.lines.append(f"{sample.name}{suffix}{_labels(labels | dict(further), static)} {number_text(value)}")


def _series(value: Value) -> Iterator[Series]:
    """Give a metric's series; none where it has nothing to say."""
    match value:
        case int():
            yield "", (), value
        case QuantileValues():
            yield from _summary(value)
        case HistogramValues():
            yield from _histogram(value)
        case TopValues():
            for entry in value.entries:
                yield "", ((value.label, entry.name), *entry.extra), entry.estimate


def _summary(value: QuantileValues) -> Iterator[Series]:
    if value.count == 0:
        return
    for rank, quantile in zip(QUANTILES, value.values, strict=True):
        yield "", (("quantile", str(rank)),), quantile
    yield "_sum", (), value.maximum
    yield "_count", (), value.count


def _histogram(value: HistogramValues) -> Iterator[Series]:
    if value.count == 0:
        return
    for bound, count in value.buckets:
        yield "_bucket", (("le", bound_text(bound)),), count
    yield "_bucket", (("le", "+Inf"),), value.count
    yield "_count", (), value.count


def _labels(labels: dict[str, str], static: Labels) -> str:
    """Write static labels in their order, then the series' own by name; an own label hides a static one."""
    pairs = [pair for pair in static if pair[0] not in labels]
    pairs += sorted(labels.items())
    return "{" + ",".join(f'{name}="{_escape_label(value)}"' for name, value in pairs) + "}"


def number_text(value: float) -> str:
    """Write whole numbers plainly, others with six significant digits."""
    return str(value) if isinstance(value, int) else f"{value:.6g}"


def _escape_label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _escape_help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")
