"""Agents and hubs whose page is looked at: real ones, with made-up traffic of every kind."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pktvisor
from pktvisor.config.urls import read_url
from pktvisor.hub.delivery import MINUTE_S
from pktvisor.hub.demo import SITES, DemoFleet, send_minute
from pktvisor.outputs.hub_target import HubTarget
from pktvisor.outputs.hub_transports.http import sender
from support.commands import CAPTURES
from support.daemon import Daemon, daemon, eventually

GEO = Path(__file__).parents[1] / "fixtures" / "geo"
WINDOW_S = 2
CONFIG = """
version: "1.0"
visor:
  taps:
    site: {input_type: mock, config: {seed: 7, packets_per_second: 1000}}
    routers: {input_type: pcap, config: {pcap_file: bgp.pcap}}
    gateways:
      input_type: netprobe
      config: {test_type: ping, interval_msec: 500, timeout_msec: 400, targets: {loopback: {target: 127.0.0.1}}}
  policies:
    edge:
      kind: collection
      input: {tap: site, input_type: mock}
      handlers:
        modules:
          net: {type: net, require_version: "2.0", metric_groups: {enable: [all]}}
          dns: {type: dns, require_version: "2.0", metric_groups: {enable: [all]}}
          dhcp: {type: dhcp}
          flow: {type: flow}
          own: {type: custom, metrics: {asked: {top_n: dns.qname}, messages: {counter: dns, by: direction}}}
    routing:
      kind: collection
      input: {tap: routers, input_type: pcap}
      handlers: {modules: {bgp: {type: bgp}}}
    reachability:
      kind: collection
      input: {tap: gateways, input_type: netprobe}
      handlers: {modules: {probe: {type: netprobe}}}
  dashboards:
    wall:
      title: For the wall
      panels:
        - {policy: edge, handler: dns, metric: xacts}
        - {policy: edge, handler: dns, metric: xacts, as: chart}
        - {policy: edge, handler: own, metric: asked}
        - {policy: reachability, metric: response_histogram_us, as: table}
"""
EDGES = """
visor:
  policies:
    names:
      kind: collection
      input: {tap: wire, input_type: pcap}
      handlers: {modules: {names: {type: dns}}}
"""
HUB_CONFIG = """
hub:
  desired:
    edges: {tags: {site: SITE}, file: edges.yaml}
  dashboards:
    wall:
      panels:
        - {policy: default, metric: top_qname2}
        - {policy: default, metric: wire_packets.total}
"""
FIRST = "/api/v1/policies/edge/metrics/window/2"
AGENTS, MINUTES = 12, 3
"""Of the hub's fleet, and of each one's past."""


def url_of(server: Daemon) -> str:
    return f"http://127.0.0.1:{server.port}"


@contextmanager
def web_agent(folder: Path, *options: str, token: str | None = None) -> Iterator[Daemon]:
    """Run an agent with a policy `edge`, which measures most, and such for BGP and probes.

    Its windows are short: two of them are over, and so it has something to show. `token` is needed where the options
    name a file of tokens.
    """
    file = folder / "agent.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    shutil.copy(CAPTURES / "bgp.pcap", folder)
    databases = ("--geo-city", str(GEO / "city.mmdb"), "--geo-asn", str(GEO / "asn.mmdb"))
    with daemon(
        "--config",
        str(file),
        "--window-length",
        str(WINDOW_S),
        "--agent-name",
        "pop1",
        *databases,
        *options,
        folder=folder,
    ) as agent:
        eventually(lambda: agent.request("GET", FIRST, token=token)[0] == 200)
        yield agent


@contextmanager
def web_hub(folder: Path, *options: str, agents: int = AGENTS, minutes: int = MINUTES) -> Iterator[Daemon]:
    """Run a hub to which a fleet has sent the last minutes."""
    file = folder / "hub.yaml"
    file.write_text(HUB_CONFIG.replace("SITE", SITES[0]), encoding="utf-8")
    (folder / "edges.yaml").write_text(EDGES, encoding="utf-8")
    with daemon("--config", str(file), "--data-dir", str(folder / "hub"), *options, command="pktvisor-hub") as hub:
        fleet = DemoFleet(agents)
        client = sender(HubTarget(read_url(url_of(hub))), agent="", version=pktvisor.__version__)
        over = int(time.time()) // MINUTE_S
        try:
            for minute in range(over - minutes, over):
                assert send_minute(fleet, minute, client, lambda _: True) == agents
        finally:
            client.close()
        eventually(lambda: len(hub.get("/api/v1/agents")) == agents)
        yield hub
