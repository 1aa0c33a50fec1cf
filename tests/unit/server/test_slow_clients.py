"""Clients that dawdle, in numbers, don't keep a client that asks at once from its answer."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from pktvisor import clock
from pktvisor.server.app import create_app
from pktvisor.server.connection import BoundedConnection
from pktvisor.server.context import make_context
from pktvisor.server.settings import Bounds, ServerSettings
from pktvisor.server.web_server import WebServer
from support.agents import FakeAgent, FakePolicy
from support.serving import PATIENCE_S, read_all, running, until
from support.snapshots import handler, sample, top

SLOW_CLIENTS = 500

LARGE = FakePolicy(
    "large", [[handler(sample("top", "dns_top", "top", top("name", **{"x" * 60 + str(n): n for n in range(120_000)})))]]
)
"""A policy whose bucket has some megabytes."""
ASK_FOR_MUCH = b"GET /api/v1/policies/large/metrics/bucket/0 HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module", autouse=True)
def _enough_descriptors() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * SLOW_CLIENTS + 200
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"needs {wanted} file descriptors, {hard} are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def connect(server: WebServer, source: str, begun: bytes) -> socket.socket:
    """Connect from one of this host's loopback addresses, and begin a request."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    client.settimeout(PATIENCE_S)
    client.bind((source, 0))
    client.connect((server.host, server.port))
    with suppress(OSError):  # it may have been sent away already
        client.sendall(begun)
    return client


def ask(server: WebServer) -> int:
    reply = httpx2.get(f"http://127.0.0.1:{server.port}/api/v1/policies", timeout=PATIENCE_S)
    return reply.status_code


@pytest.mark.parametrize(("begun", "addresses"), [(b"", 1), (b"GET /api/v1/policies HTTP/1.1\r\nHost: loc", 20)])
def test_500_slow_clients_do_not_keep_out_a_normal_one(begun: bytes, addresses: int) -> None:
    with running() as server, ExitStack() as slow:
        for number in range(SLOW_CLIENTS):
            slow.enter_context(connect(server, f"127.0.0.{1 + number % addresses}", begun))
        assert [ask(server) for _ in range(10)] == [200] * 10
        counted = server.counters()
        assert len(server._connections) <= Bounds().most_connections
        assert int(str(counted["connections_evicted"])) >= SLOW_CLIENTS - Bounds().most_connections
        assert counted["connections_refused"] == 0


def test_a_client_that_asks_and_does_not_read_is_let_go() -> None:
    bounds = Bounds(answer_timeout_s=0.2)
    with running(FakeAgent({"large": LARGE}), bounds=bounds) as server, ExitStack() as slow:
        clients = [slow.enter_context(connect(server, "127.0.0.1", ASK_FOR_MUCH)) for _ in range(8)]
        assert ask(server) == 200
        given_up = until(lambda: server.counters()["answers_timed_out"] == len(clients))
        assert given_up, server.counters()
        for client in clients:
            with pytest.raises(ConnectionResetError):
                read_all(client)


def test_a_client_that_reads_slowly_but_steadily_gets_all() -> None:
    bounds = Bounds(answer_timeout_s=0.5, least_answer_bytes=1024)
    with running(FakeAgent({"large": LARGE}), bounds=bounds) as server:
        with connect(
            server, "127.0.0.1", ASK_FOR_MUCH.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        ) as client:
            head, _, body = read_all(client, pause_s=0.01).partition(b"\r\n\r\n")
        length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length"))
        assert int(length.split(b":")[1]) == len(body) > 4_000_000
        assert server.counters()["answers_timed_out"] == 0


def test_one_client_asking_without_end_is_slowed_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "monotonic", lambda: 100.0)
    with running(bounds=Bounds(requests_per_second=5)) as server:
        assert [ask(server) for _ in range(12)] == [200] * 10 + [429] * 2
        monkeypatch.setattr(clock, "monotonic", lambda: 100.2)
        assert [ask(server) for _ in range(2)] == [200, 429]


def test_large_answers_that_are_being_taken_have_a_bound() -> None:
    context = make_context(FakeAgent({"large": LARGE}), ServerSettings(bounds=Bounds(most_answer_bytes=16 << 20)))
    asking = TestClient(create_app(context), base_url="http://localhost:10853")
    large = "/api/v1/policies/large/metrics/bucket/0"
    size = len(asking.get(large).content)
    assert context.answers.bytes == 0, "what was taken counts no more"
    context.answers.bytes = (16 << 20) - size + 1
    refused = asking.get(large)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert refused.json() == {"error": "too many large answers are being sent: try again soon"}
    assert asking.get("/api/v1/taps").status_code == 200, "small answers are given all the same"
    assert context.counters.answers_refused == 1
    context.answers.bytes -= 1
    assert asking.get(large).status_code == 200


def test_a_client_that_resets_its_connection_leaves_no_timer_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    faults: list[object] = []
    ended: list[Any] = []
    begin, lose = BoundedConnection.connection_made, BoundedConnection.connection_lost

    def made(self: BoundedConnection, transport: asyncio.BaseTransport) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
        begin(self, transport)

    def lost(self: BoundedConnection, exc: Exception | None) -> None:
        lose(self, exc or ConnectionResetError())
        http: Any = self._http
        ended.append(http)
        http.on_response_complete()  # the answer was on its way
        http.transport.close()

    monkeypatch.setattr(BoundedConnection, "connection_made", made)
    monkeypatch.setattr(BoundedConnection, "connection_lost", lost)
    with running() as server:
        assert ask(server) == 200
        assert until(lambda: bool(ended))
        assert ask(server) == 200
        assert [one.timeout_keep_alive_task for one in ended[:1]] == [None]
    assert faults == []
