"""The tabs of a browser share one stream of events."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from support.browser import Visitor, ready, until
from support.page_server import PageServer


def shows(page: Page, up_time: str) -> None:
    expect(page.locator(".side footer")).to_contain_text(f"up {up_time}")


def test_tabs_share_a_stream_and_hand_it_on(made: PageServer, visitor: Visitor) -> None:
    context = visitor.context()
    tabs = [visitor.tab(context, made.url, "#/overview") for _ in range(3)]
    for tab in tabs:
        tab.bring_to_front()
        ready(tab, "Overview")
    made.tick(60)
    for tab in tabs:
        tab.bring_to_front()
        shows(tab, "1 min")
    assert made.streams == 1
    tabs[0].close()
    until(lambda: made.streams == 1, tabs[1])
    made.tick(60)
    for tab in tabs[1:]:
        tab.bring_to_front()
        shows(tab, "2 min")
    assert made.streams == 1
