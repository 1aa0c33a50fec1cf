"""A paused page shows what it showed, whatever goes on."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from support.browser import Visitor, ready, until
from support.page_server import PageServer, path


def up_time(page: Page) -> str:
    return str(page.locator(".side footer").inner_text())


def test_a_paused_page_asks_for_nothing_until_it_goes_on(made: PageServer, visitor: Visitor) -> None:
    page = visitor.open(made.url, "#/overview")
    ready(page, "Overview")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#main .banner")).to_contain_text("Paused at 15:06:40 UTC")
    shown, asked = up_time(page), made.asked.count(path())
    # Another tab of the browser, which hears of the same ticks, goes on.
    other = visitor.tab(page.context, made.url, "#/overview")
    made.tick(600)

    def goes_on() -> bool:
        made.tick()
        return "up 10 min" in up_time(other)

    until(goes_on, other)
    until(lambda: made.asked.count(path()) > asked, other)
    asked = made.asked.count(path())
    assert up_time(page) == shown
    page.get_by_role("button", name="Go on").first.click()
    expect(page.locator("#main .banner")).to_have_count(0)
    expect(page.locator(".side footer")).to_contain_text("up 10 min")
    until(lambda: made.asked.count(path()) > asked, page)
