"""A browser that looks at the page as its users do, and tells of all that a page must never do.

Tests wait for what is to be seen, however long it takes; none looks at a clock.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, expect, sync_playwright

PATIENCE_S = 180.0
"""What a test waits before it fails; nothing is expected to take so long."""
DESK, PHONE = (1440, 900), (390, 844)
"""Width and height of a window in pixels."""
Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
WATCH = """
document.addEventListener("securitypolicyviolation", (event) =>
    console.error(`refused by the policy ${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`));
"""
"""Tells of what the Content Security Policy refuses, in words of ours."""


@contextmanager
def chromium(*options: str) -> Iterator[Browser]:
    """Run Debian's Chromium; the test is skipped where there is none."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("needs chromium")
    expect.set_options(timeout=PATIENCE_S * 1000)
    arguments = [*options, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments, timeout=PATIENCE_S * 1000)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visitor:
    """Somebody with a browser, who opens pages and notes what each does wrong."""

    browser: Browser
    faults: list[str] = field(default_factory=list)
    forgiven: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)

    def context(self, *, size: tuple[int, int] = DESK, theme: Theme = "light", **more: Any) -> BrowserContext:
        """A browser that knows nothing yet: no cookie, nothing stored. Its tabs are `tab`s."""
        width, height = size
        made = self.browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme, reduced_motion="reduce", **more
        )
        made.set_default_timeout(PATIENCE_S * 1000)
        self._contexts.append(made)
        return made

    def open(self, server: str, address: str = "", **more: Any) -> Page:
        """Open the page of a server (`http://HOST:PORT`), at an address in it such as `#/dns?window=1`."""
        return self.tab(self.context(**more), server, address)

    def tab(self, context: BrowserContext, server: str, address: str = "") -> Page:
        """Open one more tab of a browser."""
        page = context.new_page()
        self._watch(page, server)
        page.goto(f"{server}/{address}", wait_until="commit")
        return page

    def forgive(self, pattern: str) -> None:
        """Expect faults that match, as when a test lets the agent go away."""
        self.forgiven.append(pattern)

    def leave(self) -> None:
        """Close all pages; fail where one of them did what it must not."""
        for context in self._contexts:
            context.close()
        left = [fault for fault in self.faults if not any(re.search(one, fault) for one in self.forgiven)]
        assert not left, "\n".join(left)

    def _watch(self, page: Page, server: str) -> None:
        page.add_init_script(WATCH)
        page.on("console", self._note_said)
        page.on("pageerror", lambda error: self._note(f"page error: {error}"))
        page.on("request", lambda request: self._note_stranger(request, server))

    def _note_said(self, said: ConsoleMessage) -> None:
        if said.type in ("error", "warning"):
            self._note(f"{said.text} ({said.location['url']})")

    def _note(self, fault: str) -> None:
        self.faults.append(fault)

    def _note_stranger(self, request: Request, server: str) -> None:
        asked = urlsplit(request.url)
        if asked.scheme not in ("blob", "data") and f"{asked.scheme}://{asked.netloc}" != server:
            self._note(f"asked elsewhere: {request.url}")


def ready(page: Page, title: str) -> Locator:
    """Wait until a screen is there and waits for nothing; give what it shows."""
    main = page.locator("#main")
    expect(main.get_by_role("heading", level=1, name=title, exact=True)).to_be_visible()
    expect(main.locator(".loading")).to_have_count(0)
    return main


def until(holds: Callable[[], object], page: Page) -> None:
    """Wait until something holds, while the page goes on."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, "it did not come"
        page.wait_for_timeout(50)
