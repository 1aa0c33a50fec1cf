from __future__ import annotations

import math
from dataclasses import replace
from io import BytesIO
from typing import Any

from google.protobuf.proto import parse_length_prefixed
from hypothesis import assume, given

from pktvisor.metrics.exponential import ExponentialValues
from pktvisor.metrics.snapshot import HandlerSnapshot, HistogramValues, Sample, Total
from pktvisor.outputs.prometheus_messages import TYPES, MetricFamily
from pktvisor.outputs.prometheus_protobuf import render
from support.any_snapshots import Point, any_exponential, any_policies, points_meant
from support.snapshots import counter, handler, quantiles, sample, top


def families(body: bytes) -> list[Any]:
    """Read messages that have their lengths before them."""
    stream, found = BytesIO(body), []
    while stream.tell() < len(body):
        found.append(parse_length_prefixed(MetricFamily, stream))
    return found


def points(found: list[Any]) -> dict[Point, int]:
    """Give the series as the text would name them, but for the native histograms."""
    met: dict[Point, int] = {}
    for family in found:
        for metric in family.metric:
            own = {label.name: label.value for label in metric.label}
            assert len(own) == len(metric.label)
            for suffix, further, value in _points(family.type, metric):
                point = family.name + suffix, tuple(sorted((own | further).items())), float(f"{value:.6g}")
                met[point] = met.get(point, 0) + 1
    return met


def _points(type_: int, metric: Any) -> list[tuple[str, dict[str, str], float]]:
    if type_ == TYPES["GAUGE"]:
        return [("", {}, metric.gauge.value)]
    if type_ == TYPES["SUMMARY"]:
        values = metric.summary
        ranks = [("", {"quantile": f"{one.quantile:g}"}, one.value) for one in values.quantile]
        return [*ranks, ("_sum", {}, values.sample_sum), ("_count", {}, values.sample_count)]
    values = metric.histogram
    texts = {
        one.upper_bound: "+Inf" if one.upper_bound == math.inf else f"{one.upper_bound:.0f}" for one in values.bucket
    }
    buckets = [("_bucket", {"le": texts[one.upper_bound]}, one.cumulative_count) for one in values.bucket]
    return [*buckets, ("_sum", {}, values.sample_sum), ("_count", {}, values.sample_count)]


def native(values: ExponentialValues) -> Any:
    """Give the histogram message of these values."""
    count = values.zero_count + sum(values.counts)
    histogram = HistogramValues(((8, count),), count, total=12.5, exponential=values)
    (family,) = families(render({"p": [handler(sample("histogram", "dns_us", "us", histogram))]}))
    assert family.type == TYPES["HISTOGRAM"]
    return family.metric[0].histogram


def test_families_are_typed_and_labelled_as_in_the_text() -> None:
    samples = (
        counter("dns_total", "total", 5),
        sample("rate", "dns_rates", "rates", quantiles(1, 2, 3, 4.5, maximum=9, count=60)),
        sample("top", "dns_top_qname2", "top_qname2", top("qname", a=1, b=2)),
    )
    found = families(render({"p": [handler(*samples)]}, static=(("instance", "pop1"),), with_handler=False))
    assert [(one.name, one.type) for one in found] == [
        ("dns_total", TYPES["GAUGE"]),
        ("dns_rates", TYPES["SUMMARY"]),
        ("dns_top_qname2", TYPES["GAUGE"]),
    ]
    assert found[0].help == "What dns_total counts"
    labels = [(label.name, label.value) for label in found[2].metric[0].label]
    assert labels == [("instance", "pop1"), ("policy", "p"), ("qname", "a"), ("tap", "default")]


def test_native_buckets_are_spans_of_differences_numbered_by_upper_bounds() -> None:
    histogram = native(ExponentialValues(6, 2.0**-32, zero_count=2, offset=-1, counts=(3, 0, 0, 5, 4, 0, 0, 0, 7)))
    assert (histogram.schema, histogram.zero_count, histogram.zero_threshold) == (6, 2, 2.0**-32)
    assert [(span.offset, span.length) for span in histogram.positive_span] == [(0, 1), (2, 2), (3, 1)]
    assert list(histogram.positive_delta) == [3, 2, -1, 3]
    assert (histogram.sample_count, histogram.sample_sum) == (21, 12.5)


def test_classic_buckets_stand_beside_native_ones_and_end_at_infinity() -> None:
    histogram = native(ExponentialValues(6, 2.0**-32, zero_count=0, offset=5, counts=(3,)))
    assert [(one.upper_bound, one.cumulative_count) for one in histogram.bucket] == [(8, 3), (math.inf, 3)]


def test_native_buckets_are_bounded() -> None:
    histogram = native(ExponentialValues(6, 2.0**-32, zero_count=0, offset=0, counts=(1,) * 641))
    assert histogram.schema == 3
    assert sum(span.length for span in histogram.positive_span) == 81
    assert histogram.sample_count == 641


def test_counts_beyond_63_bits_are_cut() -> None:
    histogram = native(ExponentialValues(6, 2.0**-32, zero_count=0, offset=0, counts=(2**64 - 1,)))
    assert list(histogram.positive_delta) == [2**63 - 1]


@given(any_exponential())
def test_any_native_histogram_has_the_counts_of_its_buckets(values: ExponentialValues) -> None:
    assume(values.zero_count + sum(values.counts))
    histogram = native(values)
    counts, index, count = {}, 0, 0
    deltas = iter(histogram.positive_delta)
    for span in histogram.positive_span:
        index += span.offset
        for _ in range(span.length):
            count += next(deltas)
            counts[index] = count
            index += 1
    assert next(deltas, None) is None
    assert histogram.zero_count + sum(counts.values()) == histogram.sample_count
    meant = values.coarser(values.scale - histogram.schema)
    assert counts == {upper: count for upper, count in enumerate(meant.counts, meant.offset + 1) if count}


@given(any_policies())
def test_any_snapshot_reads_back(policies: dict[str, list[HandlerSnapshot]]) -> None:
    met = points(families(render(policies, static=(("instance", "pop 1"),))))
    meant = points_meant(policies, static={"instance": "pop 1"}, has_histogram_sum=True)
    rounded: dict[Point, int] = {}
    for (name, labels, value), times in meant.items():
        point = name, labels, float(f"{value:.6g}")
        rounded[point] = rounded.get(point, 0) + times
    assert met == rounded


def test_totals_are_counters() -> None:
    packets = Sample("counter", ("packets",), "pktvisor_packets_total", "Packets", Total(12_345_678_901))
    (family,) = families(render({"default": [replace(handler(packets), is_of_totals=True)]}))
    assert (family.name, family.type) == ("pktvisor_packets_total", TYPES["COUNTER"])
    assert family.metric[0].counter.value == 12_345_678_901
