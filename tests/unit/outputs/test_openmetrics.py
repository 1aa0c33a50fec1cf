from __future__ import annotations

from hypothesis import given
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from pktvisor.metrics.snapshot import HandlerSnapshot, HistogramValues, Sample
from pktvisor.outputs import prometheus
from pktvisor.outputs.openmetrics import render
from support.any_snapshots import any_policies, points_meant, points_of
from support.snapshots import NO_QUANTILES, counter, handler, histogram, quantiles, sample, top


def parse(text: str) -> list[Metric]:
    return list(text_string_to_metric_families(text))  # type: ignore[no-untyped-call]


def test_nothing_is_an_end_of_file() -> None:
    assert render({}) == "# EOF\n"
    assert render({"p": [handler(sample("quantiles", "dns_q", "q", NO_QUANTILES))]}) == "# EOF\n"


def test_a_gauge_keeps_its_name_even_where_it_ends_like_a_counter() -> None:
    text = render({"p": [handler(counter("dns_wire_packets_total", "wire_packets.total", 3))]}, with_handler=False)
    assert text == (
        "# TYPE dns_wire_packets_total gauge\n"
        "# HELP dns_wire_packets_total What dns_wire_packets_total counts\n"
        'dns_wire_packets_total{policy="p",tap="default"} 3\n'
        "# EOF\n"
    )


def test_help_escapes_quotes_too() -> None:
    odd = Sample("counter", ("a",), "dns_a", 'a "quoted" \\ and\nbroken', 1)
    text = render({"p": [handler(odd)]})
    assert '# HELP dns_a a \\"quoted\\" \\\\ and\\nbroken\n' in text
    (family,) = parse(text)
    assert family.documentation == odd.help


def test_a_histogram_has_a_true_sum_for_its_count_to_be_allowed() -> None:
    values = HistogramValues(((8, 1), (100, 4)), count=5, total=512.5)
    (family,) = parse(render({"p": [handler(sample("histogram", "dns_us", "us", values))]}))
    assert [(one.name, one.value) for one in family.samples if "le" not in one.labels] == [
        ("dns_us_count", 5),
        ("dns_us_sum", 512.5),
    ]


def test_every_series_of_the_prometheus_text_is_there_with_the_same_value() -> None:
    samples = (
        counter("dns_total", "total", 5),
        sample("rate", "dns_rates", "rates", quantiles(1, 2, 3, 4, maximum=9, count=60)),
        sample("quantiles", "dns_ratio", "ratio", quantiles(0.5, 0.75, 1.0, 2.5, maximum=3.25, count=9)),
        sample("histogram", "dns_us", "us", histogram({8: 1, 100: 4}, count=5)),
        sample("top", "dns_top_qname2", "top_qname2", top("qname", a=1, b=2)),
    )
    policies = {"p": [handler(*samples)]}
    lines = set(render(policies).splitlines())
    plain = {line for line in prometheus.render(policies).splitlines() if not line.startswith("# HELP")}
    assert plain <= lines
    assert {line.split("{")[0] for line in lines - plain if not line.startswith("#")} == {"dns_us_sum"}


@given(any_policies())
def test_any_snapshot_reads_back_with_an_openmetrics_parser(policies: dict[str, list[HandlerSnapshot]]) -> None:
    text = render(policies, static=(("instance", "pop 1"),))
    meant = points_meant(policies, static={"instance": "pop 1"}, has_histogram_sum=True)
    assert points_of(parse(text)) == meant
