"""An agent's changes: whole or not at all, and what does not change goes on."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from pktvisor import clock
from pktvisor.agent import preparing, swap, tap
from pktvisor.agent.local import AgentSettings, LocalAgent
from pktvisor.agent.tap import Origin
from pktvisor.config.schema import load_config
from pktvisor.errors import ConfigError, ConflictError, InputError, NoMatchError, NotFoundError
from pktvisor.policies.default import default_policy, default_tap
from pktvisor.policies.instances import WindowDefaults
from pktvisor.server.errors import error_document
from support.inputs import TestInput
from support.written import TAP, body, file, policy


def names(agent: LocalAgent) -> list[str]:
    """Its policies but those that streams bring along."""
    return [name for name in agent.policies if not name.endswith("-resources")]


def test_a_tap_is_described_as_it_was_defined(agent: LocalAgent) -> None:
    described = {
        "config": {"iface": "eth0"},
        "input_type": "pcap",
        "interface": "visor.module.input/1.0",
        "tags": {"site": "ams", "rack": 1, "live": True},
    }
    assert agent.add_tap(TAP) == {"eth": described}
    assert agent.taps["eth"].describe() == described
    assert TestInput.made == [], "nothing is opened before a policy needs it"


def test_a_tap_may_be_defined_once(agent: LocalAgent) -> None:
    agent.add_tap(TAP)
    with pytest.raises(ConflictError, match="module name 'eth' already exists"):
        agent.add_tap(TAP)


def test_a_tap_of_unknown_type_is_refused(agent: LocalAgent) -> None:
    with pytest.raises(ConfigError, match="requires input stream type 'pcapp' which is not available"):
        agent.add_tap("visor: {taps: {eth: {input_type: pcapp}}}")
    assert not agent.taps


def test_an_empty_section_makes_nothing(agent: LocalAgent) -> None:
    assert agent.add_tap("visor: {taps: {}}") == {}
    assert agent.add_policy("visor: {policies: {}}") == {}


def test_a_policy_brings_the_policy_of_its_streams_resources(agent: LocalAgent) -> None:
    agent.add_tap(TAP)
    described = agent.add_policy(body(policy()))
    (stream,) = agent.inputs
    assert list(described) == ["edge"]
    assert list(agent.policies) == ["edge", f"{stream}-resources"]
    assert agent.policies["edge"].instances == ("edge-eth-net",)
    assert agent.policies[f"{stream}-resources"].instances == (f"{stream}-resources",)


def test_policies_that_want_the_same_share_a_stream(agent: LocalAgent) -> None:
    agent.add_tap(TAP)
    agent.add_policy(body(policy("one", given=", config: {bpf: udp}")))
    agent.add_policy(body(policy("two", given=", filter: {bpf: udp}")))
    agent.add_policy(body(policy("three")))
    shared, other = TestInput.made
    assert [len(shared.fed), len(other.fed)] == [3, 2], "each feeds the policy of its resources, too"
    assert shared.noted == (2, 2)
    agent.remove_policy("one")
    assert (shared.is_open, len(shared.fed)) == (True, 2)
    agent.remove_policy("two")
    assert (shared.is_open, other.is_open) == (False, True)
    assert names(agent) == ["three"]
    assert len(agent.policies) == 2, "the stream's own policy has gone with it"


def test_a_policy_of_a_selector_has_handlers_for_each_tap(agent: LocalAgent) -> None:
    taps = "a: {input_type: pcap, tags: {site: ams}}, b: {input_type: pcap, tags: {site: fra}}, c: {input_type: pcap}"
    agent.apply(file(taps=taps), is_dry_run=False)
    agent.add_policy(body(policy(source="tap_selector: {any: [{site: ams}, {site: fra}]}")))
    assert agent.policies["edge"].instances == ("edge-a-net", "edge-b-net")
    assert list(agent.policies["edge"].describe()["taps"]) == ["a", "b"]  # type: ignore[call-overload]
    with pytest.raises(NoMatchError, match=r"no tap match found for specified 'input.tap_selector' tags"):
        agent.add_policy(body(policy("other", source="tap_selector: {all: [{site: ams}, {site: fra}]}")))


def test_a_policy_that_cant_start_leaves_nothing_behind(agent: LocalAgent) -> None:
    agent.add_tap("visor: {taps: {eth: {input_type: pcap, config: {iface: eth9, refuses: true}}}}")
    with pytest.raises(InputError, match=r"policy \[edge\] failed to start: eth9 can't be captured from"):
        agent.add_policy(body(policy()))
    assert not agent.policies
    assert not agent.inputs


def test_what_is_wrong_with_a_policy_has_its_place(agent: LocalAgent) -> None:
    agent.add_tap(TAP)
    with pytest.raises(ConfigError) as caught:
        agent.add_policy(body(policy(modules="{names: {type: dns, config: {only_rcod: 3}}}")))
    assert caught.value.path.startswith("policies.edge.handlers.modules.names")
    assert "only_rcod is an invalid/unsupported config or filter" in caught.value.message
    with pytest.raises(ConfigError, match="tap 'eht' does not exist; did you mean 'eth'"):
        agent.add_policy(body(policy(source="tap: eht")))
    assert not agent.policies


def test_a_name_is_given_once(agent: LocalAgent) -> None:
    agent.add_tap(TAP)
    agent.add_policy(body(policy()))
    with pytest.raises(ConflictError, match="policy with name 'edge' already defined"):
        agent.add_policy(body(policy()))
    agent.add_tap("visor: {taps: {a-eth: {input_type: pcap}}}")
    agent.add_policy(body(policy("b-a")))
    with pytest.raises(ConflictError, match="module name 'b-a-eth-net' already exists"):
        agent.add_policy(body(policy("b", source="tap: a-eth")))


def test_what_is_not_there_cant_be_removed(agent: LocalAgent) -> None:
    with pytest.raises(NotFoundError, match="policy does not exists"):
        agent.remove_policy("edge")
    with pytest.raises(NotFoundError, match="tap does not exists"):
        agent.remove_tap("eth")


def test_a_stream_goes_on_without_its_tap(agent: LocalAgent) -> None:
    agent.add_tap(TAP)
    agent.add_policy(body(policy()))
    agent.remove_tap("eth")
    assert TestInput.made[0].is_open
    assert "taps" not in agent.policies["edge"].describe()


def test_the_command_lines_policy_is_named_as_clients_expect(agent: LocalAgent) -> None:
    agent.define(default_tap("eth0", ""), Origin.COMMAND_LINE)
    agent.start(default_policy("", WindowDefaults()), Origin.COMMAND_LINE)
    assert agent.policies["default"].instances == (
        "default-default-net",
        "default-default-dhcp",
        "default-default-dns",
        "default-default-pcap_stats",
    )
    ((name, stream),) = agent.policies["default"].describe()["input"].items()  # type: ignore[attr-defined]
    assert stream["module"] == {"config": {"bpf": "", "host_spec": "", "iface": "eth0"}, "name": name}
    assert stream["input"] == {"consumers": 5, "running": True}


def test_a_changed_configuration_leaves_alone_what_does_not_change(agent: LocalAgent) -> None:
    agent.apply(file(policy("stays"), policy("changes"), policy("goes")), is_dry_run=False)
    agent.add_policy(body(policy("by_api")))
    stays, stream = agent.policies["stays"], TestInput.made[0]
    after = file(policy("stays"), policy("changes", modules="{dns: {type: dns}}"), policy("comes"))
    told = {
        "taps": {"added": [], "changed": [], "removed": [], "unchanged": ["eth"]},
        "policies": {"added": ["comes"], "changed": ["changes"], "removed": ["goes"], "unchanged": ["stays"]},
    }
    assert agent.apply(after, is_dry_run=True) == told
    assert sorted(names(agent)) == ["by_api", "changes", "goes", "stays"], "a dry run changes nothing"
    assert agent.apply(after, is_dry_run=False) == told
    assert sorted(names(agent)) == ["by_api", "changes", "comes", "stays"]
    assert agent.policies["stays"] is stays
    assert TestInput.made == [stream], "the stream has never stopped"
    assert stream.is_open
    assert agent.policies["changes"].instances == ("changes-eth-dns",)


def test_a_changed_tap_changes_its_policies(agent: LocalAgent) -> None:
    agent.apply(file(policy()), is_dry_run=False)
    before = agent.policies["edge"]
    agent.apply(file(policy(), taps="eth: {input_type: pcap, config: {iface: eth1}}"), is_dry_run=False)
    assert agent.policies["edge"] is not before
    assert [made.is_open for made in TestInput.made] == [False, True]


def test_changed_settings_of_a_handler_type_change_its_policies_only(agent: LocalAgent) -> None:
    both = (policy("names", modules="{dns: {type: dns}}"), policy("packets"))
    agent.apply(file(*both), is_dry_run=False)
    told = agent.apply(file(*both, more=", global_handler_config: {dns: {only_rcode: 3}}"), is_dry_run=True)
    assert told["policies"] == {"added": [], "changed": ["names"], "removed": [], "unchanged": ["packets"]}


def test_a_configuration_with_a_fault_changes_nothing(agent: LocalAgent) -> None:
    agent.apply(file(policy()), is_dry_run=False)
    before = dict(agent.policies)
    refusing = "eth: {input_type: pcap, config: {iface: eth0}}, bad: {input_type: pcap, config: {refuses: true}}"
    with pytest.raises(InputError):
        agent.apply(file(policy("new"), policy("bad", source="tap: bad"), taps=refusing), is_dry_run=False)
    with pytest.raises(ConfigError):
        agent.apply(file(policy("new"), policy("other", modules="{x: {type: dsn}}")), is_dry_run=True)
    assert dict(agent.policies) == before
    assert [made.is_open for made in TestInput.made] == [True, False]
    assert list(agent.taps) == ["eth"]


def test_a_configuration_may_not_take_a_name_of_the_apis(agent: LocalAgent) -> None:
    agent.add_tap(TAP)
    with pytest.raises(ConflictError, match="module name 'eth' already exists"):
        agent.apply(file(), is_dry_run=False)
    agent.add_policy(body(policy()))
    other = file(policy(source="tap: other"), taps="other: {input_type: pcap}")
    with pytest.raises(ConflictError, match="policy with name 'edge' already defined"):
        agent.apply(other, is_dry_run=False)


def test_the_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "edge.yaml"
    agent = LocalAgent(AgentSettings(config_file=path))
    path.write_text(file(policy()))
    agent.apply(None, is_dry_run=False)
    assert names(agent) == ["edge"]
    path.write_text("visor: {policies: {edge: {kind: collecting}}}")
    with pytest.raises(ConfigError, match=r"edge\.yaml:1:\d+: policies\.edge\.kind: unknown policy kind: collecting"):
        agent.apply(None, is_dry_run=False)
    assert names(agent) == ["edge"]


def test_without_a_file_there_is_nothing_to_read_again(agent: LocalAgent) -> None:
    with pytest.raises(NotFoundError, match="started without --config"):
        agent.apply(None, is_dry_run=False)


def test_a_stream_that_ends_by_itself_is_told_of(agent: LocalAgent) -> None:
    agent.add_tap(TAP)
    agent.add_policy(body(policy()))
    assert agent.check() == []
    TestInput.made[0].broken = "eth0 is gone"
    (fault,) = agent.check()
    assert fault.endswith("eth0 is gone")
    (stream,) = agent.policies["edge"].describe()["input"].values()  # type: ignore[attr-defined]
    assert (stream["input"]["running"], stream["fault"]) == (False, "eth0 is gone")


def test_a_stream_that_ended_by_itself_goes_on_when_it_can(agent: LocalAgent, caplog: pytest.LogCaptureFixture) -> None:
    agent.add_tap(TAP)
    agent.add_policy(body(policy()))
    agent.resume(now_s=0)
    (source,) = TestInput.made
    fed = list(source.fed)
    source.break_down("eth0 is gone")
    agent.resume(now_s=1)
    agent.resume(now_s=1.5)
    assert source.starts == 2, "the second attempt comes a second after the first"
    agent.resume(now_s=2)
    (fault,) = agent.check()
    assert fault.endswith("eth0 is gone; it is tried again every 60 s at least, 2 times so far")
    agent.add_policy(body(policy("late")))
    source.broken = None
    with caplog.at_level(logging.INFO, "pktvisor"):
        agent.resume(now_s=4)
    assert agent.check() == []
    assert source.fed[: len(fed)] == fed
    assert len(source.fed) == len(fed) + 1, "the policy that came meanwhile is fed as well"
    assert source.noted == (2, 2)
    assert caplog.messages[-1].endswith("captured on again")


def test_a_stream_that_keeps_rights_is_told_of_once(agent: LocalAgent, caplog: pytest.LogCaptureFixture) -> None:
    agent.add_tap(TAP)
    agent.add_policy(body(policy()))
    TestInput.made[0].warned = ["capabilities are kept"]
    for _ in range(2):
        assert agent.check() == []
    assert [message.split("]: ")[1] for message in caplog.messages] == ["capabilities are kept"]


def test_attempts_become_rare(agent: LocalAgent) -> None:
    agent.add_tap(TAP)
    agent.add_policy(body(policy()))
    (source,) = TestInput.made
    source.break_down("eth0 is gone")
    for second in range(3600):
        agent.resume(now_s=second)
    assert 1 + 60 < source.starts < 1 + 70


def test_the_same_fault_is_told_again_when_it_comes_again(agent: LocalAgent, caplog: pytest.LogCaptureFixture) -> None:
    agent.add_tap(TAP)
    agent.add_policy(body(policy()))
    for _ in range(2):
        TestInput.made[0].break_down("eth0 is gone")
        agent.check()
        agent.check()
        TestInput.made[0].broken = None
        agent.resume(now_s=0)
    assert sum("eth0 is gone" in message for message in caplog.messages) == 2


def test_the_metrics_that_a_policy_declares_have_a_bound(agent: LocalAgent) -> None:
    agent.add_tap(TAP)
    where = "'" + " or ".join(["dns.rcode == 3"] * 200) + "'"
    module = f"{{type: custom, metrics: {{x: {{counter: dns, where: {where}}}}}}}"
    few, many = (", ".join(f"m{number}: {module}" for number in range(count)) for count in (2, 30))
    agent.add_policy(body(policy("few", modules=f"{{{few}}}")))
    with pytest.raises(ConfigError, match="the metrics that a policy declares have at most 65536 characters"):
        agent.add_policy(body(policy("many", modules=f"{{{many}}}")))


def test_policies_taps_inputs_and_handlers_have_bounds(agent: LocalAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swap, "MOST_POLICIES", 3)
    monkeypatch.setattr(swap, "MOST_STREAMS", 2)
    monkeypatch.setattr(preparing, "MOST_HANDLERS", 2)
    monkeypatch.setattr(tap, "MOST_TAPS", 1)
    agent.add_tap(TAP)
    with pytest.raises(ConfigError, match="at most 1 taps"):
        agent.add_tap(TAP.replace("eth:", "other:"))
    with pytest.raises(ConfigError, match="at most 2 handlers"):
        agent.add_policy(body(policy(modules="{a: {type: net}, b: {type: net}, c: {type: net}}")))
    for name, filter_expression in (("one", "udp"), ("two", "tcp")):
        agent.add_policy(body(policy(name, given=f", filter: {{bpf: {filter_expression}}}")))
    with pytest.raises(ConfigError, match="at most 2 inputs"):
        agent.add_policy(body(policy("three", given=", filter: {bpf: icmp}")))
    agent.add_policy(body(policy("three", given=", filter: {bpf: udp}")))
    with pytest.raises(ConfigError, match="at most 3 policies"):
        agent.add_policy(body(policy("four", given=", filter: {bpf: udp}")))
    assert names(agent) == ["one", "two", "three"]
    assert list(agent.taps) == ["eth"]


def test_stopping_stops_every_stream(agent: LocalAgent) -> None:
    agent.add_tap(TAP)
    agent.add_policy(body(policy()))
    agent.stop()
    assert not TestInput.made[0].is_open
    agent.shut_down()
    assert agent.is_stopping.is_set()


def test_settings_for_handlers_that_there_are_none_of_are_told(
    agent: LocalAgent, caplog: pytest.LogCaptureFixture
) -> None:
    agent.apply(file(policy(), more=", global_handler_config: {nett: {}, net: {topn_count: 3}}"), is_dry_run=False)
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    sentence = "global_handler_config configures stream handler type 'nett' which is not available, ignoring"
    assert told == [f"{sentence}; did you mean 'net'?"]


def test_a_policy_without_handlers_has_its_input_all_the_same(agent: LocalAgent) -> None:
    agent.add_tap(TAP)
    told = agent.add_policy(body(policy(modules="{}")))["edge"]
    assert set(told) == {"input", "taps", "length_s", "memory"}  # type: ignore[call-overload]
    assert [name.rpartition("-")[2] for name in agent.policies] == ["edge", "resources"]
    assert agent.policies["edge"].bucket(3) == agent.policies["edge"].latest() == []
    agent.remove_policy("edge")
    assert (agent.policies, agent.inputs) == ({}, {})


def test_a_section_of_a_wrong_shape_changes_nothing(agent: LocalAgent) -> None:
    agent.take_over(load_config(file(policy())))
    with pytest.raises(ConfigError, match="no policies found in schema"):
        agent.apply("visor: {taps: {}, policies: []}", is_dry_run=False)
    assert names(agent) == ["edge"]


def test_what_a_configuration_says_in_vain_is_told_each_time_it_is_read(
    agent: LocalAgent, caplog: pytest.LogCaptureFixture
) -> None:
    agent.apply("visor: {tops: {}}", is_dry_run=False)
    assert "tops: unknown section" in caplog.messages[0]


def test_mistakes_of_handlers_begin_with_the_words_that_clients_know(agent: LocalAgent) -> None:
    agent.add_tap(TAP)
    for module in ("{type: net, filter: {only_asn: [1]}}", "{type: net, metric_groups: {enable: [x]}}"):
        with pytest.raises(ConfigError) as caught:
            agent.add_policy(body(policy(modules=f"{{m: {module}}}")))
        told = str(error_document(caught.value)["error"])
        assert told.startswith("policy [edge] failed to start: ")
        assert "is an invalid/unsupported" in told


def test_jumping_time_stamps_are_told_once_a_minute(
    agent: LocalAgent, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent.add_tap(TAP)
    agent.add_policy(body(policy()))
    for steps, now_s in ((0, 1000.0), (1, 1001.0), (2, 1002.0), (5, 1060.0), (5, 1062.0), (5, 1200.0)):
        monkeypatch.setattr(TestInput, "ledger", lambda _, steps=steps: {"time.steps": steps})
        monkeypatch.setattr(clock, "monotonic", lambda now_s=now_s: now_s)
        agent.check()
    told = [message.split("]: ")[1].partition(":")[0] for message in caplog.messages]
    assert told == ["1 time stamp has jumped (1 so far)", "4 time stamps have jumped (5 so far)"]
