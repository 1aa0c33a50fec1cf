"""A daemon that pushes by OTLP to a receiver on loopback. Needs the right to capture."""

from __future__ import annotations

import re

from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_DELTA

from support.daemon import ask, daemon, eventually, needs_rights, silent_resolver
from support.http_receiver import answer
from support.otlp_receiver import Receiver, receiving

pytestmark = needs_rights


def newest_total(receiver: Receiver) -> int:
    """The packets that the newest request tells of in policy `default`; -1 before there is one."""
    for request in reversed(receiver.requests):
        for scope in request.resource_metrics[0].scope_metrics:
            for metric in scope.metrics:
                if scope.scope.name == "pktvisor/default" and metric.name == "packets_total":
                    return int(metric.gauge.data_points[0].as_int)
    return -1


def test_a_receiver_gets_what_the_policies_count_also_after_it_was_away() -> None:
    with silent_resolver() as resolver, receiving(answer(503)) as receiver:
        options = ("--otel", "--otel-host", "127.0.0.1", "--otel-port", str(receiver.port), "--otel-interval", "1")
        only = f"udp dst port {resolver.getsockname()[1]}"
        with daemon(*options, "--periods", "1", "--prom-instance", "pop1", "-b", only, "lo") as running:
            ask(resolver, 10)
            eventually(lambda: newest_total(receiver) == 10)
            (resource,) = receiver.requests[-1].resource_metrics
            attributes = {one.key: one.value.string_value for one in resource.resource.attributes}
            assert attributes["service.name"] == "pktvisor"
            assert attributes["service.instance.id"] == "pop1"
            assert running.stop() == 0
    assert set(receiver.paths) == {"/v1/metrics"}


def test_counts_arrive_as_sums_of_what_each_window_adds() -> None:
    def added() -> dict[int, int]:
        """Packets by the start of the window that adds them."""
        scopes = [scope for request in receiver.requests for scope in request.resource_metrics[0].scope_metrics]
        sums = [one.sum for scope in scopes for one in scope.metrics if one.name == "pktvisor_packets"]
        assert all(one.is_monotonic and one.aggregation_temporality == AGGREGATION_TEMPORALITY_DELTA for one in sums)
        return {one.data_points[0].start_time_unix_nano: one.data_points[0].as_int for one in sums}

    with receiving() as receiver:
        where = ("--otel", "--otel-host", "127.0.0.1", "--otel-port", str(receiver.port), "--otel-interval", "1")
        with daemon(*where, "--otel-deltas", "--window-length", "2", "mock") as running:
            eventually(lambda: len(added()) >= 3)
            total = re.search(r"^pktvisor_packets_total\S* (\d+)$", running.text("/metrics"), re.MULTILINE)
    assert total is not None
    assert 0 < sum(added().values()) <= int(total.group(1))


def test_without_a_receiver_the_agent_goes_on() -> None:
    with receiving() as receiver:
        unused = receiver.port
    options = ("--otel", "--otel-host", "127.0.0.1", "--otel-port", str(unused), "--otel-interval", "1")
    with daemon(*options, "lo") as running:
        assert "packets" in running.get("/api/v1/metrics/bucket/0")["1m"]
        assert running.stop() == 0
