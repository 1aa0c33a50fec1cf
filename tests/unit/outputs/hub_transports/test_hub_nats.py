"""Windows through a real NATS server."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from pktvisor.config.urls import read_hub_url
from pktvisor.errors import MissingLibraryError
from pktvisor.outputs.http_post import Reply, Sender
from pktvisor.outputs.hub_target import HubTarget
from pktvisor.outputs.hub_transports import sender
from support.http_receiver import serving, silent
from support.hub_receiver import Hub
from support.nats_servers import nats_server

TIMEOUT_S = 20.0
"""Longer than anything here takes."""


@contextmanager
def sending(url: str, **files: Path) -> Iterator[Sender]:
    made = sender(HubTarget(read_hub_url(url), **files), agent="pop1", version="5.0.0")
    try:
        yield made
    finally:
        made.close()


def post(url: str, *messages: bytes, **files: Path) -> Reply:
    with sending(url, **files) as sender:
        return [sender.post(message, timeout_s=TIMEOUT_S) for message in messages or (b"window",)][-1]


def test_windows_are_kept_in_order_and_those_that_come_again_once(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        server.make_stream()
        assert post(server.url, b"first", b"second", b"first", b"third") == Reply("taken")
        assert [body for body, _ in server.stored()] == [b"first", b"second", b"third"]


def test_a_subject_that_no_stream_takes_keeps_the_window(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        reply = post(server.url)
    said = "no stream of JetStream takes pktvisor.windows: start a hub that reads from it"
    assert reply == Reply("again", said)


def test_a_stream_that_is_full_keeps_the_window(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        server.make_stream(max_msgs=1, discard="new")
        assert post(server.url, b"first", b"second") == Reply("again", "maximum messages exceeded")


def test_a_window_that_the_server_never_takes_is_refused(tmp_path: Path) -> None:
    with nats_server(tmp_path, more="max_payload: 1000") as server:
        server.make_stream()
        reply = post(server.url, bytes(2000))
    assert reply == Reply("refused", "a window of 2000 bytes is more than max_payload of the NATS server")


def test_a_server_that_comes_back_has_what_it_acknowledged(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        server.make_stream()
        with sending(server.url) as sender:
            assert sender.post(b"first", timeout_s=TIMEOUT_S) == Reply("taken")
            server.kill()
            replies = [sender.post(b"second", timeout_s=TIMEOUT_S) for _ in range(2)]
            assert {reply.verdict for reply in replies} == {"again"}
            assert "Connect call failed" in replies[1].reason
            server.restart()
            assert sender.post(b"second", timeout_s=TIMEOUT_S) == Reply("taken")
        assert [body for body, _ in server.stored()] == [b"first", b"second"]


def test_a_server_that_says_nothing_is_left_in_time() -> None:
    with serving(Hub(port=0, answers=[silent]), None) as receiver, sending(f"nats://127.0.0.1:{receiver.port}") as one:
        assert one.post(b"window", timeout_s=0.3) == Reply("again", "timed out")
        threading.Timer(0.3, one.abort).start()
        assert one.post(b"window", timeout_s=TIMEOUT_S) == Reply("again", "timed out")


@pytest.mark.parametrize(
    ("secret", "more"),
    [
        ("s3cr3t", 'authorization { token: "s3cr3t" }'),
        ("pop1:s3cr3t", 'authorization { users: [{ user: pop1, password: "s3cr3t" }] }'),
    ],
)
def test_a_token_is_read_anew_for_each_window(secret: str, more: str, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("pop1:wrong")
    with nats_server(tmp_path) as server:
        server.make_stream()
        server.kill()
        server._more = more
        server.restart()
        with sending(server.url, token_file=path) as sender:
            reply = sender.post(b"window", timeout_s=TIMEOUT_S)
            assert (reply.verdict, reply.reason) == ("again", "nats: 'Authorization Violation'")
            path.write_text(secret)
            assert sender.post(b"window", timeout_s=TIMEOUT_S) == Reply("taken")
            path.unlink()
            assert "no token can be read" in sender.post(b"window", timeout_s=TIMEOUT_S).reason


def test_tls_checks_the_server_and_shows_our_certificate(tmp_path: Path) -> None:
    authority, other = trustme.CA(), trustme.CA()
    files = {name: tmp_path / f"{name}.pem" for name in ("ca", "server", "client", "other")}
    authority.cert_pem.write_to_path(str(files["ca"]))
    other.cert_pem.write_to_path(str(files["other"]))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(files["server"]))
    authority.issue_cert("edge.example").private_key_and_cert_chain_pem.write_to_path(str(files["client"]))
    both = f'cert_file: "{files["server"]}", key_file: "{files["server"]}", ca_file: "{files["ca"]}", verify: true'
    with nats_server(tmp_path) as server:
        server.make_stream()
        server.kill()
        server._more = f"tls {{ {both} }}"
        server.restart()
        url = server.url.replace("nats:", "nats+tls:")
        assert post(url, ca=files["ca"], cert=files["client"]) == Reply("taken")
        assert "certificate verify failed" in post(url, ca=files["other"], cert=files["client"]).reason
        assert post(url, ca=files["ca"]).verdict == "again"


def test_a_server_without_tls_gets_no_token_where_tls_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("s3cr3t")
    with nats_server(tmp_path) as server:
        server.make_stream()
        reply = post(server.url.replace("nats:", "nats+tls:"), token_file=path)
    assert reply == Reply("again", "nats: secure connection not available")


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nats.js", None)
    with pytest.raises(MissingLibraryError, match=r"^NATS needs nats-py: pip install 'pktvisor\[nats\]'$"):
        post("nats://127.0.0.1")
