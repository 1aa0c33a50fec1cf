"""TLS, with certificates made for the test."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import trustme

from pktvisor.errors import ConfigError
from pktvisor.server.settings import Bounds, TlsFiles
from pktvisor.server.tls import NO_PEM, tls_context
from pktvisor.server.web_server import WebServer
from support.agents import FakeAgent, FakePolicy
from support.serving import PATIENCE_S, read_all, running, until
from support.snapshots import handler, sample, top


@dataclass(frozen=True)
class Papers:
    """A certificate authority, and what it gave to a server and a client."""

    authority: trustme.CA
    client: trustme.LeafCert
    server: TlsFiles
    mutual: TlsFiles

    def trusting(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context

    def known(self) -> ssl.SSLContext:
        context = self.trusting()
        self.client.configure_cert(context)
        return context


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    server = authority.issue_cert("localhost", "127.0.0.1")
    certificate, key, roots = folder / "cert.pem", folder / "key.pem", folder / "ca.pem"
    for blob in server.cert_chain_pems:
        blob.write_to_path(certificate, append=True)
    server.private_key_pem.write_to_path(key)
    authority.cert_pem.write_to_path(roots)
    plain, mutual = TlsFiles(certificate, key), TlsFiles(certificate, key, roots)
    return Papers(authority, authority.issue_cert("grafana.example"), plain, mutual)


def get(port: int, context: ssl.SSLContext) -> httpx2.Response:
    with httpx2.Client(verify=context) as client:
        return client.get(f"https://127.0.0.1:{port}/api/v1/metrics/app")


def test_it_answers_over_tls_and_not_without(papers: Papers) -> None:
    with running(tls=papers.server) as server:
        document = get(server.port, papers.trusting()).json()
        assert document["security"] == {"tls": True, "authentication": "none", "is_loopback": True}
        with pytest.raises(httpx2.TransportError):
            httpx2.get(f"http://127.0.0.1:{server.port}/api/v1/metrics/app")


def test_older_versions_of_tls_are_refused(papers: Papers) -> None:
    context = tls_context(papers.server)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    with running(tls=papers.server) as server:
        for newest in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            trusting = papers.trusting()
            trusting.maximum_version = newest
            assert get(server.port, trusting).status_code == 200


def test_mutual_tls_refuses_clients_without_a_certificate(papers: Papers) -> None:
    with running(tls=papers.mutual, admin_api=True) as server:
        assert get(server.port, papers.known()).json()["security"]["authentication"] == "certificate"
        with pytest.raises((httpx2.TransportError, ssl.SSLError)):
            get(server.port, papers.trusting())
        stranger = papers.trusting()
        trustme.CA().issue_cert("grafana.example").configure_cert(stranger)
        with pytest.raises((httpx2.TransportError, ssl.SSLError)):
            get(server.port, stranger)
        assert get(server.port, papers.known()).json()["server"]["requests"] == 2


def test_with_a_certificate_the_admin_api_may_be_asked_by_any_name(papers: Papers) -> None:
    with running(tls=papers.mutual, admin_api=True) as server, httpx2.Client(verify=papers.known()) as client:
        url = f"https://127.0.0.1:{server.port}/api/v1/taps/nope"
        assert client.delete(url, headers={"host": "agent7.example"}).status_code == 404


def test_a_client_that_never_greets_does_not_keep_others_out(papers: Papers) -> None:
    with running(tls=papers.server) as server:
        silent = [socket.create_connection((server.host, server.port)) for _ in range(100)]
        assert get(server.port, papers.trusting()).status_code == 200
        assert int(str(server.counters()["connections_evicted"])) > 0
        for one in silent:
            one.close()


def test_a_renewed_certificate_is_taken_and_a_wrong_one_is_not(papers: Papers, tmp_path: Path) -> None:
    files = TlsFiles(tmp_path / "cert.pem", tmp_path / "key.pem")
    renewed = trustme.CA()
    trusting = ssl.create_default_context()
    renewed.configure_trust(trusting)

    def write(issued: trustme.LeafCert) -> None:
        issued.cert_chain_pems[0].write_to_path(files.certificate)
        issued.private_key_pem.write_to_path(files.key)

    write(papers.authority.issue_cert("127.0.0.1"))
    with running(tls=files) as server:
        assert get(server.port, papers.trusting()).status_code == 200
        write(renewed.issue_cert("127.0.0.1"))
        server.reload()
        assert get(server.port, trusting).status_code == 200
        files.certificate.write_bytes(papers.server.certificate.read_bytes())
        with pytest.raises(ConfigError, match=r": the key is not that of the certificate$"):
            server.reload()
        assert get(server.port, trusting).status_code == 200


NAMES = {"x" * 60 + str(number): number for number in range(120_000)}
LARGE = FakePolicy("large", [[handler(sample("top", "dns_top", "top", top("name", **NAMES)))]])


@contextmanager
def asking_for_much(papers: Papers, server: WebServer) -> Iterator[ssl.SSLSocket]:
    """Connect, and ask for some megabytes."""
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    plain.settimeout(PATIENCE_S)
    plain.connect((server.host, server.port))
    with papers.trusting().wrap_socket(plain, server_hostname="127.0.0.1") as client:
        client.sendall(b"GET /api/v1/policies/large/metrics/bucket/0 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        yield client


def test_a_client_that_does_not_read_is_let_go_over_tls_too(papers: Papers) -> None:
    bounds = Bounds(answer_timeout_s=0.2, keep_alive_s=3600)
    with running(FakeAgent({"large": LARGE}), tls=papers.server, bounds=bounds) as server:
        with asking_for_much(papers, server):
            assert until(lambda: server.counters()["answers_timed_out"] == 1)
            assert until(lambda: len(server._connections) == 0)
        assert get(server.port, papers.trusting()).status_code == 200


def test_a_client_that_reads_slowly_but_steadily_gets_all_over_tls_too(papers: Papers) -> None:
    bounds = Bounds(answer_timeout_s=0.5, least_answer_bytes=1024, keep_alive_s=1)
    with running(FakeAgent({"large": LARGE}), tls=papers.server, bounds=bounds) as server:
        with asking_for_much(papers, server) as client:
            head, _, body = read_all(client, pause_s=0.008).partition(b"\r\n\r\n")
        length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length"))
        assert int(length.split(b":")[1]) == len(body)
        assert server.counters()["answers_timed_out"] == 0


def test_files_that_make_no_sense_are_one_sentence(papers: Papers, tmp_path: Path) -> None:
    nothing, rubbish = tmp_path / "none.pem", tmp_path / "rubbish.pem"
    rubbish.write_text("no certificate\n")
    good = papers.server
    for files, words in [
        (TlsFiles(nothing, good.key), f"{nothing}: No such file or directory"),
        (TlsFiles(good.certificate, nothing), f"{nothing}: No such file or directory"),
        (TlsFiles(rubbish, good.key), f"{rubbish} and {good.key}: {NO_PEM}"),
        (TlsFiles(good.certificate, rubbish), f"{good.certificate} and {rubbish}: {NO_PEM}"),
        (TlsFiles(good.certificate, good.key, nothing), f"{nothing}: No such file or directory"),
        (TlsFiles(good.certificate, good.key, rubbish), f"{rubbish}: there is no certificate in PEM form in it"),
    ]:
        with pytest.raises(ConfigError) as caught:
            tls_context(files)
        assert str(caught.value).startswith(f"invalid TLS configuration: {words}")
        assert "\n" not in str(caught.value)


def test_a_key_with_a_password_does_not_ask_for_it(papers: Papers, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    plain = serialization.load_pem_private_key(papers.server.key.read_bytes(), None)
    locked = tmp_path / "locked.pem"
    password = serialization.BestAvailableEncryption(b"sesame")
    formats = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    locked.write_bytes(plain.private_bytes(*formats, password))
    with pytest.raises(ConfigError, match=r"without a password$"):
        tls_context(TlsFiles(papers.server.certificate, locked))


def test_who_listens_over_tls_keeps_nobody_from_stopping(papers: Papers, caplog: pytest.LogCaptureFixture) -> None:
    agent = FakeAgent({f"policy_{number:04}": FakePolicy("", []) for number in range(1000)})
    ask = b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with running(agent, tls=papers.server, bounds=Bounds(tick_interval_s=0.02)) as server, ExitStack() as clients:
        listening, deaf = (
            clients.enter_context(
                papers.trusting().wrap_socket(
                    socket.create_connection(("127.0.0.1", server.port)), server_hostname="localhost"
                )
            )
            for _ in range(2)
        )
        for one in (listening, deaf):
            one.settimeout(PATIENCE_S)
            one.sendall(ask)
        heard = b""
        while heard.count(b"event: tick") < 3:
            heard += listening.recv(65536)
        assert until(lambda: int(str(server.counters()["events_lost"])) > 0 and bool(listening.recv(65536)))
        server.stop()
        assert not server._thread.is_alive()
        assert read_all(listening).endswith(b"\r\n0\r\n\r\n")
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
