"""The address holds what is shown: whoever gets it sees the same."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from support.browser import Visitor, ready
from support.daemon import Daemon
from support.page_server import PageServer
from support.web_agents import url_of


def hash_of(page: Page) -> str:
    return str(page.evaluate("() => location.hash"))


def test_what_somebody_chooses_stands_in_the_address(made: PageServer, visitor: Visitor) -> None:
    page = visitor.open(made.url, "#/overview?policy=edge")
    ready(page, "Overview")
    page.get_by_role("group", name="Window").get_by_role("button", name="2", exact=True).click()
    page.get_by_role("searchbox").fill("a&b=#ü")
    page.get_by_role("button", name="Rate", exact=True).click()
    assert hash_of(page) == "#/overview?policy=edge&window=2&filter=a%26b%3D%23%C3%BC&unit=rate"

    other = visitor.open(made.url, hash_of(page))
    ready(other, "Overview")
    expect(other.get_by_role("group", name="Window").locator("[aria-pressed=true]")).to_have_text("2")
    expect(other.get_by_role("searchbox")).to_have_value("a&b=#ü")
    expect(other.get_by_role("button", name="Rate", exact=True)).to_have_attribute("aria-pressed", "true")


def test_another_screen_keeps_policy_and_window_and_back_goes_back(agent: Daemon, visitor: Visitor) -> None:
    page = visitor.open(url_of(agent), "#/overview?policy=edge&window=2&filter=example")
    ready(page, "Overview")
    side = page.get_by_role("navigation", name="Screens").get_by_role("link")
    other = side.nth(1)
    title = other.inner_text().split("\n")[0].strip()
    other.click()
    ready(page, title)
    assert "policy=edge&window=2" in hash_of(page)
    assert "filter" not in hash_of(page)
    page.go_back()
    ready(page, "Overview")
    expect(page.get_by_role("searchbox")).to_have_value("example")


@pytest.mark.parametrize("span", ["from=9e15&to=9e16", "from=abc&to=-1", "from=1&to=Infinity", "from=9&to=1"])
@pytest.mark.parametrize(("screen", "title"), [("history", "History"), ("tops", "Top lists"), ("compare", "Compare")])
def test_a_time_that_no_calendar_has_shows_the_last_hours(
    screen: str, title: str, span: str, hub: Daemon, visitor: Visitor
) -> None:
    page = visitor.open(url_of(hub), f"#/{screen}?{span}")
    shown = ready(page, title)
    expect(shown.get_by_label("Time", exact=True).locator("option:checked")).to_have_text(re.compile("^Last "))
