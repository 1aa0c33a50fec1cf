"""A hub that pushes its policies by OTLP to a receiver on loopback."""

from __future__ import annotations

from pathlib import Path

from pktvisor import clock
from pktvisor.hub.hub import Hub, HubSettings
from support.daemon import daemon, eventually
from support.fleet import CAPTURES, Fleet
from support.otlp_receiver import Receiver, receiving

MINUTE_S = 60


def totals(receiver: Receiver) -> dict[tuple[str, int], int]:
    """DNS messages, by scope and time."""
    found = {}
    for request in receiver.requests:
        for scope in request.resource_metrics[0].scope_metrics:
            for metric in scope.metrics:
                if metric.name == "dns_wire_packets_total":
                    (point,) = metric.gauge.data_points
                    found[scope.scope.name, point.time_unix_nano] = int(point.as_int)
    return found


def test_a_hub_pushes_what_its_policies_merge(tmp_path: Path) -> None:
    start_s = ((int(clock.now()) - 75) // MINUTE_S - 3) * MINUTE_S
    fleet = Fleet([CAPTURES / "dns_resolver.pcap"], start_s)
    one = sum(r.value or 0 for r in fleet.records(0) if (r.schema, r.path) == ("dns", "wire_packets.total"))
    file = tmp_path / "hub.yaml"
    file.write_text("hub: {policies: {fra: {tags: {site: fra}}}}")
    before = Hub(HubSettings(tmp_path / "hub"))
    for number in range(3):
        before.admission.take(fleet.body(number, 0), before.now_ns())
    before.stop()
    with receiving() as receiver:
        push = ("--otel", "--otel-host", "127.0.0.1", "--otel-port", str(receiver.port), "--otel-interval", "86400")
        keep = ("--data-dir", str(tmp_path / "hub"), "--config", str(file))
        with daemon(*push, *keep, command="pktvisor-hub") as running:
            eventually(lambda: running.get("/api/v1/metrics/app")["exports"]["otlp"]["queued"] >= 2)
            assert running.stop() == 0
    sent = totals(receiver)
    assert {scope: count for (scope, _), count in sent.items()} == {"pktvisor/default": 3 * one, "pktvisor/fra": one}
    assert {time // 10**9 for _, time in sent} == {start_s + MINUTE_S}
