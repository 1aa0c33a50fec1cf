"""The client over real sockets of the loopback interface."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trustme

from pktvisor.api.client import Client
from pktvisor.api.connection import Endpoint
from pktvisor.api.faults import (
    AccessFault,
    ApiFault,
    BusyFault,
    DocumentFault,
    MissingFault,
    PeriodFault,
    ServerFault,
    TlsFault,
    Unreachable,
)
from pktvisor.api.forms import PeriodDetail
from pktvisor.api.values import TopEntry, top_at
from pktvisor.escaping import is_printable
from support.documents import DNS, PACKETS, PERIOD, policy_info, policy_metrics, tap_info
from support.rest_server import Reply, RestServer, json_reply, rest_server

WINDOW = "/api/v1/policies/edge/metrics/window/5"
APP = "/api/v1/metrics/app"


@pytest.fixture
def server() -> Iterator[RestServer]:
    with rest_server() as running:
        yield running


Connect = Callable[..., Client]
"""Makes a client of a server."""


@pytest.fixture
def client_of() -> Iterator[Connect]:
    clients = []

    def connect(server: RestServer, **options: Any) -> Client:
        clients.append(Client(Endpoint("127.0.0.1", server.port, **options)))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


def test_a_window_is_read_with_its_handlers(client_of: Connect, server: RestServer) -> None:
    document = policy_metrics("edge", dns=DNS, packets=PACKETS)
    server.replies[WINDOW] = json_reply(document)
    metrics = client_of(server).window("edge", 5)
    assert [(one.instance, one.schema) for one in metrics.handlers] == [
        ("edge-tap-dns", "dns"),
        ("edge-tap-packets", "packets"),
    ]
    assert metrics.document == document
    assert metrics.period is not None
    assert (metrics.period.start_ts, metrics.period.length) == (PERIOD["start_ts"], PERIOD["length"])
    handler = metrics.handler("net", "packets")
    assert handler is not None
    assert handler.metrics["total"] == PACKETS["total"]
    assert "period" not in handler.metrics
    assert handler.detail is None


def test_a_window_in_detail_keeps_its_bounds_and_how_complete_it_is(client_of: Connect, server: RestServer) -> None:
    detail = {"is_closed": True, "ledger": {"seen": 4, "decoded": 3}, "completeness": 0.75}
    entry = {"name": "a.example", "estimate": 7, "lower_bound": 5, "upper_bound": 8}
    dns = {"top": [entry], "period": {**PERIOD, **detail}}
    server.replies[f"{WINDOW}?detail=true"] = json_reply({"edge": {"edge-tap-dns": {"dns": dns}}})
    (handler,) = client_of(server).window("edge", 5, is_detailed=True).handlers
    assert handler.detail == PeriodDetail(is_closed=True, ledger={"seen": 4, "decoded": 3}, completeness=0.75)
    assert top_at(handler.metrics, "top") == (TopEntry("a.example", 7, (), 5, 8),)


def test_requests_share_a_connection_and_carry_the_token(client_of: Connect, server: RestServer) -> None:
    server.replies[APP] = json_reply({"app": {"up_time_min": 1.5, "version": "4.5.0"}})
    client = client_of(server, token="s3cret")
    assert [client.app().version for _ in range(3)] == ["4.5.0"] * 3
    assert server.connections == 1
    assert {headers["Authorization"] for _, headers in server.asked} == {"Bearer s3cret"}


def test_a_connection_that_rested_too_long_is_opened_again(client_of: Connect, server: RestServer) -> None:
    server.replies[APP] = json_reply({"app": {"version": "4.5.0"}})
    server.closes_after_each = True
    client = client_of(server)
    assert [client.app().version for _ in range(3)] == ["4.5.0"] * 3
    assert server.connections == 3


def test_the_inventory_of_an_agent_with_every_route(client_of: Connect, server: RestServer) -> None:
    server.replies["/api/v1/policies"] = json_reply({"edge": policy_info("edge", ["dns", "packets"], periods=3)})
    server.replies["/api/v1/taps"] = json_reply({"tap": tap_info(), "spare": {**tap_info(), "tags": None}})
    other = {"input": {"running": False, "consumers": 0}, "module": {"config": {}}, "ledger": {"seen": 9}}
    server.replies["/api/v1/inputs"] = json_reply({"other": other})
    inventory = client_of(server).inventory()
    assert inventory.policies["edge"].periods == 3
    assert [handler.open_exchanges for handler in inventory.policies["edge"].handlers] == [38, None]
    assert inventory.taps["tap"].tags == {"site": "ams"}
    assert sorted(inventory.taps) == ["spare", "tap"]
    assert inventory.inputs["other"].ledger == {"seen": 9}
    assert (inventory.inputs["tap-1234"].is_running, inventory.inputs["tap-1234"].consumers) == (True, 2)


def test_the_inventory_of_an_agent_without_taps_and_inputs(client_of: Connect, server: RestServer) -> None:
    server.replies["/api/v1/policies"] = json_reply({"edge": policy_info("edge", ["dns"])})
    server.replies["/api/v1/taps"] = json_reply(None)
    inventory = client_of(server).inventory()
    assert list(inventory.inputs) == ["tap-1234"]
    assert inventory.inputs["tap-1234"].ledger == {}


@pytest.mark.parametrize(
    ("reply", "kind", "sentence"),
    [
        (Reply(b"", 401), AccessFault, "wants a token: --token"),
        (Reply(b"", 403), AccessFault, "refuses this token"),
        (Reply(b"", 404), MissingFault, 'policy "edge" is not there'),
        (json_reply({"error": "slow down"}, 429), BusyFault, "is busy: slow down"),
        (Reply(b"", 503), BusyFault, "is busy"),
        (json_reply({"error": "a sad\nstory"}, 500), ServerFault, "fails with status 500: a sad story"),
        (Reply(b"bad gateway", 502), ServerFault, "fails with status 502: bad gateway"),
        (Reply(b"{"), DocumentFault, "does not answer with JSON"),
        (Reply(b"[1]"), DocumentFault, "does not answer with a JSON object"),
        (Reply(b"\xff\xfe{}"), DocumentFault, "does not answer with JSON"),
    ],
)
def test_an_answer_that_is_no_document_is_a_fault_with_a_sentence(
    client_of: Connect, server: RestServer, reply: Reply, kind: type[ApiFault], sentence: str
) -> None:
    server.replies[WINDOW] = reply
    with pytest.raises(kind) as raised:
        client_of(server).window("edge", 5)
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_token_that_is_refused_is_told_from_one_that_is_missing(client_of: Connect, server: RestServer) -> None:
    server.replies[APP] = Reply(b"", 401)
    with pytest.raises(AccessFault, match="refuses this token"):
        client_of(server, token="old").app()


@pytest.mark.parametrize(("after", "seconds"), [("7", 7.0), (None, None), ("soon", None)])
def test_a_busy_agent_may_say_how_long_to_wait(
    client_of: Connect, server: RestServer, after: str | None, seconds: float | None
) -> None:
    server.replies[APP] = Reply(b"", 429, {} if after is None else {"Retry-After": after})
    with pytest.raises(BusyFault) as raised:
        client_of(server).app()
    assert raised.value.retry_after_s == seconds


@pytest.mark.parametrize(
    ("error", "status", "least", "most", "is_early"),
    [
        ("invalid metrics period, specify [2, 10]", 425, 2, 10, False),
        ("invalid metrics period, specify [2, 1]", 425, 2, 1, False),
        ("requested metrics period has not yet accumulated, current range is [0, 0]", 425, 0, 0, True),
        ("invalid metrics period, specify [2, 5]", 500, 2, 5, False),
    ],
)
def test_a_period_that_is_not_there_names_those_that_are(
    client_of: Connect, server: RestServer, error: str, status: int, least: int, most: int, is_early: bool
) -> None:
    server.replies[WINDOW] = json_reply({"edge": {"edge-tap-dns": None}, "error": error}, status)
    with pytest.raises(PeriodFault) as raised:
        client_of(server).window("edge", 5)
    fault = raised.value
    assert (fault.least, fault.most, fault.is_early) == (least, most, is_early)


def test_nobody_there() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(Unreachable, match=f"no agent answers on 127.0.0.1:{port}: connection refused"):
        Client(Endpoint("127.0.0.1", port)).app()


def test_somebody_there_who_says_nothing() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        client = Client(Endpoint("127.0.0.1", silent.getsockname()[1], timeout_s=0.2))
        with pytest.raises(Unreachable, match=r"does not answer within 0\.2 s"):
            client.app()


def test_a_name_that_nobody_has() -> None:
    with pytest.raises(Unreachable, match=r"no agent answers on nowhere\.invalid:10853"):
        Client(Endpoint("nowhere.invalid")).app()


def test_a_host_in_brackets_is_named_so() -> None:
    assert str(Endpoint("::1", 80)) == "[::1]:80"


def test_an_agent_that_comes_back_is_asked_again(client_of: Connect, server: RestServer) -> None:
    client = client_of(server)
    with pytest.raises(MissingFault):
        client.app()
    server.replies[APP] = json_reply({"app": {"version": "5.0.0"}})
    assert client.app().version == "5.0.0"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls_server(authority: trustme.CA) -> Iterator[RestServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with rest_server(context) as running:
        running.replies[APP] = json_reply({"app": {"version": "5.0.0"}})
        yield running


def test_a_certificate_of_a_known_authority_is_trusted(
    client_of: Connect, tls_server: RestServer, authority: trustme.CA, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    client = client_of(tls_server, is_tls=True, ca_file=str(tmp_path / "ca.pem"))
    assert client.app().version == "5.0.0"


def test_a_certificate_of_an_unknown_authority_is_refused(client_of: Connect, tls_server: RestServer) -> None:
    with pytest.raises(TlsFault, match=r"the certificate of 127\.0\.0\.1:\d+ is refused: "):
        client_of(tls_server, is_tls=True).app()


def test_whatever_certificate_is_taken_where_asked_for(client_of: Connect, tls_server: RestServer) -> None:
    client = client_of(tls_server, is_tls=True, is_verified=False)
    assert client.app().version == "5.0.0"


def test_tls_to_an_agent_without_it(client_of: Connect, server: RestServer) -> None:
    with pytest.raises(TlsFault, match="does not speak TLS: try without --tls"):
        client_of(server, is_tls=True).app()


def test_no_tls_to_an_agent_with_it(client_of: Connect, tls_server: RestServer) -> None:
    with pytest.raises(Unreachable, match="does it want --tls"):
        client_of(tls_server).app()


@pytest.fixture
def strict_server(authority: trustme.CA) -> Iterator[RestServer]:
    """Wants a certificate of its clients."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    with rest_server(context) as running:
        running.replies[APP] = json_reply({"app": {"version": "5.0.0"}})
        yield running


def test_an_agent_that_wants_a_certificate_gets_it(
    client_of: Connect, strict_server: RestServer, authority: trustme.CA, tmp_path: Path
) -> None:
    path = tmp_path / "own.pem"
    authority.issue_cert("watcher@example.net").private_key_and_cert_chain_pem.write_to_path(str(path))
    client = client_of(strict_server, is_tls=True, is_verified=False, cert_file=str(path))
    assert client.app().version == "5.0.0"


def test_an_agent_that_wants_a_certificate_says_so(client_of: Connect, strict_server: RestServer) -> None:
    with pytest.raises(Unreachable, match="does it want a certificate of ours, --tls-cert"):
        client_of(strict_server, is_tls=True, is_verified=False).app()


def test_a_certificate_that_can_not_be_used(client_of: Connect, tls_server: RestServer) -> None:
    with pytest.raises(TlsFault, match=r"cannot use /no\.pem as a certificate: No such file"):
        client_of(tls_server, is_tls=True, is_verified=False, cert_file="/no.pem").app()


def test_authorities_that_can_not_be_read(client_of: Connect, tls_server: RestServer) -> None:
    with pytest.raises(TlsFault, match=r"cannot read certificates from /no\.pem"):
        client_of(tls_server, is_tls=True, ca_file="/no.pem").app()


HOSTILE = "red\x1b[31m\x9b2J\u202ecod.exe\u200b\n"


def test_nothing_that_an_agent_says_can_steer_a_terminal(client_of: Connect, server: RestServer) -> None:
    entries = [{"name": HOSTILE, "estimate": 3}]
    metrics = {HOSTILE: {HOSTILE: {"top_qname2": entries, "note": HOSTILE}}}
    server.replies["/api/v1/policies"] = json_reply({HOSTILE: policy_info("default", ["dns"])})
    server.replies["/api/v1/metrics/app"] = json_reply({"app": {"version": HOSTILE}})
    server.replies["/api/v1/policies/default/metrics/bucket/0"] = json_reply({"default": metrics})
    client = client_of(server)
    found = client.bucket("default", 0)
    for shown in (repr(found.handlers), *client.policies(), client.app().version):
        assert is_printable(shown)
    assert found.document == {"default": metrics}


def test_nothing_that_an_agent_refuses_with_can_steer_a_terminal(client_of: Connect, server: RestServer) -> None:
    for body in (HOSTILE.encode(), json.dumps({"error": HOSTILE}).encode()):
        server.replies["/api/v1/metrics/app"] = Reply(body, 500)
        with pytest.raises(ServerFault) as raised:
            client_of(server).app()
        assert is_printable(str(raised.value))


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("levels", [150, 100_000])
def test_what_is_nested_too_deep_is_a_sentence(
    client_of: Connect, server: RestServer, status: int, levels: int
) -> None:
    server.replies["/api/v1/policies"] = Reply(b'{"a":' * levels + b"1" + b"}" * levels, status)
    with pytest.raises(DocumentFault if status == 200 else ServerFault) as raised:
        client_of(server).policies()
    assert len(str(raised.value)) < 400


def test_numbers_beyond_all_measure_are_none(client_of: Connect, server: RestServer) -> None:
    huge = b"9" * 4000
    server.replies["/api/v1/metrics/app"] = Reply(b'{"app":{"up_time_min":' + huge + b"}}", 200)
    assert client_of(server).app().up_time_min == 0


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\n"])
@pytest.mark.parametrize("limits", [{"request_s": 0.2}, {"total_s": 0.2}])
def test_an_agent_that_answers_byte_by_byte_without_end_is_given_up(head: bytes, limits: dict[str, float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.sendall(head)
                while True:
                    connection.sendall(b"x" if head else b"H")
                    pause.wait(0.05)

        pause = threading.Event()
        threading.Thread(target=drip, daemon=True).start()
        client = Client(Endpoint("127.0.0.1", listener.getsockname()[1], **limits))  # type: ignore[arg-type]
        with pytest.raises(Unreachable, match=r"does not answer completely within 0\.2 s"):
            client.app()


def test_after_the_time_for_all_answers_nothing_more_is_asked(client_of: Connect, server: RestServer) -> None:
    server.replies[APP] = json_reply({"app": {"version": "4.5.0"}})
    client = client_of(server, total_s=0.0)
    with pytest.raises(Unreachable, match="does not answer completely"):
        client.app()
