from __future__ import annotations

import socket
import ssl
from email.utils import formatdate
from pathlib import Path

import pytest
import trustme

from pktvisor import clock
from pktvisor.errors import ConfigError
from pktvisor.outputs import otlp
from pktvisor.outputs.http_post import Reply
from pktvisor.outputs.otlp_http import Client, Receiver
from support.http_receiver import Answer, answer, close, endless, silent
from support.identities import Identities
from support.otlp_receiver import partial_success, receiving
from support.snapshots import counter, handler

MESSAGE = otlp.request([otlp.scope("edge", [handler(counter("dns_a", "a", 1))])], otlp.Resource("5.0.0"))
TIMEOUT_S = 20.0
"""Longer than any answer here takes."""


def post(port: int, *, timeout_s: float = TIMEOUT_S, **options: object) -> Reply:
    receiver = Receiver(host="127.0.0.1", port=port, **options)  # type: ignore[arg-type]
    return Client(receiver, version="5.0.0").post(MESSAGE.SerializeToString(), timeout_s=timeout_s)


def reply_to(*answers: Answer, timeout_s: float = TIMEOUT_S) -> Reply:
    with receiving(*answers) as receiver:
        return post(receiver.port, timeout_s=timeout_s)


def test_a_request_arrives_whole_and_compressed_at_the_path() -> None:
    with receiving() as receiver:
        assert post(receiver.port, path="/custom/metrics?tenant=1") == Reply("taken")
    assert receiver.paths == ["/custom/metrics?tenant=1"]
    assert receiver.requests == [MESSAGE]
    assert receiver.headers[0]["content-type"] == "application/x-protobuf"
    assert receiver.headers[0]["content-encoding"] == "gzip"
    assert receiver.headers[0]["user-agent"] == "pktvisor/5.0.0"


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_receiver_that_is_busy_may_be_asked_again(status: int) -> None:
    reply = reply_to(answer(status))
    assert reply.verdict == "again"
    assert reply.reason.startswith(str(status))


def test_a_port_that_nobody_listens_at_is_told_without_a_number_of_the_system() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert post(bound.getsockname()[1]) == Reply("again", "Connection refused")


@pytest.mark.parametrize("status", [301, 307, 400, 401, 404, 413, 500, 501])
def test_other_statuses_refuse_for_good_and_no_redirect_is_followed(status: int) -> None:
    with receiving(answer(status, Location="/elsewhere")) as receiver:
        assert post(receiver.port).verdict == "refused"
    assert receiver.paths == ["/v1/metrics"]


def test_what_the_receiver_did_not_want_is_told() -> None:
    assert reply_to(partial_success(3, "too old")) == Reply("taken", "too old", rejected=3)
    assert reply_to(partial_success(-3, "")).rejected == 0


def test_text_from_outside_is_cut_and_made_printable() -> None:
    reply = reply_to(partial_success(1, "line\n\x1b[31mred" + "x" * 1000))
    assert reply.reason.startswith("line??[31mred")
    assert len(reply.reason) == 200


@pytest.mark.parametrize(
    "body",
    [b"\xff\xff\xff", b"<html>", partial_success.__name__.encode() * 10_000],
    ids=["no protobuf", "a page", "too much"],
)
def test_an_answer_that_can_not_be_read_rejects_nothing(body: bytes) -> None:
    assert reply_to(answer(200, body, Content_Type="application/x-protobuf")) == Reply("taken")
    assert reply_to(answer(200, body, Content_Type="text/html")) == Reply("taken")


def test_retry_after_is_read_as_seconds_or_as_a_date() -> None:
    assert reply_to(answer(503, Retry_After="120")).retry_after_s == 120
    date = formatdate(clock.now() + 3600, usegmt=True)
    assert 3000 < reply_to(answer(503, Retry_After=date)).retry_after_s <= 3600
    for odd in ("soon", "-5", "9" * 400, formatdate(0, usegmt=True), "1.5"):
        assert reply_to(answer(503, Retry_After=odd)).retry_after_s == 0


def test_a_connection_that_closes_may_be_tried_again() -> None:
    assert reply_to(close).verdict == "again"


def test_a_receiver_that_is_not_there_may_be_tried_again() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        reply = post(taken.getsockname()[1])
    assert reply.verdict == "again"
    assert "refused" in reply.reason


def test_a_receiver_that_does_not_answer_is_left() -> None:
    assert reply_to(silent, timeout_s=0.3).verdict == "again"


def test_an_answer_without_an_end_is_cut_and_its_status_counts() -> None:
    assert reply_to(endless, timeout_s=0.3) == Reply("taken")


def test_a_host_that_makes_no_sense_is_no_crash() -> None:
    client = Client(Receiver(host="a..b"), version="5.0.0")
    assert client.post(b"", timeout_s=TIMEOUT_S).verdict == "again"


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_an_address_may_stand_in_brackets(host: str) -> None:
    with socket.socket(socket.AF_INET6) as taken:
        taken.bind(("::1", 0))
        client = Client(Receiver(host=host, port=taken.getsockname()[1]), version="5.0.0")
        assert "refused" in client.post(b"", timeout_s=TIMEOUT_S).reason


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"host": "two words"}, "otel_host: 'two words' is not a host"),
        ({"host": ""}, "otel_host: '' is not a host"),
        ({"port": 0}, "otel_port: 0 is not a port"),
        ({"port": 70000}, "otel_port: 70000 is not a port"),
        ({"path": "v1/metrics"}, "otel_path: 'v1/metrics' is not a path"),
        ({"path": "/v1\r\nX: y"}, "otel_path: '/v1\\r\\nX: y' is not a path"),
        ({"tls": True, "cert": "/nowhere.pem"}, "otel_tls_cert: no usable certificate in /nowhere.pem"),
    ],
)
def test_options_that_make_no_sense_are_told(options: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Client(Receiver(**options), version="5.0.0")  # type: ignore[arg-type]
    assert str(caught.value).startswith(said)


@pytest.fixture
def identities(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Identities:
    made = Identities(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.authority))
    return made


def test_tls_checks_the_receiver(identities: Identities, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with receiving(tls=identities.server) as receiver:
        assert post(receiver.port, tls=True) == Reply("taken")
        trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other.pem"))
        reply = post(receiver.port, tls=True)
    assert reply.verdict == "again"
    assert "certificate verify failed" in reply.reason
    assert len(receiver.requests) == 1


def test_a_receiver_that_wants_a_certificate_gets_ours(identities: Identities) -> None:
    identities.server.verify_mode = ssl.CERT_REQUIRED
    with receiving(tls=identities.server) as receiver:
        assert post(receiver.port, tls=True).verdict == "again"
        assert post(receiver.port, tls=True, cert=str(identities.cert), key=str(identities.key)) == Reply("taken")
        assert post(receiver.port, tls=True, cert=str(identities.both)) == Reply("taken")
    assert len(receiver.requests) == 2


def test_a_certificate_without_its_key_is_told(identities: Identities) -> None:
    with pytest.raises(ConfigError, match=r"no usable certificate in .*cert\.pem: "):
        Client(Receiver(tls=True, cert=str(identities.cert)), version="5.0.0")
