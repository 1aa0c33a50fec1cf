from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AGGREGATION_TEMPORALITY_CUMULATIVE,
    AGGREGATION_TEMPORALITY_DELTA,
    Metric,
)

from pktvisor.metrics.exponential import ExponentialValues
from pktvisor.metrics.snapshot import HandlerSnapshot, HistogramValues, QuantileValues, Sample, TopEntry, TopValues
from pktvisor.outputs.otlp import Resource, request, scope
from support.any_snapshots import any_policies
from support.snapshots import NO_QUANTILES, START_TS, counter, handler, histogram, sample, top

NANOSECONDS = 10**9


def metrics(*samples: Sample) -> list[Metric]:
    return list(scope("p", [handler(*samples)]).metrics)


def exponential(counts: tuple[int, ...]) -> HistogramValues:
    values = ExponentialValues(6, 2.0**-32, zero_count=1, offset=-1, counts=counts, minimum=0, maximum=99)
    return HistogramValues(((8, 1),), count=1 + sum(counts), total=512.5, exponential=values)


def test_the_resource_is_this_pktvisor() -> None:
    message = request([scope("edge", [])], Resource("5.0.0", "pop1", "host7"))
    (resource,) = message.resource_metrics
    attributes = {one.key: one.value.string_value for one in resource.resource.attributes}
    assert attributes == {
        "service.name": "pktvisor",
        "service.version": "5.0.0",
        "service.instance.id": "pop1",
        "host.name": "host7",
    }
    assert "service.instance.id" not in Resource("5.0.0").attributes


def test_a_policy_is_a_scope() -> None:
    message = scope("edge", [handler(counter("dns_a", "a", 1))])
    assert message.scope.name == "pktvisor/edge"
    assert [(one.key, one.value.string_value) for one in message.scope.attributes] == [("policy_name", "edge")]
    assert [one.name for one in message.metrics] == ["dns_a"]
    assert message.metrics[0].description == "What dns_a counts"


def test_counters_and_cardinalities_are_gauges_of_whole_numbers() -> None:
    count, distinct = metrics(counter("dns_a", "a", 7), sample("cardinality", "dns_b", "b", 2**64 - 1))
    assert count.gauge.data_points[0].as_int == 7
    assert distinct.gauge.data_points[0].as_int == 2**63 - 1


def test_points_carry_labels_as_text_and_the_time_of_their_window() -> None:
    (metric,) = metrics(counter("net_a", "a", 7, (("direction", "in"),)))
    (point,) = metric.gauge.data_points
    assert {one.key: one.value.string_value for one in point.attributes} == {
        "policy": "p",
        "handler": "default-default-dns",
        "tap": "default",
        "direction": "in",
    }
    assert point.start_time_unix_nano == START_TS * NANOSECONDS
    assert point.time_unix_nano == (START_TS + 60) * NANOSECONDS


def test_an_open_window_ends_when_it_is_read() -> None:
    closed = handler(counter("dns_a", "a", 1), length=90)
    idle = replace(closed, is_closed=False, end_ns=(START_TS + 3) * NANOSECONDS)
    (point,) = scope("p", [idle]).metrics[0].gauge.data_points
    assert point.time_unix_nano == (START_TS + 90) * NANOSECONDS


def test_entries_of_a_top_list_are_points_of_one_gauge() -> None:
    place = TopEntry("NA/US", 5, 5, 5, extra=(("lat", "37.7"), ("lon", "-97.8")))
    (metric,) = metrics(sample("top", "dns_top_geo", "top_geo", TopValues("geo_loc", (place, TopEntry("", 2, 2, 2)))))
    first, second = metric.gauge.data_points
    labels = {one.key: one.value.string_value for one in first.attributes}
    assert (labels["geo_loc"], labels["lat"], labels["lon"]) == ("NA/US", "37.7", "-97.8")
    assert "lat" not in {one.key for one in second.attributes}
    assert (first.as_int, second.as_int) == (5, 2)


def test_quantiles_are_summaries_with_true_sums() -> None:
    (metric,) = metrics(sample("rate", "dns_r", "r", QuantileValues((1, 2.5, 3, 4), maximum=9, total=321.5, count=60)))
    (point,) = metric.summary.data_points
    assert (point.count, point.sum) == (60, 321.5)
    assert [(one.quantile, one.value) for one in point.quantile_values] == [(0.5, 1), (0.9, 2.5), (0.95, 3), (0.99, 4)]


def test_histograms_are_exponential_ones() -> None:
    (metric,) = metrics(sample("histogram", "dns_xact_us", "us", exponential((2, 0, 3))))
    assert metric.unit == "us"
    assert metric.exponential_histogram.aggregation_temporality == AGGREGATION_TEMPORALITY_CUMULATIVE
    (point,) = metric.exponential_histogram.data_points
    assert (point.scale, point.zero_count, point.zero_threshold) == (6, 1, 2.0**-32)
    assert (point.positive.offset, list(point.positive.bucket_counts)) == (-1, [2, 0, 3])
    assert (point.count, point.sum, point.min, point.max) == (6, 512.5, 0, 99)


def test_exponential_histograms_have_160_buckets_at_most() -> None:
    (metric,) = metrics(sample("histogram", "dns_us", "us", exponential((1,) * 641)))
    (point,) = metric.exponential_histogram.data_points
    assert (point.scale, len(point.positive.bucket_counts)) == (3, 81)
    assert (point.count, sum(point.positive.bucket_counts)) == (642, 641)


def test_where_only_bounds_are_known_the_histogram_has_bounds() -> None:
    samples = sample("histogram", "dns_us", "us", histogram({8: 1, 100: 4}, count=6))
    (metric,) = metrics(samples)
    (point,) = metric.histogram.data_points
    assert (list(point.explicit_bounds), list(point.bucket_counts), point.count) == ([8, 100], [1, 3, 2], 6)


def test_a_metric_is_of_one_kind_even_where_its_handlers_know_different_things() -> None:
    known = handler(sample("histogram", "dns_us", "us", exponential((5,))), instance="one")
    unknown = handler(sample("histogram", "dns_us", "us", histogram({8: 1}, count=6)), instance="two")
    (metric,) = scope("p", [known, unknown]).metrics
    assert [point.count for point in metric.histogram.data_points] == [6, 6]


def test_what_has_nothing_to_say_is_left_out() -> None:
    assert metrics(sample("quantiles", "dns_q", "q", NO_QUANTILES), sample("top", "dns_t", "t", top("qname"))) == []


def test_what_is_no_text_becomes_a_question_mark() -> None:
    (metric,) = metrics(counter("dns_a", "a", 1, (("qname", "caf\udce9"),)))
    labels = {one.key: one.value.string_value for one in metric.gauge.data_points[0].attributes}
    assert labels["qname"] == "caf?"


@given(any_policies())
def test_any_snapshot_arrives_with_its_labels_and_values(policies: dict[str, list[HandlerSnapshot]]) -> None:
    sent = request([scope(name, window) for name, window in policies.items()], Resource("5.0.0"))
    arrived = ExportMetricsServiceRequest.FromString(sent.SerializeToString())
    for scope_metrics, (name, (window,)) in zip(
        arrived.resource_metrics[0].scope_metrics, policies.items(), strict=True
    ):
        gauges: dict[tuple[str, str | None, str | None], int] = {}
        for metric in scope_metrics.metrics:
            for point in metric.gauge.data_points:
                labels = {one.key: one.value.string_value for one in point.attributes}
                assert (labels["policy"], labels["handler"]) == (name, window.instance)
                gauges[metric.name, labels.get("qname"), labels.get("direction")] = point.as_int
            assert all(point.count for point in metric.summary.data_points)
            assert all(point.count == sum(point.bucket_counts) for point in metric.histogram.data_points)
        meant: dict[tuple[str, str | None, str | None], int] = {}
        for one in window.samples:
            if isinstance(one.value, int):
                meant[one.name, None, dict(one.labels).get("direction")] = one.value
            if isinstance(one.value, TopValues):
                meant |= {(one.name, entry.name, None): entry.estimate for entry in one.value.entries}
        assert gauges == meant


def test_counts_may_be_sums_too_of_what_a_closed_window_adds() -> None:
    count = counter("dns_wire_packets_total", "wire_packets.total", 7)._replace(adds_up=True)
    newest = sample("last", "dns_policies", "policies", 3)
    gauge, deltas, other = scope("p", [handler(count, newest)], with_deltas=True).metrics
    assert (gauge.name, gauge.gauge.data_points[0].as_int) == ("dns_wire_packets_total", 7)
    assert (deltas.name, deltas.description) == ("pktvisor_dns_wire_packets", gauge.description)
    assert (deltas.sum.aggregation_temporality, deltas.sum.is_monotonic) == (AGGREGATION_TEMPORALITY_DELTA, True)
    (point,) = deltas.sum.data_points
    assert (point.as_int, point.start_time_unix_nano) == (7, START_TS * NANOSECONDS)
    assert point.attributes == gauge.gauge.data_points[0].attributes
    assert other.name == "dns_policies"


def test_an_open_window_is_no_delta_since_it_may_be_told_again() -> None:
    count = counter("dns_a", "a", 7)._replace(adds_up=True)
    found = scope("p", [replace(handler(count), is_closed=False)], with_deltas=True).metrics
    assert [one.name for one in found] == ["dns_a"]
