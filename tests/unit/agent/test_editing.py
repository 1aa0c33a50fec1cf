"""A policy edited by itself: shown as text, checked, tried, and taken whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pktvisor.agent import editing
from pktvisor.agent.local import AgentSettings, LocalAgent
from pktvisor.agent.tap import Origin
from pktvisor.api.configuring import ORIGINS
from pktvisor.config.schema import load_config
from pktvisor.errors import ConfigError, ConflictError, InputError
from support.inputs import TestInput
from support.written import TAP, body, file, policy

DNS = "{names: {type: dns}}"
WRITTEN = """\
visor:
  taps:
    eth: {input_type: pcap, config: {iface: eth0}}
  policies:
    # The edge.
    edge:
      kind: collection
      input: {tap: eth, input_type: pcap}
      handlers:
        modules:
          net: {type: net}
"""


def shown(agent: LocalAgent, section: str = "policies") -> dict[str, Any]:
    told: Any = agent.configuration()[section]
    return {name: one for name, one in told.items() if one["origin"] != "stream"}


def edit(agent: LocalAgent, text: str, *, base: str | None = None, is_dry_run: bool = False) -> Any:
    return agent.apply_policy(text, base=base, is_dry_run=is_dry_run)


def test_a_policy_is_shown_in_the_words_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "edge.yaml"
    path.write_text(WRITTEN)
    agent = LocalAgent(AgentSettings(config_file=path))
    agent.apply(None, is_dry_run=False)
    edge = shown(agent)["edge"]
    assert (edge["origin"], edge["file"]) == ("configuration", "edge.yaml")
    assert "    # The edge.\n    edge:\n" in edge["text"]
    assert edge["since"] > 0
    assert agent.configuration()["has_file"] is True
    path.write_text(WRITTEN.replace("The edge", "Its comment has changed"))
    agent.apply(None, is_dry_run=False)
    assert "# Its comment has changed" in shown(agent)["edge"]["text"]
    assert shown(agent)["edge"] | {"text": ""} == edge | {"text": ""}, "the policy itself has gone on"


def test_where_a_policy_came_from_is_told(agent: LocalAgent) -> None:
    agent.add_tap(TAP)
    agent.add_policy(body(policy("posted")))
    agent.take_over(load_config(file(policy("handed"), taps="hub: {input_type: pcap}")), origin=Origin.HUB)
    assert {name: (one["origin"], one.get("file")) for name, one in shown(agent).items()} == {
        "posted": ("api", None),
        "handed": ("hub", None),
    }
    assert shown(agent, "taps")["eth"]["origin"] == "api"
    own = [one for one in agent.configuration()["policies"].values() if one["origin"] == "stream"]  # type: ignore[attr-defined]
    assert own
    assert all("text" not in one for one in own), "nobody wrote them"
    assert {origin.value for origin in Origin} == set(ORIGINS)


def test_texts_of_what_is_gone_or_beyond_the_bound_are_not_kept(
    agent: LocalAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent.add_tap(TAP)
    text = WRITTEN.replace("    eth: {input_type: pcap, config: {iface: eth0}}\n", "").replace("  taps:\n", "")
    monkeypatch.setattr(editing, "MOST_CHARACTERS", len(TAP) + len(text))
    agent.add_policy(text)
    assert "# The edge." in shown(agent)["edge"]["text"]
    agent.add_policy(text.replace("edge:", "more:"))
    assert "# The edge." not in shown(agent)["more"]["text"]
    agent.remove_policy("edge")
    agent.remove_policy("more")
    agent.add_policy(text.replace("edge:", "last:"))
    assert "# The edge." in shown(agent)["last"]["text"]


def test_everything_wrong_is_found_with_the_taps_that_run(agent: LocalAgent) -> None:
    agent.add_tap(TAP)
    text = WRITTEN.replace("  taps:\n    eth: {input_type: pcap, config: {iface: eth0}}\n", "")
    assert agent.find_faults(text) == {"faults": [], "warnings": []}
    wrong = text.replace("tap: eth", "tap: eht").replace("net: {type: net}", "net: {type: nett, confg: {}}")
    found: Any = agent.find_faults(wrong)
    fixes = [(one["line"], one["column"], one["fix"]) for one in found["faults"]]
    assert fixes == [
        (6, 20, {"line": 6, "column": 20, "length": 3, "text": "eth"}),
        (9, 23, {"line": 9, "column": 23, "length": 4, "text": "net"}),
    ]
    assert found["faults"][0]["path"] == "policies.edge.input.tap"
    [warning] = found["warnings"]
    assert (warning["line"], warning["fix"]["text"]) == (9, "config")
    assert not agent.policies, "nothing is made"


def test_a_text_that_is_no_yaml_has_its_place(agent: LocalAgent) -> None:
    found: Any = agent.find_faults("visor:\n\tpolicies: {}\n")
    [fault] = found["faults"]
    assert (fault["line"], fault["column"]) == (2, 1)


def test_a_key_that_is_misspelt_is_told_once(agent: LocalAgent) -> None:
    agent.add_tap(TAP)
    found: Any = agent.find_faults(body(policy()).replace("handlers", "handlrs"))
    [fault] = found["faults"]
    assert fault["fix"]["text"] == "handlers"
    assert found["warnings"] == []


def test_a_dry_run_tells_what_would_become_of_windows_and_inputs(agent: LocalAgent) -> None:
    agent.add_tap(TAP)
    agent.add_policy(body(policy(), policy("stays")).replace(f", {policy('stays')}", ""))
    agent.add_policy(body(policy("stays", given=", filter: {bpf: udp}")))
    [kept, other] = agent.inputs
    before = agent.configuration()
    told = edit(agent, body(policy(modules=DNS)), is_dry_run=True)
    assert told["policies"] == {"added": [], "changed": ["edge"], "removed": [], "unchanged": ["stays"]}
    assert told["dropped"] == {"edge": {"windows": 0, "seconds": 0}}
    assert {name: one["becomes"] for name, one in told["inputs"].items()} == {kept: "unchanged", other: "unchanged"}
    told = edit(agent, body(policy(given=", filter: {bpf: tcp}")), is_dry_run=True)
    fates = {name: one["becomes"] for name, one in told["inputs"].items()}
    assert (fates.pop(kept), fates.pop(other), *fates.values()) == ("closed", "unchanged", "opened")
    assert agent.configuration() == before
    assert [one.is_open for one in TestInput.made] == [True, True, False]


def test_a_policy_is_changed_and_the_others_go_on(agent: LocalAgent) -> None:
    agent.apply(file(policy(), policy("stays")), is_dry_run=False)
    stays = agent.policies["stays"]
    told = edit(agent, body(policy(modules=DNS)))
    assert told["policies"]["changed"] == ["edge"]
    assert agent.policies["edge"].instances == ("edge-eth-names",)
    assert agent.policies["stays"] is stays
    assert agent.policies["edge"].origin is Origin.CONFIGURATION, "so that reading the file again sets it back"
    agent.apply(file(policy(), policy("stays")), is_dry_run=False)
    assert agent.policies["edge"].instances == ("edge-eth-net",)


def test_a_policy_is_added_with_its_tap(agent: LocalAgent) -> None:
    told = edit(agent, file(policy()))
    assert (told["taps"]["added"], told["policies"]["added"]) == (["eth"], ["edge"])
    assert {one["origin"] for one in (*shown(agent).values(), *shown(agent, "taps").values())} == {"api"}
    assert edit(agent, file(policy()))["policies"]["unchanged"] == ["edge"], "the tap may stand there again"
    with pytest.raises(ConflictError, match="module name 'eth' already exists"):
        edit(agent, file(policy(), taps="eth: {input_type: pcap, config: {iface: eth1}}"))


def test_what_changes_nothing_is_taken_with_its_comments(agent: LocalAgent) -> None:
    agent.apply(WRITTEN, is_dry_run=False)
    edge = agent.policies["edge"]
    told = edit(agent, WRITTEN.replace("The edge.", "The edge of the site."))
    assert told["policies"]["unchanged"] == ["edge"]
    assert agent.policies["edge"] is edge
    assert "# The edge of the site." in shown(agent)["edge"]["text"]


def test_a_policy_that_somebody_else_has_changed_is_not_overwritten(agent: LocalAgent) -> None:
    agent.apply(file(policy()), is_dry_run=False)
    base = shown(agent)["edge"]["digest"]
    edit(agent, body(policy(modules=DNS)), base=base)
    for is_dry_run in (True, False):
        with pytest.raises(ConflictError, match="policy 'edge' has been changed meanwhile"):
            edit(agent, body(policy()), base=base, is_dry_run=is_dry_run)
    with pytest.raises(ConflictError, match="has been added meanwhile"):
        edit(agent, body(policy()), base="")
    with pytest.raises(ConflictError, match="has been removed meanwhile"):
        edit(agent, body(policy("gone")), base=base)
    assert agent.policies["edge"].instances == ("edge-eth-names",)
    edit(agent, body(policy("new")), base="")
    assert "new" in agent.policies


def test_what_is_not_ours_to_change_stays(agent: LocalAgent) -> None:
    agent.take_over(load_config(file(policy())), origin=Origin.HUB)
    with pytest.raises(ConflictError, match="comes from the hub: change it there"):
        edit(agent, body(policy(modules=DNS)))
    [own] = [name for name in agent.policies if name != "edge"]
    with pytest.raises(ConflictError, match="comes and goes with its input"):
        edit(agent, body(policy(own)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (body(policy(), policy("more")), "only a single policy expected but got 2"),
        ("visor: {policies: {}}", "only a single policy expected but got 0"),
        (file(policy(), more=", config: {port: 80}"), "with its taps, and nothing else"),
        (file(policy(), more=", global_handler_config: {net: {topn_count: 3}}"), "with its taps, and nothing else"),
        (
            file(policy(), more=", dashboards: {d: {panels: [{handler: net, metric: total}]}}"),
            "with its taps, and nothing else",
        ),
        (body(policy(modules="{names: {type: dsn}}")), "requires stream handler type 'dsn'"),
    ],
)
def test_a_wrong_text_changes_nothing(agent: LocalAgent, text: str, message: str) -> None:
    agent.apply(file(policy()), is_dry_run=False)
    before = agent.configuration()
    with pytest.raises(ConfigError, match=message) as caught:
        edit(agent, text)
    assert caught.value.place.startswith("line ")
    assert agent.configuration() == before


def test_an_input_that_cant_be_opened_leaves_the_policy_as_it_was(agent: LocalAgent) -> None:
    agent.apply(file(policy()), is_dry_run=False)
    before = agent.configuration()
    with pytest.raises(InputError, match="can't be captured from"):
        edit(agent, body(policy(given=", config: {refuses: true}")))
    assert agent.configuration() == before


def test_a_whole_configuration_tells_details_to_who_asks(agent: LocalAgent) -> None:
    agent.apply(file(policy()), is_dry_run=False)
    told: Any = agent.apply(file(), is_dry_run=True, is_detailed=True)
    assert told["policies"]["removed"] == ["edge"]
    assert list(told["dropped"]) == ["edge"]
    assert [one["becomes"] for one in told["inputs"].values()] == ["closed"]
    assert "dropped" not in agent.apply(file(), is_dry_run=True)
