"""Servers tell a running agent of their messages by dnstap, and exporters send it flow records: what it counts is what
was asked and sent."""

from __future__ import annotations

import socket
import struct
from pathlib import Path
from typing import Any

import pytest

from support.daemon import daemon, eventually
from support.dns_servers import ask, free_port, unbound
from support.frame_streams import Writer, contents

QUERIES = 20
MESSAGES = list(contents(Path(__file__).parents[1] / "captures" / "dnstap_resolver.fstrm"))

CONFIGURATION = """
version: "1.0"
visor:
  taps:
    resolver: {{input_type: dnstap, config: {{socket: {path}}}}}
    routers: {{input_type: {flow_type}, config: {{flow_type: netflow, bind: 127.0.0.1, port: {port}}}}}
  policies:
    names:
      kind: collection
      input: {{tap: resolver, input_type: dnstap}}
      handlers: {{modules: {{dns: {{type: dns, require_version: "2.0"}}, net: {{type: net}}}}}}
    flows:
      kind: collection
      input: {{tap: routers, input_type: {flow_type}}}
      handlers: {{modules: {{flow: {{type: flow}}}}}}
"""


def configuration(folder: Path, path: Path, flow_port: int, flow_type: str = "flow") -> Path:
    file = folder / "agent.yaml"
    file.write_text(CONFIGURATION.format(path=path, port=flow_port, flow_type=flow_type))
    return file


def module_of(description: Any) -> Any:
    """The one input of a policy's document."""
    (told,) = description["input"].values()
    return told


@pytest.mark.parametrize("is_two_way", [True, False])
def test_a_resolver_tells_of_every_query_and_response(tmp_path: Path, is_two_way: bool) -> None:
    path = tmp_path / "dnstap.sock"
    with (
        daemon("--config", str(configuration(tmp_path, path, free_port()))) as agent,
        unbound(tmp_path, str(path), is_two_way=is_two_way) as port,
    ):
        # It connects when it likes; what it tells before that is lost on its side.
        ask(port, ["example"])

        def ledger() -> Any:
            return module_of(agent.get("/api/v1/policies/names")["names"])["ledger"]

        def is_connected() -> bool:
            ask(port, ["example"])
            return bool(ledger()["decoded"])

        eventually(is_connected)
        ask(port, ["example"] * QUERIES)
        eventually(lambda: ledger()["decoded"] >= 2 * QUERIES)
        assert ledger()["malformed"] == 0
        metrics = agent.get("/api/v1/policies/names/metrics/bucket/0")["names"]["names-resolver-dns"]["dns"]
        assert any(direction.get("xacts", 0) > 0 for direction in metrics.values() if isinstance(direction, dict))


@pytest.mark.parametrize("flow_type", ["flow", "sflow"])
def test_taps_and_policies_tell_of_inputs_that_listen(tmp_path: Path, flow_type: str) -> None:
    path, port = tmp_path / "dnstap.sock", free_port()
    with daemon("--config", str(configuration(tmp_path, path, port, flow_type))) as agent:
        assert agent.get("/api/v1/taps/routers")["routers"] == {
            "config": {"bind": "127.0.0.1", "flow_type": "netflow", "port": port},
            "input_type": flow_type,
            "interface": "visor.module.input/1.0",
            "tags": None,
        }
        with Writer(str(path), is_two_way=True) as writer:
            writer.tell(MESSAGES)
            writer.finish()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as exporter:
            exporter.sendto(struct.pack("!HHIIIIBBH", 5, 3, 0, 0, 0, 0, 0, 0, 0) + bytes(48 * 3), ("127.0.0.1", port))
            exporter.sendto(b"no flow record", ("127.0.0.1", port))

        def told(policy: str) -> Any:
            return module_of(agent.get(f"/api/v1/policies/{policy}")[policy])

        eventually(lambda: told("flows")["ledger"]["seen"] == 2)
        eventually(lambda: told("names")["ledger"]["decoded"] == len(MESSAGES))
        assert told("flows")["flow"] == {"packet_errors": 1}
        assert told("flows")["input"] == {"consumers": 2, "running": True}
        assert told("names")["input"] == {"consumers": 3, "running": True}
        assert told("names")["module"]["config"] == {"socket": str(path)}
        companions = [name for name in agent.get("/api/v1/policies") if name.endswith("-resources")]
        assert len(companions) == 2
        for name in companions:
            assert agent.get(f"/api/v1/policies/{name}/metrics/bucket/0")[name]
