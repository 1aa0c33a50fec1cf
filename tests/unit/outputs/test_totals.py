"""Totals in the text formats of Prometheus: counters, whole numbers with all digits, times in seconds."""

from __future__ import annotations

from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families as text_families

from pktvisor.metrics.snapshot import HandlerSnapshot, Sample, SecondsTotal, Total
from pktvisor.outputs import openmetrics, prometheus

PACKETS = Sample("counter", ("packets",), "pktvisor_packets_total", "Packets", Total(12_345_678_901))
TIME = Sample("counter", ("cpu",), "process_cpu_seconds_total", "Time", SecondsTotal(1_234_567_890))
POLICIES = {
    "p": [HandlerSnapshot("p-t-net", "packets", 0, 0, 0, 0, False, (PACKETS, TIME), tap="t", is_of_totals=True)],
}
LABELS = {"policy": "p", "handler": "p-t-net", "tap": "t"}
MEANT = {("pktvisor_packets_total", 12_345_678_901.0), ("process_cpu_seconds_total", 1_234_567.89)}


def test_text() -> None:
    families = list(text_families(prometheus.render(POLICIES)))
    assert {family.type for family in families} == {"counter"}
    samples = [sample for family in families for sample in family.samples]
    assert {(sample.name, sample.value) for sample in samples} == MEANT
    assert all(sample.labels == LABELS for sample in samples)


def test_openmetrics_names_the_family_without_the_end() -> None:
    families = list(openmetrics_families(openmetrics.render(POLICIES)))  # type: ignore[no-untyped-call]
    assert {(family.name, family.type) for family in families} == {
        ("pktvisor_packets", "counter"),
        ("process_cpu_seconds", "counter"),
    }
    assert {(sample.name, sample.value) for family in families for sample in family.samples} == MEANT
