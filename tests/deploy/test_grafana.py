"""The dashboards, asked of a real Prometheus that scrapes real agents and a hub: whatever they ask for is there."""

from __future__ import annotations

import json
import re
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.models.dashboard import Dashboard
from write_dashboards import files

from support.commands import BIN
from support.daemon import daemon, eventually
from support.mock_agents import mock_agent
from support.prometheus_servers import Prometheus, needs_prometheus, prometheus_server

GRAFANA = Path(__file__).parents[2] / "deploy" / "grafana"
BOARDS = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted((GRAFANA / "dashboards").iterdir())
}
PANELS = [
    pytest.param(name, panel, id=f"{name}: {panel['title']}")
    for name, board in BOARDS.items()
    for panel in board["panels"]
    if panel["type"] != "row"
]
RANGE_S = 60
"""What stands for Grafana's `$__rate_interval`."""
STEP_S = 5
ROUTERS = """
version: "1.0"
visor:
  taps:
    routers: {input_type: flow, config: {flow_type: netflow, bind: 127.0.0.1, port: PORT}}
  policies:
    default:
      kind: collection
      input: {tap: routers, input_type: flow}
      handlers: {modules: {flow: {type: flow}}}
"""
PROMETHEUS = """
global: {{scrape_interval: 5s, scrape_timeout: 5s}}
scrape_configs:
  - job_name: pktvisor
    metrics_path: /api/v1/policies/__all/metrics/prometheus
    honor_labels: true
    static_configs: [{{targets: ["127.0.0.1:{site}", "127.0.0.1:{routers}"]}}]
  - job_name: pktvisor-hub
    metrics_path: /api/v1/policies/__all/metrics/prometheus
    static_configs: [{{targets: ["127.0.0.1:{hub}"]}}]
"""
NETFLOW_5 = struct.Struct(">HHIIIIBBH")
NETFLOW_5_RECORD_BYTES = 48

pytestmark = needs_prometheus


@dataclass(frozen=True)
class World:
    """What the dashboards look at."""

    prometheus: Prometheus
    begun_s: float
    """When everything was there."""

    def has_series(self, query: str, labels: set[str]) -> bool:
        """Whether a query has given a series with these labels since then."""
        times = {"start": str(self.begun_s - RANGE_S), "end": str(time.time()), "step": str(STEP_S)}
        found = self.prometheus.get("/api/v1/query_range", query=query, **times)["result"]
        return any(labels <= set(one["metric"]) for one in found)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An agent of made-up traffic, one of flow records of which some are lost, a hub, and what scrapes all."""
    folder = tmp_path_factory.mktemp("world")
    with ExitStack() as stack:
        hub = stack.enter_context(daemon("--data-dir", str(folder / "hub"), command="pktvisor-hub"))
        url = f"http://127.0.0.1:{hub.port}"
        _send_past(url)
        site = stack.enter_context(mock_agent(folder, "--hub", url, "--memory-mb", "500"))
        port = _free_udp_port()
        (folder / "routers.yaml").write_text(ROUTERS.replace("PORT", str(port)), encoding="utf-8")
        routers = stack.enter_context(daemon("--config", str(folder / "routers.yaml")))
        config = PROMETHEUS.format(site=site.port, routers=routers.port, hub=hub.port)
        prometheus = stack.enter_context(prometheus_server(folder, config))
        prometheus.wait_until_scraped(targets=3)
        eventually(lambda: _has_lost_flows(prometheus, port))
        for query in (f"rate(pktvisor_packets_total[{RANGE_S}s]) > 0", "dns_xact_in_top_slow", "dns_top_refused"):
            eventually(partial(prometheus.series, query))
        yield World(prometheus, time.time())


def _send_past(hub: str) -> None:
    """Let made-up agents send some minutes that are over, so that the hub has something to show."""
    line = [str(BIN / "pktvisor-hub"), "demo", "--hub", hub, "--agents", "2", "--past", "6"]
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True) as demo:
        assert demo.stderr is not None
        assert "have sent" in demo.stderr.readline()
        demo.send_signal(signal.SIGINT)


def _free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _has_lost_flows(prometheus: Prometheus, port: int) -> bool:
    """Send flow records with a gap, and what is none; tell whether both were counted as often as a rate needs."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as router:
        for sequence in (0, 1000):
            head = NETFLOW_5.pack(5, 1, 1000, 1_750_000_000, 0, sequence, 0, 0, 0)
            router.sendto(head + bytes(NETFLOW_5_RECORD_BYTES), ("127.0.0.1", port))
        router.sendto(b"no flow record", ("127.0.0.1", port))
    return all(
        prometheus.series(f"rate(pktvisor_input_{name}_total[{RANGE_S}s])") for name in ("malformed", "flow_lost")
    )


OF_DASHBOARD_14221 = (
    *(f"packets_{name}" for name in ("ipv4", "ipv6", "tcp", "udp", "other_l4", "deep_samples", "total")),
    *(f"packets_rates_pps_{name}" for name in ("total", "in", "out")),
    *(f"packets_top_{name}" for name in ("ipv4", "ipv6", "geoLoc", "ASN")),
    *(f"dns_wire_packets_{name}" for name in ("deep_samples", "total", "ipv4", "ipv6", "tcp", "udp")),
    *(f"dns_wire_packets_{name}" for name in ("nxdomain", "srvfail", "refused")),
    *(f"dns_top_{name}" for name in ("qname2", "qname3", "qtype", "rcode", "udp_ports")),
    *("dns_rates_total", "dns_xact_in_total", "dns_xact_out_total"),
    *("dns_xact_in_quantiles_us", "dns_xact_out_quantiles_us"),
)
"""The metrics of the C++ pktvisor's own dashboard."""
OF_HOW_TO = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \| `(\w+)` \|$", re.MULTILINE)


def substituted(text: str, chosen: Mapping[str, str]) -> str:
    """A query as Grafana asks it."""
    for name, value in {**chosen, "__rate_interval": f"{RANGE_S}s"}.items():
        text = text.replace(f"${name}", value)
    assert "$" not in text, text
    return text


def chosen(board: Any, prometheus: Prometheus) -> dict[str, str]:
    """What a person has chosen who opened a dashboard: all where all may be chosen, else the first."""
    choices: dict[str, str] = {}
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            found = re.fullmatch(r"label_values\((.*), (\w+)\)", substituted(variable["query"], choices))
            assert found is not None
            values = prometheus.label_values(found[2], of=found[1])
            assert values, f"nothing to choose: {variable['query']}"
            choices[variable["name"]] = variable["allValue"] if variable["includeAll"] else values[0]
    return choices


@pytest.mark.parametrize(("name", "panel"), PANELS)
def test_a_panel_has_data(world: World, name: str, panel: Any) -> None:
    choices = chosen(BOARDS[name], world.prometheus)
    for target in panel["targets"]:
        query = substituted(target["expr"], choices)
        labels = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
        eventually(partial(world.has_series, query, labels))


def test_the_files_are_as_new_as_the_metrics() -> None:
    written = {path.name: text for path, text in files().items()}
    kept = {path.name: path.read_text(encoding="utf-8") for path in (GRAFANA / "dashboards").iterdir()}
    assert kept == written, "run: .venv/bin/python deploy/grafana/write_dashboards.py"


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_is_one_that_grafana_knows(name: str) -> None:
    board = BOARDS[name]
    read = Dashboard.from_json(board)
    assert (read.uid, read.title) == (f"pktvisor-{name}", board["title"])
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    for panel in panels:
        assert panel["description"].endswith("."), panel["title"]
        assert panel["type"] == "table" or panel["fieldConfig"]["defaults"]["unit"], panel["title"]


@pytest.mark.parametrize("name", BOARDS)
def test_panels_lie_beside_and_not_upon_one_another(name: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in BOARDS[name]["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not taken & cells, panel["title"]
        taken |= cells


def test_what_is_provisioned_is_there() -> None:
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yaml").read_text())["datasources"]
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/pktvisor.yaml").read_text())["providers"]
    assert (source["type"], provider["type"]) == ("prometheus", "file")
    assert all(
        variable["query"] == source["type"] for board in BOARDS.values() for variable in board["templating"]["list"][:1]
    )


def test_every_metric_of_the_dashboard_of_the_cpp_pktvisor_is_there(world: World) -> None:
    assert len(set(OF_DASHBOARD_14221)) == 33
    for name in OF_DASHBOARD_14221:
        eventually(partial(world.has_series, name, {"instance", "policy"}))


def test_the_labels_that_are_to_be_put_into_that_dashboard_are_there(world: World) -> None:
    rows = OF_HOW_TO.findall((GRAFANA.parents[1] / "docs/how-to/grafana.md").read_text(encoding="utf-8"))
    told = {name: label for names, label in rows for name in re.findall(r"`(\w+)`", names)}
    assert told.keys() == {name for name in OF_DASHBOARD_14221 if "_top_" in name}
    for name, label in told.items():
        eventually(partial(world.has_series, name, {label}))
