"""An agent that asks a hub for policies over HTTP, whatever this answers."""

from __future__ import annotations

import json

import pytest

from pktvisor.config.urls import read_url
from pktvisor.errors import InputError
from pktvisor.outputs.hub_desired import MOST_ANSWER_BYTES, DesiredClient, Report, Wanted
from pktvisor.outputs.hub_target import HubTarget
from support.http_receiver import Answer, answer, close, endless
from support.hub_receiver import hub, refusal


def client(port: int, name: str = "pop 1") -> DesiredClient:
    target = HubTarget(read_url(f"http://127.0.0.1:{port}/below"))
    return DesiredClient(target, agent=name, version="5.0.0", tags=(("site", "fra"),))


def wanted(document: object) -> Answer:
    return answer(200, json.dumps(document).encode(), Content_Type="application/json")


def test_an_agent_tells_what_it_has_and_learns_what_is_wanted() -> None:
    with hub(wanted({"hash": "x", "parts": []}), wanted({"hash": "x"})) as receiver:
        asking = client(receiver.port)
        report = Report("a", "b", {"edge": "1"}, ("eth",), "no", {"error": "x"})
        assert asking.ask(report) == Wanted("x", [])
        assert asking.ask(Report()) == Wanted("x")
        asking.close()
    assert receiver.paths == ["/below/api/v1/agents/pop%201/desired"] * 2
    assert json.loads(receiver.bodies[0]) == {
        "version": "5.0.0",
        "tags": {"site": "fra"},
        "known": "a",
        "actual": "b",
        "policies": {"edge": "1"},
        "left_out": ["eth"],
        "error": "no",
        "trial": {"error": "x"},
    }


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (refusal(403, "this token is for the agent x"), "403 Forbidden: this token is for the agent x"),
        (answer(404), "404 Not Found"),
        (answer(302, Location="http://127.0.0.1:1/"), "302"),
        (answer(200, b"\xff"), "says nothing of policies"),
        (wanted([]), "says nothing of policies"),
        (wanted({"hash": 1}), "says nothing of policies"),
        (wanted({"hash": "x" * 201}), "says nothing of policies"),
        (answer(200, b" " * (MOST_ANSWER_BYTES + 1)), "says nothing of policies"),
        (close, "closed|reset"),
    ],
)
def test_what_is_no_answer_is_told_in_a_sentence(reply: Answer, sentence: str) -> None:
    with hub(reply, reply) as receiver:
        asking = client(receiver.port)
        with pytest.raises(InputError, match=sentence):
            asking.ask(Report())
        asking.close()


def test_an_answer_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pktvisor.outputs.hub_desired.REQUEST_S", 0.5)
    with hub(endless, endless) as receiver, pytest.raises(InputError):
        client(receiver.port).ask(Report())


def test_a_hub_that_is_not_there_is_told() -> None:
    with hub() as receiver:
        pass
    with pytest.raises(InputError, match="refused"):
        client(receiver.port).ask(Report())
