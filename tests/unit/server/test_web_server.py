"""The server on a socket of the loopback interface."""

from __future__ import annotations

import errno
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pktvisor.errors import ConfigError, InputError
from pktvisor.server.listen import Listener, listen, listen_unix
from pktvisor.server.settings import Bounds, ServerSettings
from pktvisor.server.web_server import WebServer
from support.agents import FakeAgent
from support.serving import PATIENCE_S, running


@pytest.fixture
def server() -> Iterator[WebServer]:
    with running() as server:
        yield server


@pytest.fixture(scope="module")
def open_server() -> Iterator[WebServer]:
    """A server with the admin API that is asked by many tests' examples."""
    with running(admin_api=True, bounds=Bounds(requests_per_second=1e6, head_timeout_s=1, body_timeout_s=1)) as server:
        yield server


def exchange(server: WebServer, request: bytes) -> bytes:
    """Send bytes and read until the server closes."""
    with socket.create_connection((server.host, server.port), timeout=PATIENCE_S) as client:
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
        server, b"HEAD /api/v1/policies HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    ).partition(b"\r\n\r\n")
    assert b"content-length: 2" in head
    assert body == b""


def test_too_large_a_head_is_refused(server: WebServer) -> None:
    reply = exchange(server, b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100_000)
    assert reply.startswith(b"HTTP/1.1 400 ")


def head_of(size: int) -> bytes:
    begun = b"GET /api/v1/policies HTTP/1.1\r\nHost: localhost\r\nX: "
    return begun + b"x" * (size - len(begun) - 4) + b"\r\n\r\n"


@pytest.mark.parametrize(("more", "status"), [(0, b"200"), (1, b"400"), (100_000, b"400")])
def test_the_bound_of_heads_holds_for_one_that_arrives_at_once(more: int, status: bytes) -> None:
    bounds = Bounds(keep_alive_s=0)
    with running(bounds=bounds) as server:
        assert exchange(server, head_of(bounds.most_head_bytes + more)).startswith(b"HTTP/1.1 " + status)
        assert server.counters()["requests_invalid"] == (0 if status == b"200" else 1)


def test_the_bound_of_heads_holds_behind_another_request(server: WebServer) -> None:
    reply = exchange(server, head_of(100) + head_of(17 * 1024) + head_of(100))
    assert re.findall(rb"HTTP/1\.1 (\d+)", reply) == [b"200", b"400"]


def test_a_request_that_tells_its_length_twice_is_the_last_of_its_connection(server: WebServer) -> None:
    twice = (
        b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    )
    reply = exchange(server, twice + head_of(100))
    assert reply.count(b"HTTP/1.1 ") == 1
    assert b"\r\nconnection: close\r\n" in reply.lower()


def test_a_want_of_descriptors_is_one_line_and_passes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shortages = [OSError(errno.EMFILE, "Too many open files") for _ in range(2)]

    def accept(listener: Listener) -> object:
        if shortages:
            raise shortages.pop()
        return socket.socket._accept(listener)  # type: ignore[attr-defined]

    monkeypatch.setattr(Listener, "_accept", accept, raising=False)
    with caplog.at_level("WARNING"), running() as server:
        address = f"http://127.0.0.1:{server.port}/api/v1/metrics/app"
        assert httpx2.get(address, timeout=PATIENCE_S).json()["server"]["connections_not_accepted"] == 2
    told = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [record.getMessage() for record in told] == [
        "web server: can't accept connections at the moment: Too many open files"
    ]
    assert told[0].exc_info is None


def test_changes_that_take_long_keep_nobody_from_an_answer() -> None:
    """Forty are more than there are threads."""
    may_end, agent = threading.Event(), FakeAgent()
    agent.add_policy = lambda text: {text: may_end.wait(PATIENCE_S)}  # type: ignore[method-assign]
    head = b"POST /api/v1/policies HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    body = head + b"Content-Length: 2\r\n\r\n{}"
    with running(agent, admin_api=True) as server, ExitStack() as stack:
        address = (server.host, server.port)
        clients = [stack.enter_context(socket.create_connection(address, PATIENCE_S)) for _ in range(40)]
        for client in clients:
            client.sendall(body)
        asked = b"GET /api/v1/policies HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        assert exchange(server, asked).endswith(b"\r\n\r\n{}")
        assert not may_end.is_set()
        may_end.set()
        for client in clients:
            assert client.recv(12) == b"HTTP/1.1 201"


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
    server.stop()
    for listener in listen("127.0.0.1", server.port):
        listener.close()


def test_a_taken_port_is_one_sentence(server: WebServer) -> None:
    text = rf"^unable to bind to 127\.0\.0\.1:{server.port}: Address already in use; -p says another port$"
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


def test_it_answers_on_a_unix_socket_and_leaves_none_behind(tmp_path: Path) -> None:
    path = tmp_path / "pktvisor.sock"
    with running(host=f"unix:{path}", admin_api=True):
        assert path.stat().st_mode & 0o777 == 0o660
        with httpx2.Client(transport=httpx2.HTTPTransport(uds=str(path))) as client:
            assert client.get("http://agent/api/v1/metrics/app").json()["security"]["is_loopback"] is True
            assert client.delete("http://agent/api/v1/taps/nope").status_code == 404
    assert not path.exists()


def test_a_unix_socket_of_a_dead_server_is_taken_over_and_no_other_file(tmp_path: Path) -> None:
    path = tmp_path / "pktvisor.sock"
    listen_unix(path).close()
    listener = listen_unix(path)
    with pytest.raises(InputError, match="Address already in use"):
        listen_unix(path)
    listener.close()
    precious = tmp_path / "precious"
    precious.write_text("data")
    with pytest.raises(InputError, match=f"^unable to bind to {precious}: Address already in use$"):
        listen_unix(precious)
    assert precious.read_text() == "data"


def test_unsafe_settings_are_refused_before_anything_listens() -> None:
    with pytest.raises(ConfigError, match=r"^the admin API would let others change this agent on 0\.0\.0\.0:0"):
        WebServer(FakeAgent(), ServerSettings("0.0.0.0", 0, admin_api=True))


def test_an_open_interface_works_and_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("WARNING", logger="pktvisor"), running(host="0.0.0.0") as server:
        document = httpx2.get(f"http://127.0.0.1:{server.port}/api/v1/metrics/app").json()
        assert document["security"] == {"tls": False, "authentication": "none", "is_loopback": False}
    assert [record.getMessage() for record in caplog.records] == [
        f"everyone who reaches 0.0.0.0:{server.port} can read: neither tokens nor client certificates are asked for"
    ]


def test_what_was_refused_is_counted(server: WebServer) -> None:
    exchange(server, b"\x16\x03\x01\r\n\r\n")
    counted = server.counters()
    assert (counted["connections"], counted["requests_invalid"], counted["requests"]) == (1, 1, 0)


def test_answers_are_not_held_back_for_more_to_come(server: WebServer) -> None:
    with socket.create_connection((server.host, server.port), timeout=PATIENCE_S) as client:
        client.sendall(b"GET /api/v1/policies HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
        (connection,) = server._connections._open.values()
        assert connection.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


LINES = [b"Host: localhost", b"Content-Length: 5", b"Content-Length: -1", b"Expect: 100-continue", b"Connection: close"]
LINES += [b"Transfer-Encoding: chunked", b"Content-Type: application/json", b"0\r\n\r\n", b"\r\n", b"\n", b":", b"\xff"]
WORDS = [b"GET ", b"POST ", b"DELETE ", b"/metrics", b"/api/v1/taps", b"%00", b"/../", b" HTTP/1.1", b" HTTP/1.0"]
PIECES = st.sampled_from(WORDS + LINES) | st.binary(max_size=8)


@given(st.lists(PIECES, max_size=30))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_stop_it(open_server: WebServer, pieces: list[bytes]) -> None:
    with socket.create_connection((open_server.host, open_server.port), timeout=PATIENCE_S) as client:
        client.sendall(b"".join(pieces))
        client.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while client.recv(65536):
                pass
    assert httpx2.get(f"http://127.0.0.1:{open_server.port}/api/v1/policies").status_code == 200
