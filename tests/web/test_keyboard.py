"""Everything can be done without a mouse."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from support.browser import Visitor, ready
from support.daemon import Daemon
from support.page_server import PageServer
from support.web_agents import url_of


@pytest.fixture
def page(made: PageServer, visitor: Visitor) -> Page:
    opened = visitor.open(made.url, "#/overview")
    ready(opened, "Overview")
    expect(opened.locator("#main .tile")).not_to_have_count(0)
    return opened


def test_the_first_stop_leads_past_the_navigation(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the figures")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_digits_open_the_screens_in_their_order(agent: Daemon, visitor: Visitor) -> None:
    page = visitor.open(url_of(agent), "#/overview?policy=edge&window=2")
    ready(page, "Overview")
    names = page.locator(".side a[aria-current], .side li a").evaluate_all("all => all.map((one) => one.hash)")
    for digit, place in enumerate(names[:9], 1):
        page.keyboard.press(str(digit))
        expect(page.locator(f'.side a[href="{place}"]')).to_have_attribute("aria-current", "page")


def test_a_filter_is_begun_and_left(page: Page) -> None:
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("1 t/")  # keys that do other things elsewhere
    expect(page.get_by_role("searchbox")).to_have_value("1 t/")
    page.keyboard.press("Escape")
    expect(page.get_by_role("searchbox")).to_have_value("")
    expect(page.get_by_role("searchbox")).not_to_be_focused()


def test_theme_pause_and_windows_have_keys(page: Page) -> None:
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.keyboard.press("t")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.keyboard.press("Space")
    expect(page.locator("#main .banner")).to_contain_text("Paused")
    page.keyboard.press("Space")
    expect(page.locator("#main .banner")).to_have_count(0)
    shown = page.get_by_role("group", name="Window").locator("[aria-pressed=true]")
    for key, window in (("]", "5"), ("[", "2"), ("[", "1 min"), ("]", "2")):
        page.keyboard.press(key)
        expect(shown).to_have_text(window)


def test_help_opens_and_closes(page: Page) -> None:
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_a_panels_menu_opens_and_saves_and_closes(page: Page) -> None:
    menu = page.get_by_label("Menu of Top names")
    menu.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("menuitem", name="Table")).to_be_focused()
    page.keyboard.press("Tab")
    with page.expect_download() as saved:
        page.keyboard.press("Enter")
    assert saved.value.suggested_filename == "Top_names.csv"
    menu.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="CSV")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menuitem", name="CSV")).to_be_hidden()


def test_whatever_can_be_clicked_can_be_reached(page: Page) -> None:
    reached = set()
    while True:
        page.keyboard.press("Tab")
        place = page.evaluate(
            "() => [...document.querySelectorAll('*')].indexOf(document.activeElement)"
            " * (document.activeElement !== document.body)"
        )
        if place <= 0 or place in reached:
            break
        reached.add(place)
    wanted = page.evaluate(
        """() => [...document.querySelectorAll("a, button, summary, select, input, [tabindex='0']")]
            .filter((one) => one.checkVisibility() && !one.disabled && one.href !== "")
            .map((one) => [...document.querySelectorAll("*")].indexOf(one))"""
    )
    assert set(wanted) - reached == set()
