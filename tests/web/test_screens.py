"""Every screen opens on a real agent or hub without a fault, and shows figures: on a desk, and on a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from support.axe import findings
from support.browser import PHONE, THEMES, Theme, Visitor
from support.daemon import Daemon
from support.web_screens import Screen, all_screens, opened

pytestmark = pytest.mark.parametrize("screen", all_screens(), ids=str)


@pytest.fixture
def server(screen: Screen, request: pytest.FixtureRequest) -> Daemon:
    """The agent or hub that the screen is of."""
    running: Daemon = request.getfixturevalue(screen.on)
    return running


def test_each_screen_shows_figures(screen: Screen, visitor: Visitor, server: Daemon) -> None:
    page = opened(visitor, server, screen)
    expect(page).to_have_title(re.compile(rf"^{re.escape(screen.title)} · \S"))


def test_each_screen_fits_a_phone(screen: Screen, visitor: Visitor, server: Daemon) -> None:
    page = opened(visitor, server, screen, size=PHONE)
    # A wide table may scroll sideways within its own box; the page does not.
    width, wanted = page.evaluate("() => [innerWidth, document.documentElement.scrollWidth]")
    assert wanted <= width


@pytest.mark.parametrize("theme", THEMES)
def test_each_screen_has_no_barrier(theme: Theme, screen: Screen, visitor: Visitor, server: Daemon) -> None:
    page = opened(visitor, server, screen, theme=theme)
    expect(page.locator("html")).to_have_attribute("data-theme", theme)
    assert findings(page) == []
