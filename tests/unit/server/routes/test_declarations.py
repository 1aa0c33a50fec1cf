from __future__ import annotations

from typing import Any

from pktvisor.config.schema import load_config
from pktvisor.policies.instances import WindowDefaults, make_modules
from support.agents import FakeAgent, FakePolicy
from support.serving import client

CONFIG = """
visor:
  policies:
    edge:
      kind: collection
      input: {tap: wire, input_type: pcap}
      handlers:
        modules:
          names: {type: dns, require_version: "2.0", metric_groups: {disable: [top_qnames]}}
          mine:
            type: custom
            metrics:
              sizes: {quantiles: packet.bytes, help: How large packets are}
              talkers: {top_n: ip.src, weight: packet.bytes, by: vlan.id}
              clients: {cardinality: ip.src}
"""


def handlers_told() -> dict[str, Any]:
    policy = load_config(CONFIG).policies[0]
    modules = make_modules(policy, tap="wire", input_type="pcap", defaults=WindowDefaults(), global_settings={})
    asked = client(FakeAgent(policies={"edge": FakePolicy("edge", [], modules=tuple(modules))}))
    told: dict[str, Any] = asked.get("/api/v1/policies/edge/declarations").json()["handlers"]
    return told


def test_a_handler_tells_which_of_its_metrics_and_groups_are_on() -> None:
    told = handlers_told()["edge-wire-names"]
    assert (told["module"], told["type"], told["version"], told["schema"]) == ("names", "dns", "2.0", "dns")
    assert (told["groups"]["counters"], told["groups"]["top_qnames"]) == (True, False)
    is_on = {metric["path"]: metric["is_on"] for metric in told["metrics"]}
    assert (is_on["dns.*D*.xacts"], is_on["dns.*D*.top_qname2_xacts"]) == (True, False)


def test_metrics_of_a_policys_own_tell_what_they_are() -> None:
    told = {metric["path"]: metric for metric in handlers_told()["edge-wire-mine"]["metrics"]}
    assert {path: (metric["kind"], metric["unit"]) for path, metric in told.items()} == {
        "custom.sizes": ("quantiles", "bytes"),
        "custom.vlan_id.*.talkers": ("top", "bytes"),
        "custom.clients": ("cardinality", ""),
    }
    assert told["custom.sizes"]["help"] == "How large packets are"
    assert told["custom.vlan_id.*.talkers"]["labels"] == ["vlan_id", "src"]


def test_an_unknown_policy_declares_nothing() -> None:
    assert client().get("/api/v1/policies/edge/declarations").status_code == 404
