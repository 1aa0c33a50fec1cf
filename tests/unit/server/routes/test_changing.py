"""Taps and policies come and go: the same rules for both, hence one story."""

from __future__ import annotations

import pytest

from pktvisor.errors import ConfigError, ConflictError, InputError, NoMatchError, RightsError
from support.agents import FakeAgent, FakePolicy, FakeTap
from support.serving import YAML, admin, client

KINDS = ["taps", "policies"]
BODY = b"version: '1.0'\n"


@pytest.fixture
def agent() -> FakeAgent:
    return FakeAgent({"edge": FakePolicy("edge", [])}, taps={"edge": FakeTap()})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("content_type", ["application/x-yaml", "application/json"])
def test_what_is_made_is_told_with_201(agent: FakeAgent, kind: str, content_type: str) -> None:
    reply = admin(agent).post(f"/api/v1/{kind}", content=BODY, headers={"content-type": content_type})
    assert (reply.status_code, list(reply.json())) == (201, ["new"])
    assert agent.done == [({"taps": "add_tap", "policies": "add_policy"}[kind], BODY.decode())]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({}, "must include Content-Type header"),
        ({"content-type": ""}, "Content-Type not supported"),
        ({"content-type": "text/yaml"}, "Content-Type not supported"),
        ({"content-type": "application/json; charset=utf-8"}, "Content-Type not supported"),
    ],
)
def test_other_content_types_are_400(agent: FakeAgent, kind: str, headers: dict[str, str], text: str) -> None:
    reply = admin(agent).post(f"/api/v1/{kind}", content=BODY, headers=headers)
    assert (reply.status_code, reply.json()) == (400, {"error": text})
    assert agent.done == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_body_that_is_no_text_is_400(agent: FakeAgent, kind: str) -> None:
    reply = admin(agent).post(f"/api/v1/{kind}", content=b"visor: \xff", headers=YAML)
    assert (reply.status_code, reply.json()) == (400, {"error": "the body is not UTF-8 at byte 7"})


@pytest.mark.parametrize(
    ("kind", "error", "status"),
    [
        ("taps", ConflictError("module name 'edge' already exists"), 409),
        ("policies", ConflictError("policy with name 'edge' already defined"), 409),
        ("policies", NoMatchError("no tap match found for specified 'input.tap_selector' tags"), 422),
        ("taps", NoMatchError("nothing fits"), 500),
        ("taps", ConfigError("expecting tap identifier"), 500),
        ("policies", ConfigError("unknown policy kind: x"), 500),
        ("policies", InputError("eth7: unknown interface"), 500),
        ("policies", RightsError("capturing needs CAP_NET_RAW"), 500),
        ("policies", RuntimeError("out of threads"), 500),
    ],
)
def test_why_it_can_not_be_made_is_told(agent: FakeAgent, kind: str, error: Exception, status: int) -> None:
    agent.refusal = error
    reply = admin(agent).post(f"/api/v1/{kind}", content=BODY, headers=YAML)
    assert (reply.status_code, reply.json()) == (status, {"error": str(error)})


@pytest.mark.parametrize("kind", KINDS)
def test_the_words_that_clients_know_stand_alone_and_places_beside_them(agent: FakeAgent, kind: str) -> None:
    agent.refusal = ConfigError("unknown policy kind: x", hint="the only kind is 'y'", path="a.kind", place="line 1")
    reply = admin(agent).post(f"/api/v1/{kind}", content=BODY, headers=YAML)
    assert reply.json() == {
        "error": "unknown policy kind: x",
        "hint": "the only kind is 'y'",
        "path": "a.kind",
        "place": "line 1",
    }


def test_of_a_selector_that_meets_nothing_the_words_are_all(agent: FakeAgent) -> None:
    words = "no tap match found for specified 'input.tap_selector' tags"
    agent.refusal = NoMatchError(words, hint="no", path="policies.edge.input", place="line 2, column 3")
    reply = admin(agent).post("/api/v1/policies", content=BODY, headers=YAML)
    assert (reply.status_code, reply.content) == (422, b'{"error":"' + words.encode() + b'"}')


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_removed_is_gone(agent: FakeAgent, kind: str) -> None:
    asking = admin(agent)
    reply = asking.delete(f"/api/v1/{kind}/edge")
    assert (reply.status_code, reply.text) == (200, "{}")
    assert asking.get(f"/api/v1/{kind}/edge").status_code == 404


@pytest.mark.parametrize(("kind", "text"), [("taps", "tap does not exists"), ("policies", "policy does not exists")])
def test_what_is_not_there_can_not_be_removed(agent: FakeAgent, kind: str, text: str) -> None:
    reply = admin(agent).delete(f"/api/v1/{kind}/nope")
    assert (reply.status_code, reply.json()) == (404, {"error": text})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/taps"),
        ("DELETE", "/api/v1/taps/edge"),
        ("POST", "/api/v1/policies"),
        ("DELETE", "/api/v1/policies/edge"),
        ("DELETE", "/api/v1/server"),
        ("POST", "/api/v1/config"),
        ("POST", "/api/v1/config/reload"),
        ("GET", "/api/v1/inputs/edge/pcap"),
    ],
)
def test_without_the_admin_api_these_paths_are_unknown(agent: FakeAgent, method: str, path: str) -> None:
    reply = client(agent).request(method, path, content=b"", headers={**YAML, "content-length": "0"})
    assert (reply.status_code, reply.content) == (404, b"")
    assert agent.done == []
