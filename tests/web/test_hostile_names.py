"""Names come from the network: whatever they hold, they are text on every screen, and in what is saved."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from support.browser import Visitor, ready
from support.page_server import PageServer
from support.web_screens import Screen, all_screens

LONG = "a" * 4095 + "z"
HOSTILE = {
    "<img src=x onerror=evil=1>": "<img src=x onerror=evil=1>",
    "</td><script>evil=1</script>": "</td><script>evil=1</script>",
    "<b>&amp;</b>": "<b>&amp;</b>",
    "\u202egnp.exe": "U+202Egnp.exe",
    "zero\u200bwidth": "zeroU+200Bwidth",
    "nul\x00esc\x1b[31m\r\n": r"nul\x00esc\x1b[31m\x0d\x0a",
    '=HYPERLINK("http://evil")': '=HYPERLINK("http://evil")',
    "+1": "+1",
    "-1": "-1",
    "@SUM(1)": "@SUM(1)",
    "\t=1": r"\x09=1",
    "${evil}`": "${evil}`",
    "javascript:evil": "javascript:evil",
    "xn--80ak6aa92e.com": "xn--80ak6aa92e.com",
    LONG: "a" * 24 + "…" + "a" * 30 + "z",
}
"""What is shown of each."""
MEASURES = [screen for screen in all_screens() if screen.on == "agent" and screen.name in ("overview", "dns", "net")]
SHOWN = 8
"""A list shows so many; the filter finds the others."""


def with_names(document: Any, names: list[str]) -> Any:
    """A document with these in all of its top lists."""
    if isinstance(document, list) and document and isinstance(document[0], dict) and "name" in document[0]:
        return [
            {"name": name, "estimate": 900 - rank, "lower_bound": 890 - rank, "upper_bound": 910}
            for rank, name in enumerate(names)
        ]
    if isinstance(document, dict):
        return {key: with_names(value, names) for key, value in document.items()}
    return document


def opened(made: PageServer, visitor: Visitor, screen: str, title: str) -> Page:
    page = visitor.open(made.url, f"#/{screen}?policy=edge")
    ready(page, title)
    return page


def parts() -> list[list[str]]:
    """The names, so many at once as a list shows."""
    names = list(HOSTILE)
    return [names[at : at + SHOWN] for at in range(0, len(names), SHOWN)]


@pytest.mark.parametrize("names", parts(), ids=["some", "others"])
@pytest.mark.parametrize("screen", MEASURES, ids=str)
def test_names_are_text_on_each_screen(screen: Screen, names: list[str], made: PageServer, visitor: Visitor) -> None:
    visitor.forgive("404")  # what else a screen asks for is not here
    made.handlers = with_names(made.handlers, names)
    page = opened(made, visitor, screen.name, screen.title)
    for name in names:
        shown = page.locator("#main bdi.name").filter(has_text=HOSTILE[name][:20])
        expect(shown.first).to_have_text(HOSTILE[name])
    assert page.locator("#main").locator("img, script, b:text-is('&')").count() == 0
    assert page.evaluate("() => typeof evil") == "undefined"
    places = page.locator("#main a").evaluate_all("all => all.map((one) => one.protocol)")
    assert {place for place in places if place} <= {"http:", ":"}


def test_a_long_name_stands_whole_in_its_title(made: PageServer, visitor: Visitor) -> None:
    made.handlers = with_names(made.handlers, [LONG, "\u202egnp.exe"])
    page = opened(made, visitor, "overview", "Overview")
    names = page.locator("#main bdi.name")
    expect(names.first).to_have_attribute("title", LONG)
    expect(names.nth(1)).to_have_attribute("title", "U+202Egnp.exe")


def saved(page: Page, item: str) -> str:
    page.get_by_label("Menu of Top names").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name=item, exact=True).click()
    return Path(download.value.path()).read_text(encoding="utf-8")


def test_no_name_is_a_formula_in_a_table_that_is_saved(made: PageServer, visitor: Visitor) -> None:
    made.handlers = with_names(made.handlers, list(HOSTILE))
    page = opened(made, visitor, "overview", "Overview")
    head, *rows = csv.reader(saved(page, "CSV").splitlines())
    assert head[0] == "Name"
    assert len(rows) == len(HOSTILE)
    assert [row[0] for row in rows if row[0].startswith(("=", "+", "-", "@"))] == []
    assert "'@SUM(1)" in [row[0] for row in rows]
    assert [name for name, *_ in rows if any(ord(character) < 32 for character in name)] == []


def test_names_that_are_saved_as_json_are_what_they_were(made: PageServer, visitor: Visitor) -> None:
    made.handlers = with_names(made.handlers, list(HOSTILE))
    page = opened(made, visitor, "overview", "Overview")
    assert [row["Name"] for row in json.loads(saved(page, "JSON"))] == list(HOSTILE)
