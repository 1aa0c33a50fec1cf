from __future__ import annotations

from typing import Any

import pytest

from pktvisor.agent.checking import check_agent
from pktvisor.agent.local import AgentSettings, LocalAgent
from pktvisor.config.schema import load_config
from pktvisor.errors import ConfigError

CONFIG = """
visor:
  taps: {wire: {input_type: mock}}
  policies:
    edge:
      kind: collection
      input: {tap: wire, input_type: mock}
      handlers:
        modules:
          names: {type: dns, require_version: "2.0"}
          mine: {type: custom, metrics: {large: {counter: packet, by: direction}, sizes: {histogram: packet.bytes}}}
  dashboards:
    wall:
      panels:
        - {metric: in.xacts, policy: edge, handler: names, as: chart}
        - PANEL
"""


def mistakes(panel: str) -> list[str]:
    found = check_agent(load_config(CONFIG.replace("PANEL", panel)))
    return [str(error) for error in [*found.mistakes, *found.warnings]]


@pytest.mark.parametrize(
    "panel",
    [
        "{metric: xacts, policy: edge}",
        "{metric: top_nxdomain_xacts, policy: edge, handler: dns, as: top}",
        "{metric: large, policy: edge, handler: mine}",
        "{metric: out.large, policy: edge, handler: mine, as: table}",
        "{metric: sizes, policy: edge, as: bars}",
        "{metric: xact_histogram_us, policy: edge, as: heat}",
        "{metric: whatever}",
    ],
)
def test_panels_name_metrics_of_policies(panel: str) -> None:
    assert mistakes(panel) == []


@pytest.mark.parametrize(
    ("panel", "key", "said"),
    [
        ("{metric: xcats, policy: edge}", "metric", "policy 'edge' has no metric 'xcats' there; did you mean 'xacts'?"),
        (
            "{handler: nmaes, metric: xacts, policy: edge}",
            "handler",
            "policy 'edge' has no handler 'nmaes'; did you mean 'names'?",
        ),
        (
            "{as: top, metric: xacts, policy: edge}",
            "as",
            "the counter 'xacts' can't be drawn as top; it can be drawn as figure or chart or table",
        ),
        (
            "{as: heat, metric: sizes, policy: edge}",
            "as",
            "the histogram 'sizes' can't be drawn as heat; it can be drawn as bars or table",
        ),
        ("{policy: egde, metric: xacts}", "policy", "no policy 'egde' is in this configuration"),
    ],
)
def test_what_a_policy_does_not_have_is_told_with_its_place(panel: str, key: str, said: str) -> None:
    [found] = mistakes(panel)
    column = 14 + len(key)  # where the value stands
    assert found.startswith(f"line 16, column {column}: dashboards.wall.panels.1.{key}: {said}")


def test_dashboards_are_taken_with_their_configuration_whole_or_not_at_all() -> None:
    agent = LocalAgent(AgentSettings())
    try:
        first: Any = agent.apply(CONFIG.replace("PANEL", "{metric: xacts}"), is_dry_run=False)
        assert first["dashboards"]["added"] == ["wall"]
        before = agent.dashboards
        with pytest.raises(ConfigError, match="no metric 'xcats'"):
            agent.apply(
                CONFIG.replace("PANEL", "{metric: xcats, policy: edge}").replace("wire", "other"), is_dry_run=False
            )
        assert (agent.dashboards, [*agent.taps]) == (before, ["wire"])
        tried: Any = agent.apply(CONFIG.replace("PANEL", "{metric: large}"), is_dry_run=True)
        assert tried["dashboards"]["changed"] == ["wall"]
        assert agent.dashboards is before
        agent.apply("visor: {}", is_dry_run=False)
        assert agent.dashboards == {}
    finally:
        agent.stop()


def test_a_configuration_without_dashboards_says_nothing_of_them() -> None:
    agent = LocalAgent(AgentSettings())
    assert "dashboards" not in agent.apply("visor: {}", is_dry_run=False)


def test_a_policy_is_edited_without_dashboards() -> None:
    agent = LocalAgent(AgentSettings())
    with pytest.raises(ConfigError, match="edited with its taps, and nothing else"):
        agent.apply_policy(CONFIG.replace("PANEL", "{metric: xacts}"), base=None, is_dry_run=True)
