"""A page that is left open for a day takes no more memory than after its first hour.

In that hour and the next it hears of each second, from then on of each step: of every document that there is in a day.
"""

from __future__ import annotations

from playwright.sync_api import Page, expect

from support.browser import Visitor, ready, until
from support.made_up import BEGIN_S
from support.page_server import POLICY, STEP_S, PageServer, path

HOUR_S, DAY_S = 3600, 86_400
PART_S = 600
"""So many ticks are sent at once; then the page is waited for."""
HEAP_GROWTH, NODES_GROWTH, LISTENERS_GROWTH = 2_000_000, 200, 50
"""Bytes, elements, listeners: less than 256 bytes for each step of a day would be, or an element for each window."""


def pass_time(made: PageServer, page: Page, seconds: int) -> None:
    """Let time pass, with the documents of each step and window."""
    for _ in range(0, seconds, PART_S):
        pass_part(made, page)


def pass_part(made: PageServer, page: Page) -> None:
    asked = len(made.asked)
    made.tick(PART_S)
    expect(page.locator(".side footer")).to_contain_text(f"up {up_time(made.time_s - BEGIN_S)}")
    until(lambda: {path(), f"policies/{POLICY}/series"} <= set(made.asked[asked:]), page)


def up_time(seconds: int) -> str:
    """A span of up to a day, in whole minutes, as the page writes it."""
    parts = {"d": seconds // DAY_S, "h": seconds % DAY_S // HOUR_S, "min": seconds % HOUR_S // 60}
    return " ".join(f"{n} {unit}" for unit, n in parts.items() if n)


def held(page: Page) -> dict[str, float]:
    """What the page holds, after all rubbish was thrown away."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    told = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    session.detach()
    return {name: told[name] for name in ("JSHeapUsedSize", "Nodes", "JSEventListeners")}


def test_a_day_leaves_nothing_behind(made: PageServer, visitor: Visitor) -> None:
    page = visitor.open(made.url, "#/overview?policy=edge")
    ready(page, "Overview")
    pass_time(made, page, HOUR_S)  # until lists of steps are full
    before = held(page)
    pass_time(made, page, HOUR_S)
    made.tick_s = STEP_S
    pass_time(made, page, DAY_S - 2 * HOUR_S)
    after = held(page)
    grown = {name: after[name] - before[name] for name in after}
    assert grown["JSHeapUsedSize"] < HEAP_GROWTH
    assert grown["Nodes"] < NODES_GROWTH
    assert grown["JSEventListeners"] < LISTENERS_GROWTH
