"""Any snapshots, and what Prometheus' parsers must read from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from hypothesis import strategies as st
from prometheus_client import Metric

from pktvisor.metrics.exponential import ExponentialValues
from pktvisor.metrics.snapshot import (
    QUANTILES,
    HandlerSnapshot,
    HistogramValues,
    QuantileValues,
    Sample,
    TopEntry,
    TopValues,
)
from support.snapshots import counter, handler, sample

Point = tuple[str, tuple[tuple[str, str], ...], float]
"""Name, sorted labels, value as written."""

COUNTS = st.integers(0, 2**53)
FRACTIONS = st.floats(0, 1e15)
TEXTS = st.text(max_size=12)
NAMES = st.from_regex(r"[a-z][a-zA-Z0-9]{0,6}", fullmatch=True)


@st.composite
def any_quantiles(draw: st.DrawFn) -> QuantileValues:
    values = sorted(draw(st.lists(FRACTIONS, min_size=4, max_size=4)))
    return QuantileValues(tuple(values), maximum=draw(FRACTIONS), total=draw(FRACTIONS), count=draw(COUNTS))


@st.composite
def any_exponential(draw: st.DrawFn) -> ExponentialValues:
    """As the core gives them: of scale 6, the buckets at both ends in use."""
    inner = draw(st.lists(st.integers(0, 3), max_size=300))
    counts = draw(st.sampled_from(((), (5,), (1, *inner, 2))))
    offset = draw(st.integers(-32 * 64 - 1, 60 * 64)) if counts else 0
    return ExponentialValues(6, 2.0**-32, draw(st.integers(0, 9)), offset, counts)


@st.composite
def any_histogram(draw: st.DrawFn) -> HistogramValues:
    counts = draw(st.dictionaries(st.integers(0, 10**9), st.integers(1, 1000), max_size=5))
    cumulative, buckets = 0, []
    for bound in sorted(counts):
        cumulative += counts[bound]
        buckets.append((bound, cumulative))
    return HistogramValues(tuple(buckets), cumulative + draw(st.integers(0, 3)), total=draw(FRACTIONS))


@st.composite
def any_top(draw: st.DrawFn) -> TopValues:
    entries = draw(st.dictionaries(TEXTS, COUNTS, max_size=4))
    return TopValues("qname", tuple(TopEntry(name, count, count, count) for name, count in entries.items()))


@st.composite
def any_sample(draw: st.DrawFn, name: str) -> Sample:
    match draw(st.sampled_from(("counter", "cardinality", "rate", "quantiles", "histogram", "top"))):
        case "counter":
            return counter(f"dns_{name}", name, draw(COUNTS), labels=(("direction", draw(TEXTS)),))
        case "cardinality":
            return sample("cardinality", f"dns_{name}", name, draw(COUNTS))
        case "rate":
            return sample("rate", f"dns_{name}", name, draw(any_quantiles()))
        case "quantiles":
            return sample("quantiles", f"dns_{name}", name, draw(any_quantiles()))
        case "histogram":
            return sample("histogram", f"dns_{name}", name, draw(any_histogram()))
        case _:
            return sample("top", f"dns_{name}", name, draw(any_top()))


@st.composite
def any_policies(draw: st.DrawFn) -> dict[str, list[HandlerSnapshot]]:
    """Two policies, each with one handler of the same metrics."""
    names = draw(st.lists(NAMES, max_size=5, unique=True))
    samples = [draw(any_sample(name)) for name in names]
    return {policy: [handler(*samples, instance=draw(TEXTS))] for policy in ("p", "q")}


def points_of(families: Iterable[Metric]) -> Counter[Point]:
    """Give what a parser read."""
    return Counter(
        (point.name, tuple(sorted(point.labels.items())), point.value)
        for family in families
        for point in family.samples
    )


def points_meant(
    policies: Mapping[str, Iterable[HandlerSnapshot]], *, static: dict[str, str], has_histogram_sum: bool = False
) -> Counter[Point]:
    """Give what is meant by snapshots, said another way than the outputs do."""
    points: Counter[Point] = Counter()
    for policy, snapshots in policies.items():
        for one in snapshots:
            own = static | {"policy": policy, "handler": one.instance, "tap": str(one.tap)}
            for metric in one.samples:
                for suffix, labels, value in _points(metric, has_histogram_sum=has_histogram_sum):
                    every = own | dict(metric.labels) | labels
                    points[metric.name + suffix, tuple(sorted(every.items())), _as_written(value)] += 1
    return points


def _points(metric: Sample, *, has_histogram_sum: bool) -> list[tuple[str, dict[str, str], float]]:
    match metric.value:
        case int() as value:
            return [("", {}, value)]
        case TopValues(label, entries):
            return [("", {label: entry.name}, entry.estimate) for entry in entries]
        case QuantileValues(count=0) | HistogramValues(count=0):
            return []
        case QuantileValues(values, maximum, count=count):
            ranks = [("", {"quantile": str(rank)}, value) for rank, value in zip(QUANTILES, values, strict=True)]
            return [*ranks, ("_sum", {}, maximum), ("_count", {}, count)]
        case HistogramValues(buckets, count, total):
            bounds = [("_bucket", {"le": str(bound)}, upto) for bound, upto in (*buckets, ("+Inf", count))]
            return [*bounds, ("_count", {}, count), ("_sum", {}, total)][: None if has_histogram_sum else -1]


def _as_written(value: float) -> float:
    """Whole numbers are written in full, others with six digits."""
    return float(value) if isinstance(value, int) else float(f"{value:.6g}")
