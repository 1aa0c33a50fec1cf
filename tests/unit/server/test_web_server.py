"""The server on a socket of the loopback interface."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import httpx2
import pytest

from pktvisor.errors import InputError
from pktvisor.server.listen import listen
from pktvisor.server.settings import Bounds, ServerSettings
from pktvisor.server.web_server import WebServer
from support.agents import FakeAgent
from support.serving import running


@pytest.fixture
def server() -> Iterator[WebServer]:
    with running() as server:
        yield server


def exchange(server: WebServer, request: bytes) -> bytes:
    """Send bytes and read until the server closes."""
    with socket.create_connection((server.host, server.port), timeout=5) as client:
        client.sendall(request)
        reply = b""
        while chunk := client.recv(65536):
            reply += chunk
        return reply


def test_it_answers_over_a_kept_connection(server: WebServer) -> None:
    with httpx2.Client(base_url=f"http://127.0.0.1:{server.port}") as client:
        assert [client.get("/api/v1/policies").text for _ in range(3)] == ["{}"] * 3


def test_head_has_the_length_but_no_body(server: WebServer) -> None:
    head, _, body = exchange(
        server, b"HEAD /api/v1/policies HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    ).partition(b"\r\n\r\n")
    assert b"content-length: 2" in head
    assert body == b""


def test_too_large_a_head_is_refused(server: WebServer) -> None:
    reply = exchange(server, b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 100_000)
    assert reply.startswith(b"HTTP/1.1 400 ")


def test_what_is_no_http_is_refused(server: WebServer) -> None:
    assert exchange(server, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n").startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("begun", [b"", b"GET /metr"])
def test_a_dawdling_client_is_let_go(begun: bytes) -> None:
    with running(bounds=Bounds(head_timeout_s=0.2)) as server:
        assert exchange(server, begun) == b""
        assert server.counters()["heads_timed_out"] == 1


def test_stopping_frees_the_port_at_once() -> None:
    server = WebServer(FakeAgent(), ServerSettings("127.0.0.1", 0))
    server.start()
    httpx2.get(f"http://127.0.0.1:{server.port}/api/v1/policies")
    begun = time.monotonic()
    server.stop()
    assert time.monotonic() - begun < 2
    for listener in listen("127.0.0.1", server.port):
        listener.close()


def test_a_taken_port_is_one_sentence(server: WebServer) -> None:
    text = rf"^unable to bind to 127\.0\.0\.1:{server.port}: Address already in use$"
    with pytest.raises(InputError, match=text):
        WebServer(FakeAgent(), ServerSettings("127.0.0.1", server.port)).start()


@pytest.mark.parametrize(("host", "port"), [("localhost", 99999), ("localhost", -1), ("no.such.host.invalid", 80)])
def test_impossible_addresses_are_one_sentence(host: str, port: int) -> None:
    with pytest.raises(InputError, match=rf"^unable to bind to {host}:{port}: .+"):
        listen(host, port)


def test_localhost_answers_on_every_address_it_stands_for() -> None:
    listeners = listen("localhost", 0)
    assert "127.0.0.1" in {listener.getsockname()[0] for listener in listeners}
    for listener in listeners:
        listener.close()
