"""One window to the hub, and what its answers mean."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme

from pktvisor import _core
from pktvisor.config.urls import read_url
from pktvisor.errors import ConfigError
from pktvisor.outputs import hub_body
from pktvisor.outputs.http_post import Reply
from pktvisor.outputs.hub_target import HubTarget
from pktvisor.outputs.hub_transports.http import Client
from support.http_receiver import Answer, answer, close, endless, silent, then_close
from support.hub_receiver import hub, receipt, refusal
from support.identities import Identities
from support.records import any_record

TIMEOUT_S = 20.0
"""Longer than any answer here takes."""


def target(port: int, scheme: str = "http", path: str = "", **files: Path) -> HubTarget:
    return HubTarget(read_url(f"{scheme}://127.0.0.1:{port}{path}"), **files)


def client(port: int, scheme: str = "http", path: str = "", **files: Path) -> Client:
    return Client(target(port, scheme, path, **files), version="5.0.0")


def post(port: int, scheme: str = "http", path: str = "", timeout_s: float = TIMEOUT_S, **files: Path) -> Reply:
    sender = client(port, scheme, path, **files)
    try:
        return sender.post(b"window", timeout_s=timeout_s)
    finally:
        sender.close()


def reply_to(*answers: Answer, timeout_s: float = TIMEOUT_S) -> Reply:
    with hub(*answers) as receiver:
        return post(receiver.port, timeout_s=timeout_s)


def test_a_window_arrives_at_its_path_and_says_what_it_is() -> None:
    with hub() as receiver:
        assert post(receiver.port) == Reply("taken")
        assert post(receiver.port, path="/fleet/") == Reply("taken")
    assert receiver.paths == ["/api/v1/windows", "/fleet/api/v1/windows"]
    assert receiver.bodies == [b"window"] * 2
    headers = receiver.headers[0]
    assert headers["content-type"] == "application/vnd.apache.arrow.stream"
    assert headers["content-encoding"] == "zstd"
    assert headers["user-agent"] == "pktvisor/5.0.0"
    assert "authorization" not in headers


def packed(agent: str = "pop1") -> bytes:
    return hub_body.packed([any_record(agent=agent)], {"pktvisor.agent": agent})


def test_a_hub_that_knows_packed_records_gets_them() -> None:
    with hub() as receiver:
        sender = client(receiver.port)
        assert sender.post(packed(), timeout_s=TIMEOUT_S) == Reply("taken")
        sender.close()
    assert receiver.bodies == [packed()]
    assert receiver.headers[0]["content-type"] == "application/vnd.pktvisor.windows"
    assert "content-encoding" not in receiver.headers[0]


def test_a_hub_that_does_not_gets_arrow_streams_and_is_asked_again_in_an_hour() -> None:
    now_s = [0.0]
    with hub(refusal(415, "what is that?")) as receiver:
        sender = Client(target(receiver.port), version="5.0.0", monotonic=lambda: now_s[0])
        for now_s[0] in (0.0, 3500.0, 3700.0, 3700.0):
            assert sender.post(packed(), timeout_s=TIMEOUT_S) == Reply("taken")
        sender.close()
    forms = [headers["content-type"].rpartition(".")[2] for headers in receiver.headers]
    assert forms == ["windows", "stream", "stream", "windows", "windows"]
    assert receiver.headers[1]["content-encoding"] == "zstd"
    read = [_core.RecordTable.read(body, most_bytes=1 << 20) for body in receiver.bodies]
    assert {table.write_plain() for table in read} == {read[0].write_plain()}
    assert not _core.RecordTable.is_packed(receiver.bodies[1])


def test_a_window_that_can_not_be_unpacked_is_refused() -> None:
    with hub(refusal(415, "what is that?")) as receiver:
        sender = client(receiver.port)
        assert sender.post(packed()[:-5], timeout_s=TIMEOUT_S).verdict == "refused"
        sender.close()


def test_windows_of_some_handlers_that_the_hub_did_not_want_are_told() -> None:
    assert reply_to(receipt(stored=1, refused=2)).rejected == 2
    assert reply_to(receipt(stored=0, duplicate=3)) == Reply("taken")


@pytest.mark.parametrize("status", [400, 409, 413, 415, 422])
def test_a_window_that_can_not_be_taken_is_refused_with_the_hubs_words(status: int) -> None:
    reply = reply_to(refusal(status, "the column path is missing\n"))
    assert reply.verdict == "refused"
    assert reply.reason.startswith(f"{status} ")
    assert reply.reason.endswith(": the column path is missing?")


@pytest.mark.parametrize("status", [301, 307, 401, 403, 404, 405, 408, 421, 429, 500, 502, 503, 507])
def test_what_can_be_put_right_keeps_the_window(status: int) -> None:
    with hub(answer(status, Location="/elsewhere", Retry_After="7")) as receiver:
        reply = post(receiver.port)
    assert (reply.verdict, reply.retry_after_s) == ("again", 7)
    assert reply.reason.startswith(str(status))
    assert receiver.paths == ["/api/v1/windows"]


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"<html>", b'{"stored": 1}', b"[" * 60_000])
def test_a_success_without_a_receipt_is_none(body: bytes) -> None:
    reply = reply_to(answer(200, body))
    assert (reply.verdict, reply.reason) == ("again", "200 OK, without a receipt")


def test_a_hub_that_breaks_off_is_asked_again() -> None:
    assert reply_to(close).verdict == "again"
    assert reply_to(endless, timeout_s=0.3).verdict == "again"
    assert reply_to(silent, timeout_s=0.3).verdict == "again"


def test_one_connection_is_kept() -> None:
    with hub() as receiver:
        sender = client(receiver.port)
        assert {sender.post(b"window", timeout_s=TIMEOUT_S).verdict for _ in range(3)} == {"taken"}
        sender.close()
    assert len(receiver.connections) == 1


def test_a_kept_connection_that_the_hub_has_closed_is_no_fault() -> None:
    with hub(then_close(receipt()), then_close(receipt())) as receiver:
        sender = client(receiver.port)
        assert {sender.post(b"window", timeout_s=TIMEOUT_S).verdict for _ in range(3)} == {"taken"}
        sender.close()
    assert len(receiver.connections) == 3


def test_a_hub_that_says_that_it_closes_gets_a_new_connection() -> None:
    said = answer(200, b'{"stored": 1, "duplicate": 0, "refused": 0}', Connection="close")
    with hub(said, said) as receiver:
        sender = client(receiver.port)
        assert {sender.post(b"window", timeout_s=TIMEOUT_S).verdict for _ in range(3)} == {"taken"}
        sender.close()
    assert len(receiver.connections) == len(receiver.bodies) == 3


def test_a_hub_that_comes_back_is_found() -> None:
    with hub(then_close(receipt())) as receiver:
        sender = client(port := receiver.port)
        assert sender.post(b"window", timeout_s=TIMEOUT_S).verdict == "taken"
    assert sender.post(b"window", timeout_s=TIMEOUT_S).verdict == "again"
    with hub(port=port):
        assert sender.post(b"window", timeout_s=TIMEOUT_S).verdict == "taken"
        sender.close()


def test_a_token_is_sent_and_read_anew_for_each_window(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("first\n")
    with hub() as receiver:
        sender = client(receiver.port, token_file=path)
        sender.post(b"window", timeout_s=TIMEOUT_S)
        path.write_text("second")
        sender.post(b"window", timeout_s=TIMEOUT_S)
        path.unlink()
        reply = sender.post(b"window", timeout_s=TIMEOUT_S)
        sender.close()
    assert [headers["authorization"] for headers in receiver.headers] == ["Bearer first", "Bearer second"]
    assert reply == Reply("again", f"no token can be read from {path}: No such file or directory")


@pytest.mark.parametrize("content", [b"", b"\n", b"two words", b"\xff", b"a\nb"])
def test_a_file_without_a_token_is_told_at_the_start(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="token"):
        client(1, token_file=path)


@pytest.fixture
def identities(tmp_path: Path) -> Identities:
    return Identities(tmp_path)


def test_tls_checks_the_hub(identities: Identities, tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    with hub(tls=identities.server) as receiver:
        assert post(receiver.port, "https", ca=identities.authority) == Reply("taken")
        for reply in (post(receiver.port, "https"), post(receiver.port, "https", ca=tmp_path / "other.pem")):
            assert reply.verdict == "again"
            assert "certificate verify failed" in reply.reason
    assert len(receiver.bodies) == 1


def test_a_kept_connection_of_tls_that_the_hub_has_closed_is_no_fault(identities: Identities) -> None:
    with hub(then_close(receipt()), then_close(receipt()), tls=identities.server) as receiver:
        sender = client(receiver.port, "https", ca=identities.authority)
        assert [sender.post(b"window", timeout_s=TIMEOUT_S) for _ in range(3)] == [Reply("taken")] * 3
        sender.close()
    assert len(receiver.bodies) == 3


def test_a_hub_that_wants_a_certificate_gets_ours(identities: Identities) -> None:
    identities.server.verify_mode = ssl.CERT_REQUIRED
    ca = identities.authority
    with hub(tls=identities.server) as receiver:
        assert post(receiver.port, "https", ca=ca).verdict == "again"
        whole = post(receiver.port, "https", ca=ca, cert=identities.both)
        parts = post(receiver.port, "https", ca=ca, cert=identities.cert, key=identities.key)
    assert whole == parts == Reply("taken")


def test_certificates_that_are_replaced_are_taken_for_the_next_connection(identities: Identities) -> None:
    other = trustme.CA()
    own = identities.authority.read_bytes()
    other.cert_pem.write_to_path(str(identities.authority))
    with hub(tls=identities.server) as receiver:
        sender = client(receiver.port, "https", ca=identities.authority)
        assert sender.post(b"window", timeout_s=TIMEOUT_S).verdict == "again"
        identities.authority.write_bytes(b"nothing")
        assert "no usable authorities" in sender.post(b"window", timeout_s=TIMEOUT_S).reason
        identities.authority.write_bytes(own + b"\n")
        assert sender.post(b"window", timeout_s=TIMEOUT_S) == Reply("taken")
        sender.close()


@pytest.mark.parametrize(
    ("name", "path", "said"),
    [
        ("ca", "/nowhere.pem", "no usable authorities in /nowhere.pem: No such file or directory"),
        ("cert", "/nowhere.pem", "no usable certificate in /nowhere.pem: No such file or directory"),
        ("cert", "/dev/null", "no usable certificate in /dev/null: Is a device, not a regular file"),
    ],
)
def test_certificates_that_can_not_be_used_are_told_at_the_start(name: str, path: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        client(1, "https", "", **{name: Path(path)})
    assert str(caught.value) == said
