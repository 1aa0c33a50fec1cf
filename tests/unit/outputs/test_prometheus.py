from __future__ import annotations

import math
from collections.abc import Iterable

from hypothesis import given
from prometheus_client.parser import text_string_to_metric_families

from pktvisor.metrics.snapshot import HandlerSnapshot, Sample, TopEntry, TopValues
from pktvisor.outputs.prometheus import render
from support.any_snapshots import any_policies, points_meant, points_of
from support.snapshots import NO_HISTOGRAM, NO_QUANTILES, counter, handler, histogram, quantiles, sample, top


def lines(*samples: Sample) -> list[str]:
    """The series of the samples on `/metrics`, without HELP and TYPE."""
    text = render({"default": [handler(*samples)]}, with_handler=False)
    return [line for line in text.splitlines() if not line.startswith("#")]


def test_a_rate_is_a_summary_whose_sum_is_the_maximum() -> None:
    rate = sample(
        "rate", "packets_rates_pps_in", "rates.pps_in", quantiles(10, 31, 40, 52, maximum=52, count=60, live=3)
    )
    net = handler(rate, instance="default-default-net", schema="packets")
    labels = 'instance="pop1",handler="default-default-net",policy="default"'
    assert render({"default": [net]}, static=(("instance", "pop1"),)) == (
        "# HELP packets_rates_pps_in What packets_rates_pps_in counts\n"
        "# TYPE packets_rates_pps_in summary\n"
        f'packets_rates_pps_in{{{labels},quantile="0.5",tap="default"}} 10\n'
        f'packets_rates_pps_in{{{labels},quantile="0.9",tap="default"}} 31\n'
        f'packets_rates_pps_in{{{labels},quantile="0.95",tap="default"}} 40\n'
        f'packets_rates_pps_in{{{labels},quantile="0.99",tap="default"}} 52\n'
        f'packets_rates_pps_in_sum{{{labels},tap="default"}} 52\n'
        f'packets_rates_pps_in_count{{{labels},tap="default"}} 60\n'
    )


def test_histogram_bounds_are_sorted_among_the_labels() -> None:
    assert lines(sample("histogram", "dns_us", "us", histogram({100: 31, 12915.4967: 40}, count=70))) == [
        'dns_us_bucket{le="100",policy="default",tap="default"} 31',
        'dns_us_bucket{le="12915.496700",policy="default",tap="default"} 40',
        'dns_us_bucket{le="+Inf",policy="default",tap="default"} 70',
        'dns_us_count{policy="default",tap="default"} 70',
    ]


def test_top_entries_carry_their_label_and_their_place() -> None:
    place = TopEntry("NA/US", 5, 5, 5, extra=(("lat", "37.751000"), ("lon", "-97.822000")))
    top_geo = TopValues("geo_loc", (place, TopEntry("", 2, 2, 2)))
    assert lines(sample("top", "dns_top_geoLoc_ecs", "top_geoLoc_ecs", top_geo)) == [
        'dns_top_geoLoc_ecs{geo_loc="NA/US",lat="37.751000",lon="-97.822000",policy="default",tap="default"} 5',
        'dns_top_geoLoc_ecs{geo_loc="",policy="default",tap="default"} 2',
    ]


def test_declared_labels_win_over_the_handlers_and_hide_static_ones() -> None:
    odd = counter(
        "net_total_packets", "in.total_packets", 1, (("direction", "in"), ("tap", "mine"), ("instance", "own"))
    )
    text = render({"default": [handler(odd)]}, static=(("instance", "pop1"), ("site", "x")), with_handler=False)
    assert text.endswith('net_total_packets{site="x",direction="in",instance="own",policy="default",tap="mine"} 1\n')


def test_braces_stay_without_labels_of_a_tap() -> None:
    merged = handler(counter("dns_a", "a", 1), tap=None)
    assert render({"p": [merged]}, with_handler=False).endswith('dns_a{policy="p"} 1\n')


def test_a_family_stands_together_across_handlers_and_policies() -> None:
    def policy() -> Iterable[HandlerSnapshot]:
        return [handler(counter("dns_a", "a", 1), counter("dns_b", "b", 2), instance=name) for name in ("one", "two")]

    text = render({"p": policy(), "q": policy()})
    assert [line.split("{")[0] for line in text.splitlines()] == [
        "# HELP dns_a What dns_a counts",
        "# TYPE dns_a gauge",
        *["dns_a"] * 4,
        "# HELP dns_b What dns_b counts",
        "# TYPE dns_b gauge",
        *["dns_b"] * 4,
    ]


def test_families_without_series_print_nothing() -> None:
    nothing = (
        sample("quantiles", "dns_q", "q", NO_QUANTILES),
        sample("histogram", "dns_h", "h", NO_HISTOGRAM),
        sample("top", "dns_t", "t", top("qname")),
    )
    assert render({"default": [handler(*nothing)]}) == ""


def test_help_escapes_backslash_and_newline_only() -> None:
    odd = Sample("counter", ("a",), "dns_a", 'a "quoted" \\ and\nbroken', 1)
    assert render({"p": [handler(odd)]}).startswith('# HELP dns_a a "quoted" \\\\ and\\nbroken\n')


@given(any_policies())
def test_any_snapshot_reads_back_with_a_prometheus_parser(policies: dict[str, list[HandlerSnapshot]]) -> None:
    text = render(policies, static=(("instance", "pop 1"),))
    assert points_of(text_string_to_metric_families(text)) == points_meant(policies, static={"instance": "pop 1"})


def test_a_name_has_one_type_in_one_answer() -> None:
    first = counter("custom_size", "size", 1)
    second = sample("quantiles", "custom_size", "size", quantiles(1, 2, 3, 4, count=9))
    text = render({"p": [handler(first)], "q": [handler(second)], "r": [handler(first)]}, with_handler=False)
    assert text.splitlines()[1:] == [
        "# TYPE custom_size gauge",
        'custom_size{policy="p",tap="default"} 1',
        'custom_size{policy="r",tap="default"} 1',
    ]


def test_all_kinds_read_back_with_a_prometheus_parser() -> None:
    samples = (
        counter("dns_total", "total", 5),
        sample("cardinality", "dns_cardinality_qname", "cardinality.qname", 70),
        sample("quantiles", "dns_ratio", "ratio", quantiles(0.5, 0.75, 1.0, 2.5, maximum=3.25, count=9)),
        sample("histogram", "dns_us", "us", histogram({8: 1, 100: 4}, count=5)),
    )
    families = {f.name: f for f in text_string_to_metric_families(render({"default": [handler(*samples)]}))}
    assert {name: family.type for name, family in families.items()} == {
        "dns_total": "gauge",
        "dns_cardinality_qname": "gauge",
        "dns_ratio": "summary",
        "dns_us": "histogram",
    }
    assert [s.value for s in families["dns_ratio"].samples] == [0.5, 0.75, 1.0, 2.5, 3.25, 9]
    bounds = [float(s.labels["le"]) for s in families["dns_us"].samples if s.name.endswith("_bucket")]
    assert bounds == [8, 100, math.inf]
