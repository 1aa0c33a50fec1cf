"""Agents ask the hub what it wants of them, and only of themselves; people see what became of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from pktvisor.hub.as_agent import HubAsAgent
from pktvisor.hub.configuring import load_configuration
from pktvisor.hub.hub import Hub, HubSettings
from pktvisor.hub.routes import groups
from pktvisor.hub.wanted import MOST_REFUSALS
from pktvisor.server.app import create_app
from pktvisor.server.context import make_context
from pktvisor.server.settings import ServerSettings
from pktvisor.server.tokens import make_token
from support.serving import UNHURRIED
from support.written import file, policy

JSON = {"content-type": "application/json"}


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    (tmp_path / "edge.yaml").write_text(file(policy()))
    path = tmp_path / "hub.yaml"
    path.write_text("hub: {desired: {edges: {tags: {role: edge}, file: edge.yaml}}}")
    return path


@pytest.fixture
def hub(tmp_path: Path, config_file: Path) -> Iterator[Hub]:
    made = Hub(HubSettings(tmp_path / "hub", load_configuration(config_file)))
    yield made
    made.stop()


def client(hub: Hub, config_file: Path | None = None, **settings: Any) -> TestClient:
    wanted = ServerSettings(**{"bounds": UNHURRIED, **settings})
    app = create_app(make_context(HubAsAgent(hub, config_file), wanted), groups())
    return TestClient(app, base_url="http://localhost:10853")


def ask(asking: TestClient, name: str, headers: dict[str, str] | None = None, **told: object) -> Any:
    document = {"tags": {"role": "edge"}, **told}
    path = f"/api/v1/agents/{name}/desired"
    return asking.post(path, content=json.dumps(document), headers={**JSON, **(headers or {})})


def test_an_agent_gets_what_it_is_to_have_and_what_it_knows_not_again(hub: Hub, config_file: Path) -> None:
    asking = client(hub)
    wanted = ask(asking, "one").json()
    assert wanted["parts"] == [{"name": "edge.yaml", "text": file(policy()), "dry_run": False}]
    assert ask(asking, "one", known=wanted["hash"]).json() == {"hash": wanted["hash"]}
    assert ask(asking, "two", tags={}).json() == {"hash": ""}
    assert ask(asking, "two", tags={}, known="x").json() == {"hash": "", "parts": []}


def test_people_see_what_became_of_it(hub: Hub) -> None:
    asking = client(hub)
    wanted = ask(asking, "one").json()["hash"]
    assert asking.get("/api/v1/agents/one/desired").json()["one"]["state"] == "pending"
    ask(asking, "one", known=wanted, error="edge.yaml:1:5: no such device")
    told = asking.get("/api/v1/agents/one/desired").json()["one"]
    assert (told["state"], told["missing"], told["refusal"]) == ("refused", ["edge"], "edge.yaml:1:5: no such device")
    ask(asking, "two", tags={})
    assert list(asking.get("/api/v1/desired").json()) == ["one"]
    assert asking.get("/api/v1/agents/three/desired").status_code == 404


def test_a_dry_run_tells_what_each_agent_would_get(hub: Hub, config_file: Path, tmp_path: Path) -> None:
    asking = client(hub, config_file, admin_api=True)
    for name, tags in (("one", {"role": "edge"}), ("two", {"role": "core"}), ("three", {})):
        ask(asking, name, tags=tags)
    (tmp_path / "core.yaml").write_text(file(policy("core")))
    config_file.write_text("hub: {desired: {cores: {tags: {role: core}, file: core.yaml}}}")
    told = asking.post("/api/v1/config/reload?dry_run=true").json()["agents"]
    assert told == {
        "one": {"added": [], "changed": [], "removed": ["edge"], "unchanged": []},
        "two": {"added": ["core"], "changed": [], "removed": [], "unchanged": []},
    }
    assert len(ask(asking, "one").json()["parts"]) == 1
    asking.post("/api/v1/config/reload")
    assert ask(asking, "one", known="x").json() == {"hash": "", "parts": []}
    assert "agents" not in asking.post("/api/v1/config/reload").json()


def test_a_text_that_no_agent_takes_changes_nothing(hub: Hub, config_file: Path, tmp_path: Path) -> None:
    asking = client(hub, config_file, admin_api=True)
    (tmp_path / "edge.yaml").write_text("visor: {taps: {t: {input_type: pcap, config: {pcap_file: /etc/shadow}}}}")
    reply = asking.post("/api/v1/config/reload")
    assert (reply.status_code, reply.json()["place"]) == (422, "edge.yaml:1:58")
    assert ask(asking, "one").json()["parts"][0]["text"] == file(policy())


def test_a_token_of_an_agent_asks_for_its_own_name_alone(hub: Hub, tmp_path: Path) -> None:
    tokens = {scope: make_token(name, scope) for name, scope in (("one", "send"), ("eye", "read"), ("boss", "admin"))}  # type: ignore[arg-type]
    path = tmp_path / "tokens"
    path.write_text("".join(f"{token.line}\n" for token in tokens.values()))
    path.chmod(0o600)
    asking = client(hub, token_file=path)
    sender, reader, admin = ({"authorization": f"Bearer {token.secret}"} for token in tokens.values())
    assert ask(asking, "one", sender).status_code == 200
    refused = ask(asking, "two", sender)
    assert (refused.status_code, refused.json()["error"]) == (403, "this token is for the agent one, not for two")
    assert ask(asking, "one", reader).status_code == 403
    assert ask(asking, "two", admin).status_code == 200
    assert ask(asking, "one").status_code == 401
    assert asking.get("/api/v1/agents/one/desired", headers=sender).status_code == 200
    assert asking.get("/api/v1/agents/two/desired", headers=sender).status_code == 403
    assert asking.get("/api/v1/agents/one/desired", headers=reader).status_code == 200


@pytest.mark.parametrize(("content", "status"), [(b"[]", 422), (b"{", 422), (b'{"tags": {"!": "x"}}', 422)])
def test_a_report_without_sense_is_refused(hub: Hub, content: bytes, status: int) -> None:
    asking = client(hub)
    assert asking.post("/api/v1/agents/one/desired", content=content, headers=JSON).status_code == status
    assert asking.get("/api/v1/agents/one/desired").status_code == 404
    wrong_type = {"content-type": "text/plain"}
    assert asking.post("/api/v1/agents/one/desired", content=b"{}", headers=wrong_type).status_code == 415


def test_each_file_tells_its_text_who_gets_it_and_who_refuses_it(hub: Hub) -> None:
    asking = client(hub)
    wanted = ask(asking, "one").json()
    ask(asking, "two", known=wanted["hash"], error="there is no interface eth7")
    ask(asking, "other", tags={"role": "core"})
    (told,) = asking.get("/api/v1/hub/desired").json().values()
    assert (told["file"], told["text"], told["tags"]) == ("edge.yaml", file(policy()), {"role": ["edge"]})
    assert told["agents"] == 2
    assert told["states"] == {"pending": 1, "refused": 1}
    assert told["refusals"] == {"two": "there is no interface eth7"}


def test_of_very_many_refusals_some_are_named_and_all_are_counted(hub: Hub) -> None:
    asking = client(hub)
    wanted = ask(asking, "one").json()
    for number in range(MOST_REFUSALS + 5):
        ask(asking, f"agent{number}", known=wanted["hash"], error="no")
    (told,) = asking.get("/api/v1/hub/desired").json().values()
    assert told["states"]["refused"] == MOST_REFUSALS + 5
    assert len(told["refusals"]) == MOST_REFUSALS
