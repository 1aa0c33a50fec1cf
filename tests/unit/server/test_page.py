"""The files of the web page: what a browser gets of them."""

from __future__ import annotations

import gzip
import re

import pytest

from pktvisor.server import page
from support.serving import client

BUDGET_BYTES = 60_000
"""Of all that a screen takes, compressed: what it begins with, and what comes when it is needed."""


LATER = re.compile(rb"""import\("(\.[^"]+)"\)""")


def reached_from(*starts: str) -> set[str]:
    """The modules that a module takes in, at once or later, and these in turn; other screens are no part of it."""
    reached: set[str] = set()
    to_read = list(starts)
    while to_read:
        path = to_read.pop()
        reached.add(path)
        source = page.sources()[path]
        found = page.IMPORT.findall(source) + (LATER.findall(source) if path != page.SCREENS else [])
        to_read += {page.beside(path, target.decode()) for target in found} - reached
    return reached


def screens() -> list[str]:
    return [path for path in page.sources() if path.startswith("app/screens/")]


def test_the_page_may_run_its_own_scripts_and_nothing_else() -> None:
    reply = client().get("/")
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(part.strip().partition(" ")[::2] for part in reply.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert policy["trusted-types"] == "'none'"
    assert not re.search(r"<script(?![^>]*\bsrc=)|\bstyle=|\bon\w+=", reply.text), "an inline script or style"


def test_addresses_in_the_page_are_relative_so_that_a_proxy_may_serve_it_below_a_path() -> None:
    linked = re.findall(r'(?:href|src)="([^"]*)"', client().get("/").text)
    assert [address for address in linked if address.startswith(("/", "http"))] == []
    assert f"web/{page.version()}/app/main.js" in linked


def test_every_module_that_a_module_names_is_there() -> None:
    for path in [path for path in page.sources() if path.startswith("app/")]:
        for target in page.IMPORT.findall(page.sources()[path]):
            assert page.beside(path, target.decode()) in page.sources(), f"{path} names {target.decode()}"


def test_a_screen_is_found_by_being_there() -> None:
    listed = re.findall(r'import\("\./(screens/\w+\.js)"\)', page.sources()[page.SCREENS].decode())
    assert [f"app/{path}" for path in listed] == screens()
    assert "app/screens/overview.js" in screens()


@pytest.mark.parametrize("screen", screens())
def test_no_screen_takes_more_than_the_budget(screen: str) -> None:
    taken = reached_from("app/main.js", screen) | {
        path for path in page.sources() if path.endswith((".css", ".html", ".svg"))
    }
    sizes = {path: len(page.files()[path].compressed) for path in taken}
    assert sum(sizes.values()) < BUDGET_BYTES, sorted(sizes.items(), key=lambda item: -item[1])


def test_the_first_file_is_asked_for_anew_and_those_that_it_names_are_kept() -> None:
    asked = client()
    first = asked.get("/", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in first.headers
    assert first.headers["cache-control"] == "no-cache"
    again = asked.get("/", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = asked.get("/", headers={"if-none-match": '"another"'})
    assert (other.status_code, other.content) == (200, first.content)
    for path in ("style.css", "app/main.js", "icon.svg"):
        named = f"web/{page.version()}/{path}"
        assert named in first.text
        assert "immutable" in asked.get(f"/{named}").headers["cache-control"]


def test_files_of_another_version_are_not_there() -> None:
    assert client().get("/web/0123456789ab/app/main.js").status_code == 404


def test_what_is_sent_compressed_is_the_same() -> None:
    for path, file in page.files().items():
        assert gzip.decompress(file.compressed) == file.body, path


@pytest.mark.parametrize("path", ["nothing.js", "../server/page.py", "vendor.d.ts", "app/", "%2e%2e/server/page.py"])
def test_nothing_but_the_files_of_the_page_is_there(path: str) -> None:
    assert client().get(f"/web/{page.version()}/{path}").status_code == 404


def test_comments_and_types_are_left_out_and_lines_keep_their_numbers() -> None:
    written = b"// why\n/** @param {number} n\n * of what */\nconst a = /** @type {any} */ (b); // behind\n"
    sent = page.without_comments(written + b'const c = "// no";')
    assert sent == b'\n\n\nconst a = (b); // behind\nconst c = "// no";'
