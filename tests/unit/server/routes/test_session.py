"""Signing in and out by a page, what others can't do with the cookie, and what whoever is not signed in learns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from pktvisor.config.networks import read_networks
from pktvisor.server.app import create_app
from pktvisor.server.context import Context, make_context
from pktvisor.server.proxies import TrustedProxy
from pktvisor.server.settings import ServerSettings, TlsFiles
from pktvisor.server.tokens import make_token
from support.agents import FakeAgent, FakeTap
from support.serving import UNHURRIED

READ, ADMIN, SEND = make_token("eye", "read"), make_token("boss", "admin"), make_token("pop1", "send")
PATH, TAP = "/api/v1/session", "/api/v1/taps/edge"
PROXY = TrustedProxy(read_networks("10.0.0.5"), "X-Forwarded-User", frozenset({"alice"}))


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "tokens"
    path.write_text(f"{READ.line}\n{ADMIN.line}\n{SEND.line}\n")
    path.chmod(0o600)
    return path


def served(
    token_file: Path | None, *, address: str = "127.0.0.1", at: str = "http://localhost:10853", **more: Any
) -> tuple[TestClient, Context]:
    given = {"admin_api": True, "bounds": UNHURRIED, "token_file": token_file, "agent_name": "agent7", **more}
    context = make_context(FakeAgent(taps={"edge": FakeTap()}), ServerSettings(**given))
    return TestClient(create_app(context), base_url=at, client=(address, 40000)), context


def sign_in(asking: TestClient, secret: str, **headers: str) -> Any:
    return asking.post(PATH, json={"token": secret}, headers=headers)


def test_who_is_not_signed_in_learns_that_a_token_is_needed_and_the_name(token_file: Path) -> None:
    asking, _ = served(token_file)
    told = {"needs_token": True, "scope": None, "name": None, "admin_api": True, "is_hub": False, "agent": "agent7"}
    assert asking.get(PATH).json() == told


def test_a_page_signs_in_and_reads_and_signs_out(token_file: Path) -> None:
    asking, _ = served(token_file)
    assert asking.get(TAP).status_code == 401
    reply = sign_in(asking, READ.secret)
    told = {"needs_token": True, "scope": "read", "name": "eye", "admin_api": True, "is_hub": False, "agent": "agent7"}
    assert (reply.status_code, reply.json()) == (200, told)
    assert "HttpOnly; SameSite=Strict" in reply.headers["set-cookie"]
    assert READ.secret not in reply.headers["set-cookie"]
    assert asking.get(PATH).json() == told
    assert asking.get(TAP).status_code == 200
    assert asking.delete(TAP).status_code == 403
    before = dict(asking.cookies)
    assert asking.delete(PATH).json()["scope"] is None
    assert asking.get(TAP).status_code == 401
    asking.cookies.update(before)
    assert asking.get(TAP).status_code == 401


def test_an_admin_may_do_all_and_is_named_in_the_log(token_file: Path, caplog: pytest.LogCaptureFixture) -> None:
    asking, _ = served(token_file)
    sign_in(asking, ADMIN.secret)
    with caplog.at_level("DEBUG", logger="pktvisor"):
        assert asking.delete(TAP).status_code == 200
    assert [record.getMessage() for record in caplog.records] == ["REQUEST: DELETE /api/v1/taps/edge 200 (boss)"]


def test_signing_in_anew_ends_the_session_before(token_file: Path) -> None:
    asking, context = served(token_file)
    sign_in(asking, READ.secret)
    sign_in(asking, ADMIN.secret)
    assert context.sessions is not None
    assert len(context.sessions) == 1
    assert asking.get(PATH).json()["name"] == "boss"


def test_a_session_ends_when_its_token_is_gone(token_file: Path) -> None:
    asking, context = served(token_file)
    sign_in(asking, READ.secret)
    token_file.write_text(f"{ADMIN.line}\n")
    assert context.tokens is not None
    context.tokens.reload()
    assert asking.get(TAP).status_code == 401
    assert asking.get(PATH).json()["scope"] is None


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b'{"token": "wrong-but-long-enough"}', 401, "not a valid token"),
        (b'{"token": ""}', 401, "not a valid token"),
        (b'{"token": "\\ud800"}', 401, "not a valid token"),
        (f'{{"token": "{SEND.secret}"}}'.encode(), 403, "scope send"),
        (b'{"token": 7}', 400, '{"token": "..."}'),
        (b"[]", 400, '{"token": "..."}'),
        (b"", 400, '{"token": "..."}'),
        (b"\xff", 400, '{"token": "..."}'),
        (b"[" * 4000, 400, '{"token": "..."}'),
        (b" " * 5000, 413, "larger than 4096 bytes"),
    ],
)
def test_what_is_no_token_that_reads_signs_nobody_in(token_file: Path, body: bytes, status: int, words: str) -> None:
    asking, context = served(token_file)
    reply = asking.post(PATH, content=body, headers={"content-type": "application/json"})
    assert reply.status_code == status
    assert words in reply.json()["error"]
    assert "set-cookie" not in reply.headers
    refused = context.counters.requests_unauthenticated + context.counters.requests_forbidden
    assert refused == int(status in (401, 403))


def test_a_form_can_not_sign_in(token_file: Path) -> None:
    asking, _ = served(token_file)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        reply = asking.post(PATH, content=f'{{"token": "{READ.secret}"}}', headers={"content-type": kind})
        assert reply.status_code == 415


def test_a_token_that_is_shown_counts_before_the_cookie(token_file: Path) -> None:
    asking, _ = served(token_file)
    sign_in(asking, ADMIN.secret)
    assert asking.delete(TAP, headers={"authorization": f"Bearer {READ.secret}"}).status_code == 403
    assert asking.get(TAP, headers={"authorization": "Bearer nonsense"}).status_code == 401
    assert asking.get(TAP, headers={"authorization": "Basic YTpi"}).status_code == 200


OTHER_PAGES = [
    {"origin": "http://attacker.example"},
    {"origin": "http://localhost:3000"},
    {"origin": "null"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site", "origin": "http://localhost:10853"},
    {"sec-fetch-site": "same-origin, none"},
]


@pytest.mark.parametrize("headers", OTHER_PAGES, ids=str)
@pytest.mark.parametrize(("method", "path"), [("GET", TAP), ("DELETE", TAP), ("DELETE", PATH), ("GET", PATH)])
def test_pages_of_other_origins_can_not_use_the_cookie(
    token_file: Path, headers: dict[str, str], method: str, path: str
) -> None:
    asking, context = served(token_file)
    sign_in(asking, ADMIN.secret)
    assert asking.request(method, path, headers=headers).status_code == 403
    assert context.counters.requests_forbidden == 1
    assert asking.get(TAP).status_code == 200


@pytest.mark.parametrize("headers", OTHER_PAGES, ids=str)
def test_pages_of_other_origins_can_not_sign_anybody_in(token_file: Path, headers: dict[str, str]) -> None:
    asking, _ = served(token_file)
    assert sign_in(asking, READ.secret, **headers).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://localhost:10853"},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "same-origin", "origin": "https://proxy.example"},
    ],
    ids=str,
)
def test_its_own_page_may(token_file: Path, headers: dict[str, str]) -> None:
    asking, _ = served(token_file)
    assert sign_in(asking, ADMIN.secret, **headers).status_code == 200
    assert asking.get(TAP, headers={"sec-fetch-site": "same-origin"}).status_code == 200


def test_a_script_with_a_token_of_its_own_may_come_from_anywhere(token_file: Path) -> None:
    asking, _ = served(token_file)
    known = {"authorization": f"Bearer {READ.secret}", "sec-fetch-site": "cross-site", "origin": "https://x.example"}
    assert asking.get(TAP, headers=known).status_code == 200


@pytest.mark.parametrize("cookie", ["pktvisor", "=", ";" * 5000, "a=b;" * 2000, "\xff=\xfe", 'x="', "pktvisor-=\t"])
def test_strange_cookies_are_of_nobody(token_file: Path, cookie: str) -> None:
    asking, _ = served(token_file)
    raw = [(b"cookie", cookie.encode("latin-1"))]
    assert asking.get(TAP, headers=raw).status_code == 401
    assert asking.get(PATH, headers=raw).json()["scope"] is None


def test_a_cookie_that_is_there_twice_is_of_nobody(token_file: Path) -> None:
    asking, _ = served(token_file)
    sign_in(asking, READ.secret)
    (name, value), *_ = asking.cookies.items()
    asking.cookies.clear()
    assert asking.get(TAP, headers=[("cookie", f"{name}={value}")]).status_code == 200
    assert asking.get(TAP, headers=[("cookie", f"{name}={value}; {name}=x")]).status_code == 401
    assert asking.get(TAP, headers=[("cookie", f"{name}=x"), ("cookie", f"{name}={value}")]).status_code == 401


def test_without_tokens_there_is_nothing_to_sign_in_with() -> None:
    asking, _ = served(None)
    told = {"needs_token": False, "scope": "admin", "name": None, "admin_api": True, "is_hub": False, "agent": "agent7"}
    assert asking.get(PATH).json() == told
    assert sign_in(asking, "whatever").status_code == 409
    assert asking.delete(PATH).json() == told
    assert asking.get(PATH, headers={"host": "attacker.example"}).status_code == 421


def test_over_tls_the_cookie_never_goes_without(token_file: Path) -> None:
    files = TlsFiles(Path("cert.pem"), Path("key.pem"))
    asking, _ = served(token_file, at="https://localhost:10853", tls=files)
    assert sign_in(asking, READ.secret).headers["set-cookie"].endswith("; Secure")
    assert asking.get(TAP).status_code == 200


def test_a_user_of_a_proxy_needs_no_sign_in(token_file: Path) -> None:
    asking, _ = served(token_file, address="10.0.0.5", proxy=PROXY)
    told = asking.get(PATH, headers={"x-forwarded-user": "alice"}).json()
    assert (told["needs_token"], told["scope"], told["name"]) == (False, "admin", "alice")
    assert asking.get(PATH).json()["needs_token"]


def test_the_proxy_tells_whether_its_client_came_over_tls(token_file: Path) -> None:
    told = {"x-forwarded-proto": "https"}
    for address, is_secure in (("10.0.0.5", True), ("10.0.0.6", False)):
        asking, _ = served(token_file, address=address, at="https://pktvisor.example", proxy=PROXY)
        reply = sign_in(asking, READ.secret, **told)
        assert ("Secure" in reply.headers["set-cookie"]) == is_secure
        assert asking.get(TAP, headers=told).status_code == 200
