"""A fleet of any size: what the browser holds of it is bounded."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from support.browser import Visitor, ready
from support.page_server import PageServer

AGENTS = 2000
ROWS = f'table[aria-rowcount="{AGENTS + 1}"] tbody tr:not([aria-hidden])'
MOST_ROWS, MOST_NODES = 80, 8000
"""At once, on a screen of 900 pixels."""
COUNT = "() => document.querySelectorAll('*').length"
AGENT = {
    "state": "live",
    "last_seen": 1_750_000_000,
    "version": "5.0.0",
    "policies": 1,
    "packets_per_s": 10.5,
    "loss": 0,
    "failing": 0.01,
    "gaps": "zz0z",
    "packets": "1z 9",
}


@pytest.fixture
def page(made: PageServer, visitor: Visitor) -> Page:
    agents = {f"agent{number:05}": {**AGENT, "tags": {"site": f"pop{number % 5}"}} for number in range(AGENTS)}
    made.session = {**made.session, "is_hub": True}
    made.others["fleet"] = {"start": 1_749_999_000, "step_s": 300, "agents": agents}
    opened = visitor.open(made.url, "#/fleet")
    ready(opened, "Fleet")
    return opened


def test_only_the_rows_in_sight_are_there_wherever_somebody_scrolls(page: Page) -> None:
    expect(page.locator(ROWS).first).to_contain_text("agent00000")
    for share in (0, 0.3, 0.31, 0.6, 0.9):
        page.evaluate("(share) => scrollTo(0, share * document.body.scrollHeight)", share)
        at = round(share * AGENTS / 100)
        expect(
            page.locator(ROWS).filter(has_text=re.compile(f"agent0{max(0, at - 1):02}|agent0{at:02}")).first
        ).to_be_attached()
        assert page.locator(ROWS).count() <= MOST_ROWS
        assert page.evaluate(COUNT) <= MOST_NODES
    page.evaluate("() => scrollTo(0, document.body.scrollHeight)")
    expect(page.locator(ROWS).last).to_contain_text(f"agent{AGENTS - 1:05}")
    assert page.locator(ROWS).count() <= MOST_ROWS


def test_a_row_that_stays_in_sight_stays_the_same_element(page: Page) -> None:
    row = page.locator(ROWS, has_text="agent00012")
    row.evaluate("(row) => (row.dataset.seen = 'before')")
    page.evaluate("() => scrollTo(0, 700)")
    expect(page.locator(ROWS, has_text="agent00040")).to_be_attached()
    expect(row).to_have_attribute("data-seen", "before")


def test_the_name_of_a_hub_is_not_cut_where_there_is_room(page: Page) -> None:
    name = page.get_by_role("navigation", name="What is shown").locator("b")
    expect(name).to_have_text("pop1")
    assert name.evaluate("(name) => name.scrollWidth <= name.clientWidth")
