"""What the page shows while something is wrong: words, what there was, and no fault of its own."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from support.browser import PHONE, Visitor, ready, until
from support.daemon import daemon
from support.page_server import POLICY, PageServer, path
from support.web_agents import url_of

NOBODY = r"ERR_CONTENT_LENGTH_MISMATCH|ERR_CONNECTION_REFUSED|ERR_INCOMPLETE|MIME type|ERR_EMPTY|ERR_CONNECTION_RESET"
"""What a browser notes of an agent that is gone."""


def overview(made: PageServer, visitor: Visitor) -> Page:
    """Open the overview, which shows its figures, in a tab whose clock goes on when it is told."""
    context = visitor.context()
    context.clock.install()
    page = visitor.tab(context, made.url, "#/overview")
    expect(tiles(page)).not_to_have_count(0)
    return page


def tiles(page: Page) -> Locator:
    return page.locator("#main .tile")


def becomes(page: Page, badge: str, server: PageServer | None = None) -> None:
    """Wait until the page says that its figures are so: live while a server ticks, else old as time passes."""

    def goes_on() -> bool:
        if server is not None:
            server.tick()
        page.clock.run_for(1000)
        return bool(page.locator(f"#main .badge.{badge}").is_visible())

    until(goes_on, page)


def test_figures_of_an_agent_that_is_gone_stay_and_are_said_to_be_old(made: PageServer, visitor: Visitor) -> None:
    visitor.forgive(NOBODY)
    page = overview(made, visitor)
    becomes(page, "live", made)
    shown = tiles(page).all_inner_texts()
    made.leave()
    becomes(page, "stale")
    expect(page.locator("#main .banner")).to_contain_text(re.compile(r"No answer for \d+ s"))
    becomes(page, "gone")
    expect(page.locator("#main .banner")).to_contain_text("pop1 is gone since")
    assert tiles(page).all_inner_texts() == shown
    made.come_back()
    becomes(page, "live", made)
    expect(page.locator("#main .banner")).to_have_count(0)


def test_an_agent_that_was_started_anew_is_shown_again(visitor: Visitor, tmp_path: Path) -> None:
    visitor.forgive(NOBODY)
    with daemon("mock") as first:
        page = visitor.open(url_of(first), "#/overview?window=0")
        expect(tiles(page)).not_to_have_count(0)
        port = first.port
        first.stop()
    expect(page.locator("#main .badge.stale, #main .badge.gone")).to_be_visible()
    with daemon("-p", str(port), "mock"):
        expect(page.locator("#main .badge.live")).to_be_visible()
        expect(tiles(page)).not_to_have_count(0)


def test_an_answer_that_breaks_off_leaves_what_was_shown(made: PageServer, visitor: Visitor) -> None:
    visitor.forgive(NOBODY)
    page = overview(made, visitor)
    made.tick(19)  # the next second begins a window
    expect(page.locator(".side footer")).to_contain_text("up 19 s")
    shown = tiles(page).all_inner_texts()
    made.hold()
    asked = len(made.asked)
    made.tick()
    until(lambda: path() in made.asked[asked:], page)
    made.leave()
    becomes(page, "stale")
    assert tiles(page).all_inner_texts() == shown


def test_a_slow_agent_is_asked_again_when_it_has_answered(made: PageServer, visitor: Visitor) -> None:
    page = overview(made, visitor)
    expect(page.locator(".side footer")).to_contain_text("up 0 s")
    made.hold()
    asked = len(made.asked)
    made.tick(600)
    expect(page.locator(".side footer")).to_contain_text("up 10 min")
    until(lambda: "metrics/app" in made.asked[asked:], page)
    assert max(Counter(made.asked[asked:]).values()) == 1
    made.release()
    until(lambda: made.asked[asked:].count(f"policies/{POLICY}/series") == 2, page)


def test_a_window_that_is_not_full_yet_is_said_to_come(made: PageServer, visitor: Visitor) -> None:
    visitor.forgive("425")
    made.refusals[path()] = (425, {"error": "requested metrics period has not yet accumulated"})
    page = visitor.open(made.url, "#/overview")
    main = ready(page, "Overview")
    expect(main).to_contain_text("The first window is not full yet")
    del made.refusals[path()]
    made.tick(60)
    expect(tiles(page)).not_to_have_count(0)


def test_a_policy_without_handlers_says_so(made: PageServer, visitor: Visitor) -> None:
    made.handlers.clear()
    main = ready(visitor.open(made.url, "#/overview"), "Overview")
    expect(main).to_contain_text("Policy edge measures neither packets nor DNS")


def test_documents_that_are_slow_are_waited_for(made: PageServer, visitor: Visitor) -> None:
    made.hold()
    page = visitor.open(made.url, "#/overview")
    expect(page.locator("#main").get_by_role("status", name="Loading")).to_be_visible()
    made.release()
    expect(tiles(page)).not_to_have_count(0)
    expect(page.locator("#main .loading")).to_have_count(0)


@pytest.mark.parametrize("status", [404, 500, 503])
def test_a_document_that_fails_says_why_in_the_words_of_the_server(
    status: int, made: PageServer, visitor: Visitor
) -> None:
    visitor.forgive(str(status))
    made.refusals[path()] = (status, {"error": "the shelf of windows is <b>empty</b>"})
    main = ready(visitor.open(made.url, "#/overview"), "Overview")
    expect(main).to_contain_text("the shelf of windows is <b>empty</b>")
    expect(main.locator(".state .mark.bad")).to_be_visible()


@pytest.mark.parametrize("failing", ["metrics/app", "marks", "policies/edge/series"])
def test_one_document_that_fails_leaves_the_others(failing: str, made: PageServer, visitor: Visitor) -> None:
    visitor.forgive("500")
    made.refusals[failing] = (500, {"error": "broken"})
    page = visitor.open(made.url, "#/overview")
    ready(page, "Overview")
    expect(tiles(page)).not_to_have_count(0)
    assert failing in made.asked


def test_a_page_that_finds_nobody_says_so(made: PageServer, visitor: Visitor) -> None:
    visitor.forgive(NOBODY)
    made.leave()
    expect(visitor.open(made.url).locator("#app")).to_contain_text("Nobody answers")


def test_an_address_of_no_screen_shows_the_first(made: PageServer, visitor: Visitor) -> None:
    ready(visitor.open(made.url, "#/no%20such?window=x"), "Overview")


@pytest.mark.parametrize("address", ["#/%zz", "#/%", "#/overview%C3?window=5"])
def test_an_address_that_nobody_can_decode_shows_the_first(address: str, made: PageServer, visitor: Visitor) -> None:
    ready(visitor.open(made.url, address), "Overview")


@pytest.mark.parametrize("window", ["-1", "abc", "1e309", "2.5", "0x5", "99999999999999999999"])
def test_a_window_that_is_no_number_shows_the_usual_one(window: str, made: PageServer, visitor: Visitor) -> None:
    page = visitor.open(made.url, f"#/overview?window={window}")
    expect(tiles(page)).not_to_have_count(0)
    assert path(5) in made.asked
    expect(page.get_by_role("button", name="5", exact=True)).to_have_attribute("aria-pressed", "true")


def test_an_answer_without_words_is_told_by_its_number(made: PageServer, visitor: Visitor) -> None:
    visitor.forgive("404")
    made.bodies[path()] = (404, "", "text/plain")
    expect(visitor.open(made.url, "#/overview").locator("#main .state")).to_contain_text("The server answered 404.")


@pytest.mark.parametrize("status", [200, 502])
@pytest.mark.parametrize("failing", [path(), "session"])
def test_a_page_of_a_proxy_is_not_taken_for_a_document(
    failing: str, status: int, made: PageServer, visitor: Visitor
) -> None:
    visitor.forgive("502")
    made.bodies[failing] = (status, "<!doctype html><h1>Bad gateway</h1>", "text/html")
    page = visitor.open(made.url, "#/overview")
    shown = page.locator("#app" if failing == "session" else "#main .state")
    expect(shown).to_contain_text(f"Something between answered {status}, not the program itself.")
    expect(shown).not_to_contain_text("<h1>")


def test_a_session_that_cannot_be_told_asks_nobody_to_sign_in(made: PageServer, visitor: Visitor) -> None:
    visitor.forgive("500")
    made.refusals["session"] = (500, {"error": "the clock is broken"})
    page = visitor.open(made.url, "#/overview")
    expect(page.locator("#app")).to_contain_text("the clock is broken Load the page again")
    expect(page.locator(".signin")).to_have_count(0)


def test_a_screen_that_breaks_says_so_and_leaves_the_others(made: PageServer, visitor: Visitor) -> None:
    visitor.forgive("TypeError|404")
    made.others["inputs"] = {"eth0": None}
    page = visitor.open(made.url, "#/inputs")
    expect(page.locator("#main .state")).to_contain_text("It is a fault of the page.")
    page.get_by_role("link", name="DNS").first.click()
    expect(ready(page, "DNS").locator(".panel")).not_to_have_count(0)


def test_a_policy_that_keeps_fewer_windows_shows_what_it_keeps(made: PageServer, visitor: Visitor) -> None:
    visitor.forgive("425")
    made.kept = 1
    made.refusals[path()] = (425, {"error": "invalid metrics period, specify [2, 1]"})
    page = visitor.open(made.url, "#/overview")
    expect(tiles(page)).not_to_have_count(0)
    expect(page.get_by_role("group", name="Window").get_by_role("button")).to_have_text(["Live"])
    assert path(0) in made.asked


def test_windows_are_called_by_their_length(made: PageServer, visitor: Visitor) -> None:
    made.length_s = 10
    page = visitor.open(made.url, "#/overview")
    offered = page.get_by_role("group", name="Window").get_by_role("button")
    expect(offered).to_have_text(["Live", "10 s", "20 s", "50 s"])


def test_the_choice_of_a_policy_stays_within_a_phone(made: PageServer, visitor: Visitor) -> None:
    made.policy_names = ["edge", "p" * 200]
    page = visitor.open(made.url, "#/overview", size=PHONE)
    expect(tiles(page)).not_to_have_count(0)
    box = page.get_by_label("policy").bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= PHONE[0]
