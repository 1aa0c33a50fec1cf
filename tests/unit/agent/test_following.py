"""An agent that takes what its hub wants: whole or not at all, and beside what it has of its own."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pktvisor.agent.desired import Part, hash_of, parts_document
from pktvisor.agent.following import FILE, Follower
from pktvisor.agent.local import LocalAgent
from pktvisor.agent.tap import Origin
from pktvisor.config.schema import load_config
from pktvisor.errors import InputError
from pktvisor.outputs.hub_desired import Report, Wanted
from support.daemon import eventually
from support.inputs import TestInput
from support.written import TAP, body, file, policy


@dataclass
class Hub:
    """A hub that wants what a test says."""

    parts: tuple[Part, ...] = ()
    is_away: bool = False
    reports: list[Report] = field(default_factory=list)

    def ask(self, report: Report) -> Wanted:
        if self.is_away:
            raise InputError("Connection refused")
        self.reports.append(report)
        found = hash_of(self.parts)
        return Wanted(found, None if found == report.known else parts_document(self.parts))

    def abort(self) -> None:
        return

    def close(self) -> None:
        return

    def want(self, *texts: str) -> None:
        self.parts = tuple(Part(f"{number}.yaml", text) for number, text in enumerate(texts))

    @property
    def told(self) -> Report:
        return self.reports[-1]


@pytest.fixture
def hub() -> Hub:
    return Hub()


def following(agent: LocalAgent, hub: Hub, folder: Path | None = None) -> Follower:
    return Follower(agent, hub, interval_s=60.0, state_directory=folder)


def names(agent: LocalAgent, origin: Origin = Origin.HUB) -> list[str]:
    return [name for name, one in agent.policies.items() if one.origin is origin]


def refuse(*_: object) -> None:
    raise InputError("eth0: no such device")


def test_an_agent_has_what_its_hub_wants_and_tells_so(agent: LocalAgent, hub: Hub) -> None:
    follower = following(agent, hub)
    hub.want(file(policy()))
    follower.step()
    assert names(agent) == ["edge"]
    assert agent.taps["eth"].origin is Origin.HUB
    assert agent.policies["edge"].describe()["origin"] == "hub"
    assert (hub.told.actual, list(hub.told.policies), hub.told.error) == (hash_of(hub.parts), ["edge"], "")
    hub.want(file(policy("other")))
    follower.step()
    assert names(agent) == ["other"]
    hub.want()
    follower.step()
    assert (names(agent), dict(agent.taps), hub.told.actual) == ([], {}, "")


def test_what_does_not_change_goes_on(agent: LocalAgent, hub: Hub) -> None:
    follower = following(agent, hub)
    hub.want(file(policy()))
    follower.step()
    before = agent.policies["edge"]
    hub.want(file(policy()), body(policy("other")))
    follower.step()
    follower.step()
    assert agent.policies["edge"] is before
    assert names(agent) == ["edge", "other"]


def test_what_is_refused_leaves_all_as_it_was_and_the_hub_learns_why(agent: LocalAgent, hub: Hub) -> None:
    follower = following(agent, hub)
    hub.want(file(policy()))
    follower.step()
    before, actual = agent.policies["edge"], hub.told.actual
    hub.want("\n" + file(policy("other"), policy("wrong", source="tap: nowhere")))
    follower.step()
    assert agent.policies["edge"] is before
    assert names(agent) == ["edge"]
    assert (hub.told.known, hub.told.actual) == (hash_of(hub.parts), actual)
    assert hub.told.error.startswith("0.yaml:3:")
    assert "policies.wrong.input.tap: tap 'nowhere' does not exist" in hub.told.error


def test_an_input_that_can_not_be_had_is_tried_again(
    agent: LocalAgent, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower = following(agent, hub)
    hub.want(file(policy()))
    with monkeypatch.context() as broken:
        broken.setattr(TestInput, "start", refuse)
        follower.step()
    assert (names(agent), "no such device" in hub.told.error) == ([], True)
    hub.is_away = True
    follower.step()
    assert names(agent) == ["edge"]
    hub.is_away = False
    follower.step()
    assert (hub.told.error, hub.told.actual) == ("", hash_of(hub.parts))


def test_what_the_agent_has_of_its_own_is_left_alone(agent: LocalAgent, hub: Hub) -> None:
    agent.take_over(load_config(file(policy("mine"))))
    agent.add_policy(body(policy("api")))
    before = {name: agent.policies[name] for name in ("mine", "api")}
    follower = following(agent, hub)
    hub.want(file(policy("mine", modules="{dns: {type: dns}}"), policy("api"), policy("theirs")))
    follower.step()
    assert {name: agent.policies[name] for name in ("mine", "api")} == before
    assert names(agent) == ["theirs"]
    assert sorted(hub.told.left_out) == ["api", "eth", "mine"]
    hub.want()
    follower.step()
    assert {name: agent.policies[name] for name in ("mine", "api")} == before


def test_the_hubs_policy_gives_way_to_one_of_the_agents_own_and_comes_back(agent: LocalAgent, hub: Hub) -> None:
    follower = following(agent, hub)
    hub.want(file(policy()))
    follower.step()
    agent.take_over(load_config(file(policy(modules="{dns: {type: dns}}"))))
    assert (names(agent), names(agent, Origin.CONFIGURATION)) == ([], ["edge"])
    follower.step()
    assert (names(agent), hub.told.left_out) == ([], ("eth", "edge"))
    agent.take_over(load_config("visor: {}"))
    follower.step()
    assert (names(agent), names(agent, Origin.CONFIGURATION)) == (["edge"], [])


def test_a_policy_of_the_hub_may_use_a_tap_of_the_agent(agent: LocalAgent, hub: Hub) -> None:
    agent.add_tap(TAP)
    hub.want(body(policy()))
    following(agent, hub).step()
    assert names(agent) == ["edge"]


def test_what_somebody_removes_comes_back(agent: LocalAgent, hub: Hub) -> None:
    follower = following(agent, hub)
    hub.want(file(policy()))
    follower.step()
    agent.remove_policy("edge")
    follower.step()
    assert names(agent) == ["edge"]


def test_what_was_taken_last_is_there_after_a_restart_while_the_hub_is_away(
    agent: LocalAgent, hub: Hub, tmp_path: Path
) -> None:
    follower = following(agent, hub, tmp_path)
    hub.want(file(policy()))
    follower.step()
    hub.want(body(policy("wrong", source="tap: nowhere")))
    follower.step()
    again = LocalAgent(agent._settings)
    hub.is_away = True
    follower = following(again, hub, tmp_path)
    follower.restore()
    follower.step()
    assert names(again) == ["edge"]
    hub.is_away = False
    hub.want(file(policy()))
    follower.step()
    assert hub.told.known == hub.told.actual == hash_of(hub.parts)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"hash": "x", "parts": 1}', b"\xff", b"[" * 100_000])
def test_a_file_that_makes_no_sense_is_as_none(agent: LocalAgent, hub: Hub, tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    follower = following(agent, hub, tmp_path)
    follower.restore()
    hub.want(file(policy()))
    follower.step()
    assert names(agent) == ["edge"]


def test_a_trial_changes_nothing_and_tells_what_would_become_of_it(agent: LocalAgent, hub: Hub) -> None:
    follower = following(agent, hub)
    taken = Part("a.yaml", file(policy()))
    hub.parts = (taken, Part("b.yaml", body(policy("new")), is_trial=True))
    follower.step()
    assert names(agent) == ["edge"]
    changes = {"added": ["new"], "changed": [], "removed": [], "unchanged": ["edge"]}
    assert hub.told.trial == {"policies": changes}
    hub.parts = (taken, Part("b.yaml", body(policy("new", source="tap: nowhere")), is_trial=True))
    follower.step()
    assert "b.yaml:1:" in str(hub.told.trial["error"])
    assert hub.told.error == ""
    hub.parts = (taken,)
    follower.step()
    assert hub.told.trial == {}


def test_an_answer_without_sense_changes_nothing(agent: LocalAgent, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    follower = following(agent, hub)
    hub.want(file(policy()))
    follower.step()
    monkeypatch.setattr(hub, "ask", lambda _: Wanted("another", [{"name": 1}]))
    follower.step()
    assert names(agent) == ["edge"]


def test_a_hub_that_is_away_is_told_of_once(agent: LocalAgent, hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    follower = following(agent, hub)
    hub.is_away = True
    with caplog.at_level(logging.INFO):
        follower.step()
        follower.step()
        hub.is_away = False
        follower.step()
    said = [record.message for record in caplog.records if "the hub can" in record.message]
    assert said == [
        "the hub can't be asked for policies; what was there goes on: Connection refused",
        "the hub can be asked for policies again",
    ]


def test_a_hub_that_comes_back_only_to_refuse_a_token_is_told_of_again(
    agent: LocalAgent, hub: Hub, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> Wanted:
        raise InputError("401 a valid token is needed")

    follower = following(agent, hub)
    hub.is_away = True
    with caplog.at_level(logging.INFO):
        follower.step()
        monkeypatch.setattr(hub, "ask", refuse)
        follower.step()
        follower.step()
    said = [record.message.rpartition(": ")[2] for record in caplog.records if "the hub can" in record.message]
    assert said == ["Connection refused", "401 a valid token is needed"]


def test_a_thread_follows_the_hub_until_it_is_stopped(agent: LocalAgent, hub: Hub) -> None:
    hub.want(file(policy()))
    follower = Follower(agent, hub, interval_s=0.01, state_directory=None)
    follower.start()
    eventually(lambda: "edge" in agent.policies and len(hub.reports) > 4)
    follower.stop()
    assert not follower._thread.is_alive()
