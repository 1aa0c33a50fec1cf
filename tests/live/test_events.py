"""A running daemon tells what happens to it, to many at once, and ends when it is told to, whoever listens."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from pathlib import Path

import pytest

from pktvisor.server.tokens import make_token
from support.daemon import Daemon, daemon
from support.ears import Ear, deaf

READ, ADMIN = make_token("eye", "read"), make_token("deploy", "admin")
POLICY = """
version: "1.0"
visor:
  policies:
    edge: {kind: collection, input: {tap: default, input_type: mock}, handlers: {modules: {dns: {type: dns}}}}
"""


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "tokens"
    path.write_text(f"{READ.line}\n{ADMIN.line}\n")
    path.chmod(0o600)
    return path


def listening(running: Daemon, secret: str, source: str = "127.0.0.1") -> Ear:
    return Ear(running.port, source=source, Authorization=f"Bearer {secret}")


def next_mark(ear: Ear) -> str:
    return next(str(event.document["text"]) for event in ear.events() if event.name == "mark")


def test_who_changed_a_policy_is_told_to_all_and_a_token_that_goes_takes_its_listener_along(token_file: Path) -> None:
    arguments = ("--admin-api", "--token-file", str(token_file), "mock")
    with daemon(*arguments) as agent, listening(agent, READ.secret) as eye, listening(agent, ADMIN.secret) as boss:
        (tick,) = eye.ticks(1)
        assert tick.document["policies"]["default"]["window"] > 0
        (ledger,) = tick.document["inputs"].values()
        assert ledger["seen"] == ledger["decoded"] > 0
        boss.ticks(1)
        assert agent.request("POST", "/api/v1/policies", POLICY, token=ADMIN.secret)[0] == 201
        assert [next_mark(ear) for ear in (eye, boss)] == ["policy edge added by deploy"] * 2
        assert agent.request("DELETE", "/api/v1/policies/edge", token=ADMIN.secret)[0] == 200
        assert next_mark(eye) == "policy edge removed by deploy"
        token_file.write_text(f"{ADMIN.line}\n")
        agent.process.send_signal(signal.SIGHUP)
        assert {event.name for event in eye.events()} <= {"tick", "mark"}
        assert boss.ticks(2)
        assert agent.request("GET", "/api/v1/marks", token=READ.secret)[0] == 401
        assert agent.request("GET", "/api/v1/marks", token=ADMIN.secret)[0] == 200
        assert agent.stop() == 0


def test_a_hundred_listeners_of_which_some_never_read_do_not_keep_it() -> None:
    with daemon("mock") as agent, ExitStack() as clients:
        ears = [clients.enter_context(Ear(agent.port, source=f"127.0.0.{1 + number % 8}")) for number in range(100)]
        for _ in range(10):
            clients.enter_context(deaf(agent.port, source="127.0.0.9"))
        assert [ear.status for ear in ears] == [200] * 100
        assert all(ear.ticks(1) for ear in ears)
        assert agent.get("/api/v1/metrics/app")["server"]["listeners_refused"] == 0
        assert agent.stop() == 0
        for ear in ears:
            assert {event.name for event in ear.events()} <= {"tick", "mark"}
    assert "[error]" not in agent.log


def test_a_hub_tells_of_its_agents(tmp_path: Path) -> None:
    with daemon("--data-dir", str(tmp_path), command="pktvisor-hub") as hub:
        assert hub.get("/api/v1/session")["is_hub"]
        with Ear(hub.port) as ear:
            told = ear.ticks(1)[0].document
            assert (told["agents"], told["policies"]) == ({"live": 0, "stale": 0, "gone": 0}, {})
            sending = ("--hub", f"http://127.0.0.1:{hub.port}", "--window-length", "2", "--agent-name", "pop1", "mock")
            with daemon(*sending):
                assert next_mark(ear) == "pop1 is new"
                told = ear.ticks(1)[0].document
            assert told["agents"] == {"live": 1, "stale": 0, "gone": 0}
            assert told["policies"]["default"]["window"] % 60 == 0
        assert hub.stop() == 0
