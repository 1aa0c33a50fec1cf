from __future__ import annotations

import pytest

from pktvisor.errors import ConfigError, ConflictError, InputError, NotFoundError
from support.agents import DETAILS, FAULT, NO_CHANGES, FakeAgent
from support.serving import YAML, admin, client

BODY = b"visor: {}\n"


@pytest.mark.parametrize(("query", "is_dry_run"), [("", False), ("?dry_run=false", False), ("?dry_run=true", True)])
def test_a_whole_configuration_is_applied_or_only_compared(query: str, is_dry_run: bool) -> None:
    agent = FakeAgent()
    reply = admin(agent).post(f"/api/v1/config{query}", content=BODY, headers=YAML)
    assert (reply.status_code, reply.json()) == (200, NO_CHANGES)
    assert agent.done == [("apply", BODY.decode(), is_dry_run)]


@pytest.mark.parametrize(("query", "is_dry_run"), [("", False), ("?dry_run=true", True)])
def test_the_file_can_be_read_again(query: str, is_dry_run: bool) -> None:
    agent = FakeAgent()
    reply = admin(agent).post(f"/api/v1/config/reload{query}", content=b"")
    assert (reply.status_code, reply.json()) == (200, NO_CHANGES)
    assert agent.done == [("apply", None, is_dry_run)]


@pytest.mark.parametrize(
    ("content_type", "status"),
    [("application/json", 200), ("application/x-www-form-urlencoded", 400), ("text/plain", 400)],
)
def test_a_form_of_another_sites_page_reads_nothing_again(content_type: str, status: int) -> None:
    agent = FakeAgent()
    reply = admin(agent).post("/api/v1/config/reload", content=b"", headers={"content-type": content_type})
    assert reply.status_code == status
    assert bool(agent.done) == (status == 200)


def test_a_misspelt_dry_run_changes_nothing() -> None:
    agent = FakeAgent()
    reply = admin(agent).post("/api/v1/config?dryrun=true", content=BODY, headers=YAML)
    assert (reply.status_code, reply.json()) == (400, {"error": "there is no parameter dryrun: dry_run, detail"})
    assert agent.done == []


def test_a_dry_run_that_is_neither_true_nor_false_changes_nothing() -> None:
    agent = FakeAgent()
    reply = admin(agent).post("/api/v1/config?dry_run=yes", content=BODY, headers=YAML)
    assert (reply.status_code, reply.json()) == (400, {"error": "dry_run must be true or false, not yes"})
    assert agent.done == []


@pytest.mark.parametrize(
    ("path", "error", "status"),
    [
        ("config", ConfigError("no handler 'dsn'"), 422),
        ("config", InputError("eth7 is gone"), 500),
        ("config/reload", ConfigError("unsupported version"), 422),
        ("config/reload", NotFoundError("there is no configuration file"), 404),
    ],
)
def test_why_nothing_was_changed_is_told(path: str, error: Exception, status: int) -> None:
    reply = admin(FakeAgent(refusal=error)).post(f"/api/v1/{path}", content=BODY, headers=YAML)
    assert (reply.status_code, reply.json()) == (status, {"error": str(error)})


@pytest.mark.parametrize("path", ["config", "config/reload"])
def test_what_is_dropped_is_told_to_who_asks(path: str) -> None:
    agent = admin(FakeAgent())
    assert agent.post(f"/api/v1/{path}?detail=true", content=BODY, headers=YAML).json() == {**NO_CHANGES, **DETAILS}
    assert agent.post(f"/api/v1/{path}", content=BODY, headers=YAML).json() == NO_CHANGES


def test_what_runs_is_given_as_texts() -> None:
    agent = FakeAgent()
    told = admin(agent).get("/api/v1/config").json()
    assert told["policies"]["edge"]["text"] == "visor: {}"
    assert (told["has_file"], list(told["taps"])) == (True, ["eth"])


def test_a_text_is_checked_and_nothing_is_changed() -> None:
    agent = FakeAgent()
    reply = admin(agent).post("/api/v1/config/check", content=BODY, headers=YAML)
    assert (reply.status_code, reply.json()) == (200, {"faults": [FAULT], "warnings": []})
    assert agent.done == [("find_faults", BODY.decode())]


@pytest.mark.parametrize(
    ("query", "base", "is_dry_run"),
    [("", None, False), ("?base=", "", False), ("?base=0a&dry_run=true", "0a", True)],
)
def test_one_policy_is_applied_or_only_compared(query: str, base: str | None, is_dry_run: bool) -> None:
    agent = FakeAgent()
    reply = admin(agent).post(f"/api/v1/config/policy{query}", content=BODY, headers=YAML)
    assert (reply.status_code, reply.json()) == (200, {**NO_CHANGES, **DETAILS})
    assert agent.done == [("apply_policy", BODY.decode(), base, is_dry_run)]


@pytest.mark.parametrize(
    ("error", "status"),
    [(ConflictError("it has been changed"), 409), (ConfigError("no handler"), 422), (InputError("eth7 is gone"), 500)],
)
def test_why_a_policy_was_not_taken_is_told(error: Exception, status: int) -> None:
    reply = admin(FakeAgent(refusal=error)).post("/api/v1/config/policy", content=BODY, headers=YAML)
    assert (reply.status_code, reply.json()) == (status, {"error": str(error)})


@pytest.mark.parametrize(("method", "path"), [("GET", "config"), ("POST", "config/check"), ("POST", "config/policy")])
def test_without_the_admin_api_no_text_is_shown_or_taken(method: str, path: str) -> None:
    agent = FakeAgent()
    assert client(agent).request(method, f"/api/v1/{path}", content=BODY, headers=YAML).status_code == 404
    assert agent.done == []
