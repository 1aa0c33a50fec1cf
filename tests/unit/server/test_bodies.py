from __future__ import annotations

import socket
from contextlib import ExitStack

import httpx2

from pktvisor.server.settings import Bounds
from pktvisor.server.web_server import WebServer
from support.agents import FakeAgent
from support.serving import PATIENCE_S, UNHURRIED, YAML, admin, running, until


def test_a_body_of_the_largest_size_is_read_and_one_byte_more_is_413() -> None:
    agent = FakeAgent()
    asking = admin(agent)
    largest = b"#" * UNHURRIED.most_body_bytes
    assert asking.post("/api/v1/taps", content=largest, headers=YAML).status_code == 201
    reply = asking.post("/api/v1/taps", content=largest + b"#", headers=YAML)
    assert (reply.status_code, reply.json()) == (413, {"error": "the body is larger than 1048576 bytes"})
    assert reply.headers["connection"] == "close"
    assert len(agent.done) == 1


def test_a_body_that_does_not_arrive_is_408() -> None:
    agent = FakeAgent()
    head = (
        b"POST /api/v1/taps HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"
    )
    with running(agent, admin_api=True, bounds=Bounds(body_timeout_s=0.1)) as server:
        with socket.create_connection((server.host, server.port), timeout=PATIENCE_S) as dawdling:
            dawdling.sendall(head + b"visor")
            reply = b""
            while chunk := dawdling.recv(65536):
                reply += chunk
        assert reply.startswith(b"HTTP/1.1 408 ")
        assert server.counters()["bodies_timed_out"] == 1
    assert agent.done == []


DAWDLING_HEAD = (
    b"POST /api/v1/taps HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n"
)
SMALL_ROOM = Bounds(most_bodies_bytes=100, body_timeout_s=60, requests_per_second=1e6)


def post_tap(server: WebServer) -> httpx2.Response:
    return httpx2.post(f"http://{server.host}:{server.port}/api/v1/taps", content=b"#" * 60, headers=YAML)


def test_bodies_that_are_too_many_together_are_503() -> None:
    with running(FakeAgent(), admin_api=True, bounds=SMALL_ROOM) as server:
        with socket.create_connection((server.host, server.port), timeout=PATIENCE_S) as dawdling:
            dawdling.sendall(DAWDLING_HEAD + b"#" * 50)
            assert until(lambda: post_tap(server).status_code == 503)  # the other body has arrived
            reply = post_tap(server)
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "2")
        assert reply.json() == {"error": "too many bodies are being taken: try again soon"}
        assert server.counters()["bodies_refused"] == 2
        assert until(lambda: post_tap(server).status_code == 201)  # the server knows that the other client is gone


def test_bodies_that_are_told_and_do_not_come_take_no_room() -> None:
    with running(FakeAgent(), admin_api=True, bounds=SMALL_ROOM) as server, ExitStack() as open_ones:
        for _ in range(5):
            dawdling = socket.create_connection((server.host, server.port), timeout=PATIENCE_S)
            open_ones.enter_context(dawdling).sendall(DAWDLING_HEAD)
        assert [post_tap(server).status_code for _ in range(20)] == [201] * 20


def test_a_client_that_leaves_within_its_body_changes_nothing() -> None:
    agent = FakeAgent()
    head = (
        b"POST /api/v1/taps HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"
    )
    with running(agent, admin_api=True) as server:
        with socket.create_connection((server.host, server.port), timeout=PATIENCE_S) as leaving:
            leaving.sendall(head + b"visor")
        server.stop()
    assert agent.done == []


def test_a_body_that_is_longer_than_it_says_is_413() -> None:
    agent = FakeAgent()
    head = (
        b"POST /api/v1/taps HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    with (
        running(agent, admin_api=True, bounds=Bounds(most_body_bytes=1000)) as server,
        socket.create_connection((server.host, server.port), timeout=PATIENCE_S) as lying,
    ):
        lying.sendall(head + (b"64\r\n" + b"#" * 100 + b"\r\n") * 11)
        reply = lying.recv(65536)
    assert reply.startswith(b"HTTP/1.1 413 ")
    assert agent.done == []
