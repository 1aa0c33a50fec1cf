"""Events are made once for all who listen, and none of these costs anybody else anything."""

from __future__ import annotations

import asyncio
import http.client
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest

from pktvisor.agent.running import RunningAgent
from pktvisor.server.connection import CONNECTION, BoundedConnection
from pktvisor.server.connections import Connections
from pktvisor.server.counters import Counters
from pktvisor.server.events import Events
from pktvisor.server.settings import Bounds
from pktvisor.server.tokens import make_token
from pktvisor.server.web_server import WebServer
from support.agents import FakeAgent, FakePolicy
from support.ears import PATH, Ear, deaf, is_hung_up, status_of
from support.serving import client, running, until

QUICK = Bounds(tick_interval_s=0.02)
CLIENTS = 100


@contextmanager
def listening(server: WebServer, count: int) -> Iterator[list[Ear]]:
    """Clients at some addresses of this host."""
    with ExitStack() as ears:
        made = [Ear(server.port, source=f"127.0.0.{1 + number % 8}") for number in range(count)]
        for ear in made:
            ears.callback(ear.close)
        yield made


def listeners(server: WebServer) -> int:
    return len(server._context.events)


def test_a_tick_tells_what_is_newest() -> None:
    with running(FakeAgent({"edge": FakePolicy("edge", [])}), bounds=QUICK) as server, listening(server, 1) as (ear,):
        assert (ear.status, ear.header("content-type")) == (200, "text/event-stream")
        assert (ear.header("cache-control"), ear.header("x-accel-buffering")) == ("no-store", "no")
        told = ear.ticks(1)[0].document
        assert (told["policies"], told["inputs"], told["mark"]) == ({"edge": {"window": 60}}, {}, 0)
        assert told["up_time_s"] == told["time"] > 0


def test_a_hundred_clients_hear_the_same_bytes_which_are_made_once() -> None:
    agent = FakeAgent()
    with running(agent, bounds=QUICK) as server, listening(server, CLIENTS) as ears:
        assert listeners(server) == CLIENTS
        ears[-1].ticks(5)
        assert httpx2.get(f"http://127.0.0.1:{server.port}/api/v1/policies").status_code == 200
        counted = server.counters()
        assert (counted["listeners"], counted["listeners_refused"], counted["events_lost"]) == (CLIENTS, 0, 0)
        server.stop()
        heard = [{event.data for event in ear.events()} for ear in ears]
        assert set.intersection(*heard)
        assert len(set.union(*heard)) <= agent.ticks


def test_nothing_is_made_while_nobody_listens() -> None:
    agent = FakeAgent()
    with running(agent, bounds=QUICK) as server:
        assert httpx2.get(f"http://127.0.0.1:{server.port}/api/v1/policies").status_code == 200
        assert agent.ticks == 0
        with listening(server, 3) as ears:
            assert [len(ear.ticks(2)) for ear in ears] == [2, 2, 2]
        assert until(lambda: listeners(server) == 0)
        assert server._context.events._telling is None


def test_marks_are_told_as_they_come_about_and_those_before_are_asked_for() -> None:
    agent = FakeAgent()
    agent.marks.add(1.0, "started", "agent7", "agent7 started")
    with running(agent, bounds=QUICK) as server, listening(server, 2) as ears:
        for ear in ears:
            ear.ticks(1)
        agent.marks.add(2.5, "input_lost", "eth0", "eth0 went away")
        for ear in ears:
            told = next(event for event in ear.events() if event.name == "mark").document
            assert told == {"id": 2, "time": 2.5, "kind": "input_lost", "subject": "eth0", "text": "eth0 went away"}
            assert ear.ticks(2)[-1].document["mark"] == 2


def test_marks_after_one_that_is_known_are_given_and_what_is_forgotten_is_counted() -> None:
    agent = FakeAgent()
    for number in range(600):
        agent.marks.add(float(number), "policy_added", "edge", "policy edge added")
    asking = client(agent)
    told = asking.get("/api/v1/marks?since=598").json()
    assert ([mark["id"] for mark in told["marks"]], told["forgotten"]) == ([599, 600], 0)
    told = asking.get("/api/v1/marks").json()
    assert (len(told["marks"]), told["forgotten"], told["marks"][0]["id"]) == (512, 88, 89)
    assert asking.get("/api/v1/marks?since=600").json() == {"marks": [], "forgotten": 0}
    assert asking.get("/api/v1/marks?since=x").status_code == 400


def test_a_client_that_is_gone_is_forgotten() -> None:
    with running(bounds=QUICK) as server, listening(server, 1) as (stays,):
        goes = Ear(server.port)
        goes.ticks(1)
        assert listeners(server) == 2
        goes.close()
        assert until(lambda: listeners(server) == 1)
        assert stays.ticks(2)


class Losing(asyncio.Protocol):
    """Tells that its connection is lost."""

    def __init__(self) -> None:
        self.lost = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()


def test_a_client_that_is_gone_before_it_listens_holds_no_place_and_ends_no_telling() -> None:
    async def come_late() -> None:
        counters = Counters()
        losing = Losing()
        near, far = socket.socketpair()
        connections = Connections(QUICK, counters)
        _, gone = await asyncio.get_running_loop().create_connection(
            lambda: BoundedConnection(losing, QUICK, connections, counters), sock=near
        )
        gone.hang_up()
        far.close()
        await losing.lost.wait()
        events = Events(cast(RunningAgent, FakeAgent()), QUICK, counters)
        events._tick = b"the last one"
        CONNECTION.set(gone)
        listener = events.join("192.0.2.1", lambda: True)
        assert (len(events), await listener.hear()) == (1, b"the last one")
        events._tell(b"the next one", [], 0.0)
        listener.end()
        events.leave(listener)
        assert len(events) == 0
        events.end()

    asyncio.run(come_late())


def large() -> FakeAgent:
    """An agent whose ticks are large, so that they soon fill what the kernel holds."""
    return FakeAgent({f"policy_{number:04}": FakePolicy("", []) for number in range(1000)})


def test_a_client_that_never_reads_loses_ticks_and_is_cut_and_others_lose_none() -> None:
    with running(large(), bounds=QUICK) as server, listening(server, 1) as (ear,), deaf(server.port) as slow:
        assert until(lambda: int(str(server.counters()["events_lost"])) > 0 and bool(ear.ticks(1)))
        assert until(lambda: server.counters()["answers_timed_out"] == 1 and bool(ear.ticks(1)))
        assert is_hung_up(slow)
        assert ear.ticks(3)
        assert listeners(server) == 1
        assert server._context.answers.bytes < 1 << 20


def test_the_server_stops_at_once_whoever_listens(caplog: pytest.LogCaptureFixture) -> None:
    with running(large(), bounds=QUICK) as server, listening(server, 3) as ears, deaf(server.port):
        for ear in ears:
            ear.ticks(1)
        assert until(lambda: int(str(server.counters()["events_lost"])) > 0)
        server.stop()
        assert not server._thread.is_alive()
        for ear in ears:
            assert all(event.name == "tick" for event in ear.events())
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def test_too_many_are_told_so() -> None:
    bounds = Bounds(tick_interval_s=0.02, most_listeners=3, most_listeners_per_client=2)
    with running(bounds=bounds) as server, listening(server, 3) as ears:
        assert [ear.status for ear in ears] == [200] * 3
        with Ear(server.port, source="127.0.0.9") as refused:
            assert (refused.status, refused.header("retry-after")) == (503, "5")
            assert refused.refusal() == {"error": "too many clients listen: try again soon"}
        assert server.counters()["listeners_refused"] == 1
        ears.pop().close()
        assert until(lambda: listeners(server) == 2)
        assert status_of(server.port, source="127.0.0.9") == 200


def test_one_client_can_not_take_all_places() -> None:
    with running(bounds=Bounds(tick_interval_s=0.02, most_listeners_per_client=2)) as server, ExitStack() as ears:
        statuses = [ears.enter_context(Ear(server.port)).status for _ in range(4)]
        assert statuses == [200, 200, 503, 503]
        assert status_of(server.port, source="127.0.0.2") == 200


def test_listeners_make_room_for_who_asks() -> None:
    bounds = Bounds(tick_interval_s=0.02, most_connections=4)
    with running(bounds=bounds) as server, listening(server, 4):
        for _ in range(3):
            assert httpx2.get(f"http://127.0.0.1:{server.port}/api/v1/policies").status_code == 200
        assert server.counters()["connections_refused"] == 0


class Failing(FakeAgent):
    """Can't tell what is newest, the first times."""

    def tick(self, now: float) -> Any:
        told = super().tick(now)
        if self.ticks < 3:
            raise ValueError("no tick")
        return told


def test_a_fault_of_ours_ends_no_telling(caplog: pytest.LogCaptureFixture) -> None:
    with running(Failing(), bounds=QUICK) as server, listening(server, 1) as (ear,):
        names = [event.name for event, _ in zip(ear.events(), range(4), strict=False)]
        assert names == ["", "", "tick", "tick"]
    assert caplog.messages.count("events can't be told") == 2


def test_a_listener_comes_again_after_a_while() -> None:
    with running(bounds=Bounds(tick_interval_s=0.02, listening_s=0)) as server, listening(server, 1) as (ear,):
        assert [event.name for event in ear.events()] == ["tick"]
        assert until(lambda: listeners(server) == 0)


def test_who_asks_for_the_head_alone_does_not_listen() -> None:
    agent = FakeAgent()
    with running(agent) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        for _ in range(2):
            connection.request("HEAD", PATH)
            response = connection.getresponse()
            assert (response.status, response.read()) == (200, b"")
        connection.close()
    assert agent.ticks == 0


READ, ADMIN = make_token("eye", "read"), make_token("boss", "admin")


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "tokens"
    path.write_text(f"{READ.line}\n{ADMIN.line}\n")
    path.chmod(0o600)
    return path


def test_who_has_no_token_hears_nothing(token_file: Path) -> None:
    with running(token_file=token_file) as server:
        assert status_of(server.port) == 401


def test_a_stream_ends_with_its_token_or_session(token_file: Path) -> None:
    with running(token_file=token_file, bounds=QUICK) as server, ExitStack() as ears:
        address = f"http://127.0.0.1:{server.port}/api/v1/session"
        signed_in = [httpx2.post(address, json={"token": READ.secret}).headers["set-cookie"] for _ in range(2)]
        cookies = [header.partition(";")[0] for header in signed_in]
        out, by_cookie = (ears.enter_context(Ear(server.port, Cookie=cookie)) for cookie in cookies)
        by_token = ears.enter_context(Ear(server.port, Authorization=f"Bearer {READ.secret}"))
        stays = ears.enter_context(Ear(server.port, Authorization=f"Bearer {ADMIN.secret}"))
        for ear in (out, by_cookie, by_token, stays):
            ear.ticks(1)
        assert httpx2.delete(address, headers={"cookie": cookies[0]}).status_code == 200
        assert {event.name for event in out.events()} <= {"tick"}
        assert by_cookie.ticks(2)
        token_file.write_text(f"{ADMIN.line}\n")
        server.reload()
        for ear in (by_cookie, by_token):
            assert {event.name for event in ear.events()} <= {"tick"}
        assert stays.ticks(2)
        assert until(lambda: listeners(server) == 1)


def test_pages_of_other_sites_hear_nothing() -> None:
    with running(host="localhost") as server:
        assert status_of(server.port, Host="attacker.example") == 421
        assert status_of(server.port, Origin="http://attacker.example") == 403
