"""A configuration is tried as an agent would take it."""

from __future__ import annotations

import pytest

from pktvisor.agent.checking import check_agent
from pktvisor.agent.local import LocalAgent
from pktvisor.config.schema import load_config
from pktvisor.errors import ConfigError
from support.written import TAP

INPUT = "kind: collection, input: {tap: eth, input_type: pcap}"


def custom_policy(name: str, metrics: str) -> str:
    return f"    {name}: {{{INPUT}, handlers: {{modules: {{m: {{type: custom, metrics: {{{metrics}}}}}}}}}}}\n"


def configuration(*policies: str) -> str:
    return f"visor:\n  taps:\n    eth: {{input_type: pcap, config: {{iface: eth0}}}}\n  policies:\n{''.join(policies)}"


def mistakes(*policies: str) -> list[str]:
    return [str(error) for error in check_agent(load_config(configuration(*policies), source="edge.yaml"))]


def test_metrics_that_policies_declare_are_tried_and_located() -> None:
    good, bad = custom_policy("a", "x: {counter: dns}"), custom_policy("b", "y: {counter: dns, where: dns.rcod == 1}")
    assert mistakes(good) == []
    [mistake] = mistakes(good, bad)
    path = "policies.b.handlers.modules.m.metrics.y.where"
    assert mistake.startswith("edge.yaml:6:")
    assert mistake.endswith(f": {path}: character 1: no column 'dns.rcod'; did you mean 'dns.rcode'?")


def test_metrics_of_one_name_are_of_one_kind_in_all_policies(agent: LocalAgent) -> None:
    one, same, other = (
        custom_policy("a", "x: {counter: dns}"),
        custom_policy("b", "x: {counter: packet}"),
        custom_policy("c", "x: {rate: dns}"),
    )
    [mistake] = mistakes(one, same, other)
    assert mistake.startswith(
        "edge.yaml:7:5: policies.c.metrics.x: the rate 'x' and the counter 'x' would share the name"
    )
    agent.add_tap(TAP)
    agent.add_policy(f"visor:\n  policies:\n{one}")
    agent.add_policy(f"visor:\n  policies:\n{same}")
    with pytest.raises(ConfigError, match="would share the name custom_x in Prometheus"):
        agent.add_policy(f"visor:\n  policies:\n{other}")
    assert "c" not in agent.policies
