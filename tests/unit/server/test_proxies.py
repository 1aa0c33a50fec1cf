"""A proxy that is trusted tells who its users are; the same header from anybody else means nothing."""

from __future__ import annotations

import http.client
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from pktvisor.config.networks import read_networks
from pktvisor.server.app import create_app
from pktvisor.server.context import make_context
from pktvisor.server.proxies import TrustedProxy
from pktvisor.server.settings import ServerSettings
from pktvisor.server.tokens import make_token
from support.agents import FakeAgent, FakeTap
from support.serving import UNHURRIED, running

PROXY = TrustedProxy(read_networks("10.0.0.5,2001:db8::/64"), "X-Forwarded-User", frozenset({"alice"}))
READ, SEND = make_token("prometheus", "read"), make_token("pop1", "send")
TAP = "/api/v1/taps/edge"


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "tokens"
    path.write_text(f"{READ.line}\n{SEND.line}\n")
    path.chmod(0o600)
    return path


def asking(address: str, proxy: TrustedProxy = PROXY, token_file: Path | None = None) -> TestClient:
    """A client at an address."""
    settings = ServerSettings(admin_api=True, bounds=UNHURRIED, proxy=proxy, token_file=token_file)
    app = create_app(make_context(FakeAgent(taps={"edge": FakeTap()}), settings))
    return TestClient(app, base_url="http://pktvisor.example", client=(address, 40000))


def user(name: str) -> dict[str, str]:
    return {"x-forwarded-user": name}


@pytest.mark.parametrize("address", ["10.0.0.5", "::ffff:10.0.0.5", "2001:db8::9", "2001:db8::9%eth0"])
def test_a_user_of_the_proxy_reads_and_an_admin_does_all(address: str) -> None:
    proxied = asking(address)
    assert proxied.get(TAP, headers=user("bob")).status_code == 200
    refused = proxied.delete(TAP, headers=user("bob"))
    assert (refused.status_code, refused.json()) == (403, {"error": "this needs a token of scope admin"})
    assert proxied.delete(TAP, headers=user("alice")).status_code == 200


@pytest.mark.parametrize("address", ["10.0.0.6", "127.0.0.1", "::1", "2001:db8:1::9", "unix", "", "::ffff:10.0.0.6"])
def test_from_any_other_address_the_header_means_nothing(address: str) -> None:
    assert asking(address).get(TAP, headers=user("alice")).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("x-forwarded-user", "")],
        [("x-forwarded-user", "  ")],
        [("x-forwarded-user", "bob"), ("x-forwarded-user", "alice")],
        [("x-forwarded-user", "alice"), ("X-Forwarded-User", "alice")],
        [("x-forwarded-user", "bob, alice")],
        [("x-forwarded-user", "alice,bob")],
        [("x-forwarded-user", "al\tice")],
        [("x-forwarded-user", b"al\xefce".decode("latin-1"))],
        [("x-forwarded-user", "a" * 201)],
        [("x_forwarded_user", "alice")],
        [("x-forwarded-user-", "alice")],
        [("x-forwarded-for", "10.0.0.5"), ("forwarded", "for=10.0.0.5;user=alice")],
    ],
)
def test_what_is_no_single_name_signs_nobody_on(headers: list[tuple[str, str]]) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    assert asking("10.0.0.5").get(TAP, headers=raw).status_code == 401


def test_a_forwarded_address_does_not_make_anybody_the_proxy() -> None:
    pretended = {**user("alice"), "x-forwarded-for": "10.0.0.5", "x-real-ip": "10.0.0.5", "forwarded": "for=10.0.0.5"}
    assert asking("192.0.2.1").get(TAP, headers=pretended).status_code == 401


def test_tokens_work_beside_the_proxy_and_through_it(token_file: Path) -> None:
    known = {"authorization": f"Bearer {READ.secret}"}
    for address in ("10.0.0.5", "192.0.2.1"):
        client = asking(address, token_file=token_file)
        assert client.get(TAP, headers=known).status_code == 200
        assert client.delete(TAP, headers=known).status_code == 403
        assert client.get(TAP, headers={"authorization": f"Bearer {SEND.secret}"}).status_code == 403
        assert client.get(TAP).status_code == 401
    elsewhere = asking("192.0.2.1", token_file=token_file)
    assert elsewhere.delete(TAP, headers={**known, **user("alice")}).status_code == 403


def test_a_page_of_another_site_can_not_use_what_its_reader_is_signed_on_by() -> None:
    proxied = asking("10.0.0.5")
    assert proxied.get(TAP, headers={**user("alice"), "origin": "https://pktvisor.example"}).status_code == 200
    assert proxied.get(TAP, headers={**user("alice"), "origin": "https://attacker.example"}).status_code == 403
    assert proxied.delete(TAP, headers={**user("alice"), "origin": "null"}).status_code == 403


def test_the_document_of_the_process_tells_of_the_proxy(token_file: Path) -> None:
    told = asking("10.0.0.5").get("/api/v1/metrics/app", headers=user("bob")).json()["security"]
    assert (told["authentication"], told["trusted_proxy"]) == ("proxy", True)
    known = {"authorization": f"Bearer {READ.secret}"}
    told = asking("10.0.0.5", token_file=token_file).get("/api/v1/metrics/app", headers=known).json()["security"]
    assert (told["authentication"], told["trusted_proxy"]) == ("token", True)


def test_a_server_knows_its_clients_by_their_sockets() -> None:
    headers = {**user("alice"), "X-Forwarded-For": "10.0.0.5"}
    for network, expected in (("127.0.0.1", 200), ("10.0.0.5", 401)):
        trusted = TrustedProxy(read_networks(network), "X-Forwarded-User")
        with running(proxy=trusted) as server:
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
            connection.request("GET", "/api/v1/taps", headers=headers)
            assert connection.getresponse().status == expected
            connection.close()
