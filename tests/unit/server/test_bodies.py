from __future__ import annotations

import socket

from pktvisor.server.settings import Bounds
from support.agents import FakeAgent
from support.serving import PATIENCE_S, UNHURRIED, YAML, admin, running


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
