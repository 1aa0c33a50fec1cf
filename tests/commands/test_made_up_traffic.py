"""pktvisord mock: made-up traffic, summarised and served as that of an interface is, without any rights."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from pktvisor.policies import default
from support.commands import BIN
from support.daemon import PATIENCE_S, daemon, eventually

KEYS = """
version: "1.0"
visor:
  taps:
    one: {input_type: mock, config: {seed: 3, packets_per_second: 2000, traffic: [flow]}}
    silent: {input_type: mock, config: {sample: 1}}
  policies:
    flows:
      kind: collection
      input: {tap: one, input_type: mock}
      handlers: {modules: {flow: {type: flow}, resources: {type: input_resources}}}
    nothing:
      kind: collection
      input: {tap: silent, input_type: mock}
      handlers: {modules: {net: {type: net}, flow: {type: flow}}}
"""


def test_the_daemon_summarises_made_up_traffic_and_the_terminal_shows_it() -> None:
    with daemon("mock", "--admin-api") as agent:
        assert "configuration: " not in agent.log  # there is no file
        assert agent.get("/api/v1/taps/default")["default"]["input_type"] == "mock"

        def metrics() -> Any:
            return agent.get("/api/v1/metrics/bucket/0")["1m"]

        eventually(lambda: metrics()["packets"]["total"] > 1000 and metrics()["flow"]["devices"])
        found = metrics()
        assert set(found) >= {"packets", "dns", "dhcp", "flow"}
        assert found["packets"]["in"] > 0 < found["packets"]["out"]
        assert found["dns"]["top_qname2"]
        assert found["dns"]["wire_packets"]["nxdomain"] > 0
        (told,) = agent.get("/api/v1/policies/default")["default"]["input"].values()
        assert told["input"]["running"]
        assert told["ledger"]["malformed"] == 0
        line = [str(BIN / "pktvisor"), "-H", "127.0.0.1", "-p", str(agent.port), "--once"]
        shown = subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE_S, check=True).stdout
        assert ".example" in shown
        assert "Policy default" in shown


def test_a_tap_has_the_traffic_that_its_keys_ask_for_and_none_without(tmp_path: Path) -> None:
    file = tmp_path / "agent.yaml"
    file.write_text(KEYS)
    with daemon("--config", str(file)) as agent:

        def flows() -> Any:
            return agent.get("/api/v1/policies/flows/metrics/bucket/0")["flows"].get("flows-one-flow", {})

        eventually(lambda: flows().get("flow", {}).get("devices"))
        nothing = agent.get("/api/v1/policies/nothing/metrics/bucket/0")["nothing"]
        assert nothing["nothing-silent-net"]["packets"]["total"] == 0


def test_an_interface_that_is_called_so_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(default, "is_interface", lambda name: True)
    assert default.default_tap("mock", "").input_type == "pcap"
