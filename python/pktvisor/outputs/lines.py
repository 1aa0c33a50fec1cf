"""Lines of series, where the two text formats of Prometheus agree."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from pktvisor.metrics.snapshot import QUANTILES, HistogramValues, Labels, QuantileValues
from pktvisor.outputs.families import Family, Series
from pktvisor.outputs.values import bound_text, number_text

Point = tuple[str, Labels, float]
"""One line of a series: suffix of the name, further labels, value."""


def family_lines(family: Family, static: Labels, *, has_histogram_sum: bool) -> Iterator[str]:
    """Write the series of a family. `static` labels (as `instance`) lead each."""
    for series in family.series:
        for suffix, further, value in _points(series, has_histogram_sum=has_histogram_sum):
            yield f"{family.name}{suffix}{_labels(series.labels, further, static)} {number_text(value)}"


def escape_help(text: str) -> str:
    """Escape backslash and line feed."""
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def escape_label(text: str) -> str:
    """Escape backslash, line feed and double quote."""
    return escape_help(text).replace('"', '\\"')


def _points(series: Series, *, has_histogram_sum: bool) -> Iterator[Point]:
    match series.value:
        case int() as value:
            yield "", (), value
        case QuantileValues() as values:
            yield from _summary(values)
        case HistogramValues() as values:
            yield from _histogram(values)
            if has_histogram_sum:
                yield "_sum", (), values.total


def _summary(value: QuantileValues) -> Iterator[Point]:
    for rank, quantile in zip(QUANTILES, value.values, strict=True):
        yield "", (("quantile", str(rank)),), quantile
    yield "_sum", (), value.maximum
    yield "_count", (), value.count


def _histogram(value: HistogramValues) -> Iterator[Point]:
    for bound, count in value.buckets:
        yield "_bucket", (("le", bound_text(bound)),), count
    yield "_bucket", (("le", "+Inf"),), value.count
    yield "_count", (), value.count


def _labels(own: dict[str, str], further: Labels, static: Labels) -> str:
    """Write static labels in their order, then the series' own by name; an own label hides a static one."""
    labels = own | dict(further) if further else own
    pairs = [pair for pair in static if pair[0] not in labels]
    pairs += sorted(labels.items())
    return "{" + ",".join([_label(*pair) for pair in pairs]) + "}"


@lru_cache(maxsize=4096)  # most labels are those of every other series, too
def _label(name: str, value: str) -> str:
    return f'{name}="{escape_label(value)}"'
