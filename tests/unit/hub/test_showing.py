"""A hub shows the policies that were configured: of agents with some tags, also of what came before."""

from __future__ import annotations

from pathlib import Path

import pytest

from pktvisor.config.hub_models import AgentSelector, HubConfig, HubPolicyConfig
from pktvisor.errors import InputError
from pktvisor.hub.as_agent import HubAsAgent
from pktvisor.hub.history import Question, answer
from pktvisor.hub.hub import Hub
from pktvisor.hub.showing import changed_names, names_of
from support.fleet import CAPTURES, Fleet
from support.hubs import Clock, killed, running_hub

HOUR_S = 3600
START_S = 1_790_000_000 // HOUR_S * HOUR_S
FLEET = Fleet([CAPTURES / "dns_resolver.pcap"], START_S)
ONE = sum(r.value or 0 for r in FLEET.records(0) if (r.schema, r.path) == ("dns", "wire_packets.total"))
"""DNS messages that an agent sees in a minute."""
AMS, FRA, NRT, SJC = range(4)
"""Agents, by their site."""


def site(name: str, *sites: str) -> HubPolicyConfig:
    return HubPolicyConfig(name, "default", AgentSelector({"site": sites}))


@pytest.fixture
def clock() -> Clock:
    """Two minutes and 80 seconds after the begin: minute 1 is bucket 1, minute 0 bucket 2."""
    return Clock(START_S, 200.0)


def take(hub: Hub, *numbers: int, minute: int = 0) -> None:
    for number in numbers:
        hub.admission.take(FLEET.body(number, minute), hub.now_ns())


def shown(agent: HubAsAgent) -> dict[str, object]:
    """DNS messages of the last five minutes, by policy."""
    totals = {}
    for name, policy in agent.policies.items():
        samples = [sample for one in policy.window(5) if one.schema == "dns" for sample in one.samples]
        totals[name] = [sample.value for sample in samples if sample.path == ("wire_packets", "total")]
    return {name: values[0] if values else 0 for name, values in totals.items()}


def test_a_policy_of_the_hub_shows_the_agents_that_its_tags_choose(hub: Hub) -> None:
    hub.configure(HubConfig((site("fra", "fra"), site("europe", "fra", "ams"), site("nowhere", "xyz"))))
    take(hub, AMS, FRA, NRT)
    assert shown(HubAsAgent(hub)) == {"default": 3 * ONE, "europe": 2 * ONE, "fra": ONE, "nowhere": 0}


def test_a_configured_policy_stands_in_the_place_of_the_agents_own(hub: Hub) -> None:
    hub.configure(HubConfig((site("default", "nrt"),)))
    take(hub, AMS, NRT)
    assert shown(HubAsAgent(hub)) == {"default": ONE}


def test_what_is_not_sealed_is_shown_as_if_the_policy_had_always_been_there(hub: Hub) -> None:
    agent = HubAsAgent(hub)
    take(hub, AMS, FRA)
    hub.tick(1.0)
    hub.configure(HubConfig((site("west", "ams"),)))
    take(hub, AMS, minute=1)
    assert shown(agent) == {"default": 3 * ONE, "west": 2 * ONE}
    hub.configure(HubConfig((site("west", "fra"),)))
    assert shown(agent) == {"default": 3 * ONE, "west": ONE}
    hub.configure(HubConfig())
    assert shown(agent) == {"default": 3 * ONE}


def test_a_default_that_was_narrowed_is_whole_again_once_its_configuration_goes(hub: Hub) -> None:
    take(hub, AMS, FRA, NRT)
    hub.configure(HubConfig((site("default", "nrt"),)))
    assert shown(HubAsAgent(hub)) == {"default": ONE}
    hub.configure(HubConfig())
    assert shown(HubAsAgent(hub)) == {"default": 3 * ONE}


def test_a_disk_that_fails_keeps_no_configuration_from_being_taken(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: object) -> None:
        raise InputError("journal: Input/output error")

    take(hub, AMS, FRA)
    monkeypatch.setattr(hub.journal, "read", fail)
    hub.configure(HubConfig((site("fra", "fra"),)))
    take(hub, FRA, minute=1)
    assert shown(HubAsAgent(hub)) == {"default": 3 * ONE, "fra": ONE}
    assert "show nothing of the past: journal: Input/output error" in caplog.text


def test_a_bucket_is_read_anew_where_its_policy_shows_as_many_windows_of_others(hub: Hub) -> None:
    agent = HubAsAgent(hub)
    hub.configure(HubConfig((site("one", "ams"),)))
    take(hub, AMS, FRA, minute=0)
    hub.tick(1.0)
    before = agent.policies["one"].agents(START_S // 60)
    agent.policies["one"].bucket(2)
    hub.configure(HubConfig((site("one", "fra"),)))
    assert [*before, *agent.policies["one"].agents(START_S // 60)] == [FLEET.name(AMS), FLEET.name(FRA)]
    assert agent.policies["one"]._read == {}


def test_an_hour_is_sealed_as_it_is_shown_by_then(hub: Hub, clock: Clock) -> None:
    take(hub, AMS, FRA)
    hub.configure(HubConfig((site("fra", "fra"),)))
    clock.after_s = HOUR_S + 400
    hub.tick(1e6)
    hub.wait_for_sealing()
    hub.configure(HubConfig())
    question = Question("fra", "dns.wire_packets.total", START_S, START_S + HOUR_S, HOUR_S)
    assert answer(question, hub.stored, hub.minutes)["series"] == {"": [[START_S, ONE]]}


def test_a_hub_that_was_killed_shows_what_its_configuration_says(tmp_path: Path, clock: Clock) -> None:
    with running_hub(tmp_path, clock, HubConfig((site("fra", "fra"),))) as before:
        take(before, AMS, FRA)
        after = killed(before)
        assert shown(HubAsAgent(after)) == {"default": 2 * ONE, "fra": ONE}
        after.stop()


def test_names_tell_what_shows_a_policy_of_an_agent() -> None:
    configured = (site("fra", "fra"), HubPolicyConfig("edges", "edge"))
    assert names_of(configured, "default", {"site": "fra"}) == ["default", "fra"]
    assert names_of(configured, "edge", {}) == ["edge", "edges"]
    assert names_of(configured, "fra", {"site": "fra"}) == []
    assert changed_names(configured, (site("fra", "ams"), configured[1], site("new", "x"))) == {"fra", "new"}
