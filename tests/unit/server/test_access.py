"""Who may do what: every route with every kind of token, and what pages of other sites may do."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from pktvisor.server.endpoint import Endpoint
from pktvisor.server.routes import endpoints
from pktvisor.server.settings import TlsFiles
from pktvisor.server.tokens import make_token
from support.agents import FakeAgent, FakeInput, FakePolicy, FakeTap
from support.serving import YAML, admin, client
from support.snapshots import counter, handler

EVERY = [one for one in endpoints(with_admin=True) if not one.body_types]
READ, ADMIN = make_token("prometheus", "read"), make_token("deploy", "admin")


@pytest.fixture
def agent() -> FakeAgent:
    bucket = [handler(counter("dns_wire_packets_total", "wire_packets.total", 1))]
    policies = {name: FakePolicy(name, [bucket, bucket]) for name in ("default", "edge")}
    return FakeAgent(policies, taps={"edge": FakeTap()}, inputs={"edge": FakeInput()})


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "tokens"
    path.write_text(f"{READ.line}\n{ADMIN.line}\n")
    path.chmod(0o600)
    return path


def ask(asking: TestClient, endpoint: Endpoint, headers: dict[str, str]) -> int:
    path = endpoint.path.replace("{name:identifier}", "edge").replace("{number:number}", "2")
    path = path.replace("bucket/2", "bucket/1")
    reply = asking.request(endpoint.method, path, content=b"", headers={**YAML, "content-length": "0", **headers})
    return int(reply.status_code)


def named(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


@pytest.mark.parametrize("endpoint", EVERY, ids=named)
@pytest.mark.parametrize(
    ("authorization", "granted"),
    [
        (None, None),
        ("Bearer not-a-token-at-all", None),
        ("Bearer ", None),
        (f"Basic {ADMIN.secret}", None),
        (ADMIN.secret, None),
        (f"Bearer {READ.secret}", "read"),
        (f"bearer  {READ.secret} ", "read"),
        (f"Bearer {ADMIN.secret}", "admin"),
    ],
)
def test_a_route_answers_to_tokens_of_its_scope(
    agent: FakeAgent, token_file: Path, endpoint: Endpoint, authorization: str | None, granted: str | None
) -> None:
    asking = admin(agent, token_file=token_file)
    status = ask(asking, endpoint, {} if authorization is None else {"authorization": authorization})
    if endpoint.is_public:
        assert status == endpoint.status
    elif granted is None:
        assert status == 401
    elif endpoint.scope == "admin" and granted == "read":
        assert status == 403
    else:
        assert status == endpoint.status
    if status in (401, 403):
        assert agent.done == []


def test_a_refusal_tells_what_is_needed_and_is_counted(agent: FakeAgent, token_file: Path) -> None:
    asking = admin(agent, token_file=token_file)
    reply = asking.get("/nothing/here")
    assert (reply.status_code, reply.headers["www-authenticate"]) == (401, 'Bearer realm="pktvisor"')
    known = {"authorization": f"Bearer {READ.secret}"}
    assert asking.get("/nothing/here", headers=known).status_code == 404
    reply = asking.delete("/api/v1/taps/edge", headers=known)
    assert reply.headers["www-authenticate"] == ('Bearer realm="pktvisor", error="insufficient_scope", scope="admin"')
    counted = asking.get("/api/v1/metrics/app", headers=known).json()
    assert (counted["server"]["requests_unauthenticated"], counted["server"]["requests_forbidden"]) == (1, 1)
    assert counted["security"]["authentication"] == "token"


@pytest.mark.parametrize("endpoint", EVERY, ids=named)
@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("localhost:10853", None, None),
        ("127.0.0.1:10853", None, None),
        ("[::1]:10853", None, None),
        ("LOCALHOST", "http://localhost", None),
        ("attacker.example:10853", None, 421),
        ("localhost.attacker.example", None, 421),
        ("10.0.0.1", None, 421),
        ("", None, 421),
        ("[::1", None, 421),
        ("agent7.example:10853", None, 421),
        ("localhost:10853", "http://attacker.example", 403),
        ("localhost:10853", "http://localhost:3000", 403),
        ("localhost:10853", "null", 403),
    ],
)
def test_pages_of_other_sites_reach_no_route(
    agent: FakeAgent, endpoint: Endpoint, host: str, origin: str | None, status: int | None
) -> None:
    headers = {"host": host} if origin is None else {"host": host, "origin": origin}
    expected = endpoint.status if status is None else status
    assert ask(admin(agent), endpoint, headers) == expected
    if expected in (403, 421):
        assert agent.done == []


def test_where_a_token_is_needed_names_do_not_matter(agent: FakeAgent, token_file: Path) -> None:
    asking = admin(agent, token_file=token_file)
    headers = {"host": "agent7.example", "authorization": f"Bearer {ADMIN.secret}"}
    assert asking.delete("/api/v1/taps/edge", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("bound", "names", "host", "status"),
    [
        ("localhost", ("agent7.example",), "Agent7.Example:443", 200),
        ("localhost", ("agent7.example",), "localhost", 200),
        ("localhost", ("agent7.example",), "attacker.example", 421),
        ("0.0.0.0", (), "whatever.example", 200),
        ("0.0.0.0", ("agent7.example",), "agent7.example:10853", 200),
        ("0.0.0.0", ("agent7.example",), "192.0.2.7:10853", 200),
        ("0.0.0.0", ("agent7.example",), "attacker.example", 421),
    ],
)
def test_an_agent_answers_to_its_own_names(
    agent: FakeAgent, bound: str, names: tuple[str, ...], host: str, status: int
) -> None:
    asking = client(agent, host=bound, names=names)
    assert asking.get("/api/v1/taps", headers={"host": host}).status_code == status


def test_where_a_token_is_needed_origins_do_not_matter(agent: FakeAgent, token_file: Path) -> None:
    headers = {"origin": "https://elsewhere.example", "authorization": f"Bearer {ADMIN.secret}"}
    assert admin(agent, token_file=token_file).get("/api/v1/taps", headers=headers).status_code == 200


def test_a_users_certificate_is_no_page_of_another_sites(agent: FakeAgent) -> None:
    files = TlsFiles(Path("cert.pem"), Path("key.pem"), client_ca=Path("ca.pem"))
    asking = admin(agent, host="0.0.0.0", tls=files)
    known = {"host": "agent7.example"}
    assert asking.get("/api/v1/taps", headers=known).status_code == 200
    assert asking.get("/api/v1/taps", headers={**known, "origin": "https://attacker.example"}).status_code == 403
    assert asking.get("/api/v1/taps", headers={**known, "origin": "https://agent7.example"}).status_code == 200


def test_browsers_are_told_to_be_careful(agent: FakeAgent) -> None:
    for reply in (client(agent).get("/metrics"), client(agent).get("/nothing")):
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]
        assert not any(name.startswith("access-control-") for name in reply.headers)


def test_the_log_names_the_token_and_not_its_secret(
    agent: FakeAgent, token_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asking = admin(agent, token_file=token_file)
    with caplog.at_level("DEBUG", logger="pktvisor"):
        asking.delete("/api/v1/taps/edge", headers={"authorization": f"Bearer {ADMIN.secret}"})
        asking.get("/api/v1/taps", headers={"authorization": f"Bearer x{READ.secret}"})
    assert [record.getMessage() for record in caplog.records] == [
        "REQUEST: DELETE /api/v1/taps/edge 200 (deploy)",
        "REQUEST: GET /api/v1/taps 401",
    ]
