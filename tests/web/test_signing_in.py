"""Who may look: by a token that is shown once, until it is taken away."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pktvisor.server.tokens import make_token
from support.browser import Visitor, ready
from support.daemon import Daemon
from support.web_agents import url_of, web_agent

TOKEN, OTHER = make_token("eye", "read"), make_token("boss", "admin")
WHERE = "#/overview?policy=edge&window=2"


def write(tokens: Path, *lines: str) -> None:
    tokens.write_text("".join(f"{line}\n" for line in lines))
    tokens.chmod(0o600)


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    path = tmp_path / "tokens"
    write(path, TOKEN.line, OTHER.line)
    return path


@pytest.fixture
def guarded(tmp_path: Path, tokens: Path) -> Iterator[Daemon]:
    """An agent that asks for a token."""
    with web_agent(tmp_path, "--token-file", str(tokens), token=TOKEN.secret) as running:
        yield running


def sign_in(page: Page, secret: str) -> None:
    page.get_by_label("Token").fill(secret)
    page.get_by_role("button", name="Sign in").click()


def test_a_token_opens_the_page(guarded: Daemon, visitor: Visitor) -> None:
    visitor.forgive("401")
    context = visitor.context()
    page = visitor.tab(context, url_of(guarded), WHERE)
    sign_in(page, "wrong")
    expect(page.get_by_role("alert")).to_have_text("this is not a valid token")
    expect(page.get_by_label("Token")).to_have_value("")
    sign_in(page, f" {TOKEN.secret} ")
    ready(page, "Overview")
    expect(page.get_by_role("button", name="Sign out")).to_have_attribute("title", "Signed in as eye")
    # A second tab, and the first one loaded again, are of the same browser.
    ready(visitor.tab(context, url_of(guarded), WHERE), "Overview")
    page.reload()
    ready(page, "Overview")


def test_a_token_that_is_taken_away_lets_nobody_look_on(guarded: Daemon, tokens: Path, visitor: Visitor) -> None:
    visitor.forgive("401")
    page = visitor.open(url_of(guarded), WHERE)
    sign_in(page, TOKEN.secret)
    ready(page, "Overview")
    write(tokens, OTHER.line)
    guarded.process.send_signal(signal.SIGHUP)
    expect(page.get_by_label("Token")).to_be_visible()
    sign_in(page, TOKEN.secret)
    expect(page.get_by_role("alert")).to_have_text("this is not a valid token")


def test_whoever_signs_out_sees_nothing_more(guarded: Daemon, visitor: Visitor) -> None:
    visitor.forgive("401")
    page = visitor.open(url_of(guarded), WHERE)
    sign_in(page, TOKEN.secret)
    ready(page, "Overview")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Token")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Token")).to_be_visible()


def test_the_token_is_kept_nowhere_that_a_script_could_read(guarded: Daemon, visitor: Visitor) -> None:
    context = visitor.context()
    page = visitor.tab(context, url_of(guarded), WHERE)
    sign_in(page, TOKEN.secret)
    ready(page, "Overview")
    readable = page.evaluate(
        "() => [document.cookie, location.href, document.documentElement.outerHTML, "
        "...Object.values(localStorage), ...Object.values(sessionStorage)]"
    )
    assert readable[0] == ""
    assert [text for text in readable if TOKEN.secret in text] == []
    (cookie,) = context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert TOKEN.secret not in cookie["value"]
