"""The documentation that agent and hub serve."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from pktvisor.server import app, documentation
from pktvisor.server.documentation import HEADERS, NOT_BUILT
from support.serving import client, running

PAGE = "<!doctype html><title>pktvisor</title>"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    site = tmp_path / "site"
    (site / "how-to").mkdir(parents=True)
    (site / "index.html").write_text(PAGE)
    (site / "how-to" / "run-a-hub.html").write_text(PAGE)
    (site / "searchindex.js").write_text("Search.setIndex({})")
    (site / "site.css").write_text("body {}")
    (site / "rules.yaml").write_text("groups: []")
    (site / "terminal.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (tmp_path / "secret").write_text("of another folder")
    (site / "way-out").symlink_to(tmp_path / "secret")
    monkeypatch.setattr(app, "documentation_routes", lambda: documentation.documentation_routes(site))
    return site


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "tokens"
    path.write_text("prometheus read a-secret-of-23-letters!\n")
    path.chmod(0o600)
    return path


@pytest.mark.usefixtures("site")
def test_docs_leads_to_the_first_page_also_behind_a_proxy() -> None:
    asked = client()
    reply = asked.get("/docs", follow_redirects=False)
    assert (reply.status_code, reply.headers["location"]) == (301, "docs/")
    assert asked.get("/docs/").text == PAGE


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    ("file", "media_types"),
    [
        ("how-to/run-a-hub.html", {"text/html"}),
        ("searchindex.js", {"text/javascript", "application/javascript"}),
        ("site.css", {"text/css"}),
        ("terminal.svg", {"image/svg+xml"}),
        ("rules.yaml", {"application/octet-stream", "application/yaml"}),
    ],
)
def test_files_have_their_types(file: str, media_types: set[str]) -> None:
    asked = client()
    reply = asked.get(f"/docs/{file}")
    assert reply.status_code == 200
    assert reply.headers["content-type"].partition(";")[0] in media_types
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert HEADERS.items() <= reply.headers.items()


@pytest.mark.usefixtures("site")
def test_what_a_browser_has_is_not_sent_again() -> None:
    asked = client()
    first = asked.get("/docs/site.css")
    again = asked.get("/docs/site.css", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert HEADERS.items() <= again.headers.items()
    assert asked.get("/docs/site.css", headers={"if-none-match": '"another"'}).status_code == 200


@pytest.mark.usefixtures("site")
def test_head_gives_the_headers_alone_and_other_methods_are_refused() -> None:
    asked = client()
    head = asked.head("/docs/")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(PAGE))
    assert asked.delete("/docs/").status_code == 405
    assert asked.post("/docs/", content=b"x").status_code == 405


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "%2e%2e/secret",
        "..%2fsecret",
        "how-to/../../secret",
        "how-to/%2e%2e/%2e%2e/secret",
        "..%5csecret",
        "//etc/passwd",
        "%2fetc%2fpasswd",
        "way-out",
        "%00",
        "how-to",
        "nothing.html",
        "x" * 5000,
    ],
)
def test_nothing_but_the_site_is_served(path: str) -> None:
    with running() as server, socket.create_connection(("127.0.0.1", server.port)) as asking:
        asking.sendall(f"GET /docs/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        reply = b"".join(iter(lambda: asking.recv(65536), b""))
    head, _, body = reply.partition(b"\r\n\r\n")
    assert head.split()[1] == b"404"
    assert body == b""
    assert b"no-store" in head


@pytest.mark.usefixtures("site")
def test_pages_need_no_token_and_open_no_other_route(token_file: Path) -> None:
    asked = client(token_file=token_file)
    assert asked.get("/docs/").status_code == 200
    assert asked.get("/docs", follow_redirects=False).status_code == 301
    for path in ("/api/v1/metrics/app", "/docsx", "/docs/../api/v1/metrics/app", "/docs/%2e%2e/metrics"):
        assert asked.get(path).status_code in (401, 404), path
    assert asked.get("/api/v1/metrics/app").status_code == 401


@pytest.mark.parametrize("path", ["/docs", "/docs/", "/docs/how-to/run-a-hub.html"])
def test_without_a_site_a_sentence_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(app, "documentation_routes", lambda: documentation.documentation_routes(tmp_path / "site"))
    asked = client()
    reply = asked.get(path)
    assert (reply.status_code, reply.text) == (404, NOT_BUILT)


def test_the_site_is_looked_for_where_make_builds_it_and_wheels_carry_it() -> None:
    root = Path(__file__).parents[3]
    site = str(documentation.SITE.relative_to(root))
    assert f"SITE := {site}\n" in (root / "Makefile").read_text()
    assert f'path = "{site}/**/*"' in (root / "pyproject.toml").read_text()
