"""Policies are edited in a browser: faults at their lines, a dry run, and nothing applied before it is right."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from support.browser import PHONE, Visitor, ready
from support.daemon import Daemon
from support.web_agents import url_of, web_agent

MODULE = "dhcp: {type: dhcp}"


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """An agent whose policies the tests change; each leaves them as its file has them."""
    with web_agent(tmp_path_factory.mktemp("edited"), "--admin-api") as running:
        yield running


@pytest.fixture(autouse=True)
def _as_the_file_says(edited: Daemon) -> Iterator[None]:
    yield
    assert edited.request("POST", "/api/v1/config/reload", "")[0] == 200


def opened(visitor: Visitor, server: Daemon, policy: str = "edge", **more: object) -> Page:
    page = visitor.open(url_of(server), f"#/policies?policy={policy}", **more)
    ready(page, "Policies")
    return page


def text(page: Page) -> Locator:
    return page.get_by_role("textbox", name=re.compile("^Text of "))


def write(page: Page, old: str, new: str) -> None:
    """Select some words of the text, and type others, as people do."""
    text(page).evaluate(
        """(area, old) => {
            const start = area.value.indexOf(old);
            if (start < 0) throw new Error(`there is no ${old}`);
            area.focus();
            area.setSelectionRange(start, start + old.length);
        }""",
        old,
    )
    page.keyboard.type(new) if new else page.keyboard.press("Delete")


def dry_run(page: Page) -> Locator:
    return page.get_by_role("region", name="Dry run")


def apply_button(page: Page) -> Locator:
    return page.get_by_role("button", name="Apply")


def test_a_fault_stands_below_its_line_with_its_fix(visitor: Visitor, edited: Daemon) -> None:
    page = opened(visitor, edited)
    write(page, MODULE, "dhcp: {type: dcp}")
    line = page.locator(".line.wrong")
    expect(line).to_contain_text("dhcp: {type: dcp}")
    expect(line).to_contain_text("policies.edge.handlers.modules.dhcp.type")
    expect(line).to_contain_text(re.compile(r"line \d+, column \d+"))
    expect(page.get_by_role("status").filter(has_text="1 error at line")).to_be_visible()
    expect(apply_button(page)).to_be_disabled()
    expect(dry_run(page)).to_contain_text("waits until the error is gone")
    page.get_by_role("button", name="Use “dhcp”").click()
    expect(text(page)).to_have_value(re.compile(re.escape(MODULE)))
    expect(page.locator(".line.wrong")).to_have_count(0)


def test_what_was_written_and_mended_can_be_undone(visitor: Visitor, edited: Daemon) -> None:
    page = opened(visitor, edited)
    before = text(page).input_value()
    write(page, MODULE, "dhcp: {type: dcp}")
    page.get_by_role("button", name="Use “dhcp”").click()
    page.keyboard.press("Tab")
    expect(text(page)).to_have_value(re.compile(r"\{type: dhcp  \}|dhcp  \}"))
    for _ in range(60):
        page.keyboard.press("Control+z")
    expect(text(page)).to_have_value(before)
    expect(page.get_by_role("button", name="Discard")).to_be_disabled()


def test_a_dry_run_tells_what_would_become_of_windows_and_inputs(visitor: Visitor, edited: Daemon) -> None:
    page = opened(visitor, edited)
    write(page, MODULE, "leases: {type: dhcp}")
    expect(apply_button(page)).to_be_enabled()
    panel = dry_run(page)
    expect(panel).to_contain_text(re.compile(r"edge begins anew\. Windows dropped: \d+, of \d+ "))
    expect(panel).to_contain_text("run on; no packet is lost")
    expect(panel).to_contain_text("routing, reachability stay as they are")
    expect(panel.locator(".diff .del")).to_contain_text([MODULE])
    expect(panel.locator(".diff .add")).to_contain_text(["leases: {type: dhcp}"])
    expect(page.locator(".line.changed")).to_contain_text(["leases: {type: dhcp}"])
    shown = edited.get("/api/v1/config")["policies"]["edge"]["text"]
    assert MODULE in shown, "nothing was changed yet"


def test_what_is_right_is_applied_by_the_keyboard_and_the_file_sets_it_back(visitor: Visitor, edited: Daemon) -> None:
    page = opened(visitor, edited)
    write(page, MODULE, "leases: {type: dhcp}")
    expect(apply_button(page)).to_be_enabled()
    text(page).press("Control+Enter")
    expect(page.get_by_text("Applied.")).to_be_visible()
    assert "edge-site-leases" in edited.get("/api/v1/policies/edge")["edge"]["modules"]
    page.get_by_role("button", name="Reload file").click()
    expect(page.get_by_role("region", name="Reload")).to_contain_text("edge begins anew")
    page.get_by_role("region", name="Reload").get_by_role("button", name="Apply").click()
    expect(text(page)).to_have_value(re.compile(re.escape(MODULE)))


def test_a_text_outlives_another_screen_and_is_discarded_when_asked(visitor: Visitor, edited: Daemon) -> None:
    page = opened(visitor, edited)
    before = text(page).input_value()
    write(page, MODULE, "leases: {type: dhcp}")
    expect(apply_button(page)).to_be_enabled()
    page.get_by_role("link", name="Inputs").first.click()
    ready(page, "Inputs")
    page.go_back()
    expect(text(page)).to_have_value(re.compile("leases: "))
    expect(page.get_by_role("link", name="edge")).to_contain_text("edited")
    page.get_by_role("button", name="Discard").click()
    expect(text(page)).to_have_value(before)


def test_what_somebody_else_changed_meanwhile_is_told_before_it_is_lost(visitor: Visitor, edited: Daemon) -> None:
    visitor.forgive(r"409 .*/config/policy")
    page = opened(visitor, edited)
    theirs = text(page).input_value().replace(MODULE, "theirs: {type: dhcp}")
    write(page, MODULE, "ours: {type: dhcp}")
    expect(apply_button(page)).to_be_enabled()
    assert edited.request("POST", "/api/v1/config/policy", theirs)[0] == 200
    expect(page.get_by_role("alert")).to_contain_text("Somebody has changed it meanwhile.")
    expect(apply_button(page)).to_be_disabled()
    page.get_by_role("button", name="Compare with that").click()
    expect(dry_run(page).locator(".diff .del")).to_contain_text(["theirs: {type: dhcp}"])
    apply_button(page).click()
    expect(page.get_by_text("Applied.")).to_be_visible()
    assert "ours: {type: dhcp}" in edited.get("/api/v1/config")["policies"]["edge"]["text"]


def test_what_cannot_be_opened_is_told_at_its_line_and_the_policy_runs_on(visitor: Visitor, edited: Daemon) -> None:
    visitor.forgive(r"(422|500) .*/config/policy")
    page = opened(visitor, edited)
    page.get_by_label("New policy on a tap").select_option("all interfaces")
    expect(text(page)).to_have_value(re.compile(r"iface: any"))
    write(page, "iface: any", "iface: nosuch0")
    expect(apply_button(page)).to_be_enabled()
    apply_button(page).click()
    expect(page.locator(".line.wrong")).to_contain_text("nosuch0")
    expect(apply_button(page)).to_be_disabled()
    assert edited.request("GET", "/api/v1/policies/any")[0] == 404
    page.get_by_role("button", name="Discard").click()
    expect(text(page)).to_have_value(re.compile("edge:"))


def test_a_text_waits_for_an_agent_that_does_not_answer(visitor: Visitor, edited: Daemon) -> None:
    visitor.forgive(r"ERR_FAILED")
    page = opened(visitor, edited)
    page.route("**/config/check", lambda route: route.abort())
    write(page, MODULE, "leases: {type: dhcp}")
    expect(page.get_by_text("Checking …")).to_be_visible()
    with page.expect_event("requestfailed"):
        pass
    expect(text(page)).to_have_value(re.compile("leases: "))
    page.unroute("**/config/check")
    expect(apply_button(page)).to_be_enabled()


def test_a_new_policy_works_on_the_tap_that_was_chosen_and_is_removed_again(visitor: Visitor, edited: Daemon) -> None:
    page = opened(visitor, edited)
    page.get_by_label("New policy on a tap").select_option("site")
    expect(text(page)).to_have_value(re.compile(r"site:\n +kind: collection\n +input: \{tap: site, input_type: mock\}"))
    expect(apply_button(page)).to_be_enabled()
    apply_button(page).click()
    expect(page.locator(".pick [aria-current]")).to_contain_text(re.compile("^ *siteAPI"))
    assert edited.request("GET", "/api/v1/policies/site")[0] == 200
    page.get_by_role("button", name="Remove …").click()
    page.get_by_role("button", name="Keep it").click()
    page.get_by_role("button", name="Remove …").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_text("site is removed.")).to_be_visible()
    assert edited.request("GET", "/api/v1/policies/site")[0] == 404


def test_the_keyboard_leaves_the_text_by_escape(visitor: Visitor, edited: Daemon) -> None:
    page = opened(visitor, edited)
    text(page).focus()
    page.keyboard.press("Tab")
    expect(text(page)).to_be_focused()
    page.keyboard.press("Escape")
    expect(text(page)).not_to_be_focused()
    page.keyboard.press("Tab")
    expect(text(page)).not_to_be_focused()


def test_on_a_phone_nothing_stands_beyond_the_edge(visitor: Visitor, edited: Daemon) -> None:
    page = opened(visitor, edited, size=PHONE)
    write(page, MODULE, "dhcp: {type: dcp}")
    expect(page.get_by_role("button", name="Use “dhcp”")).to_be_visible()
    width, wanted = page.evaluate("() => [innerWidth, document.documentElement.scrollWidth]")
    assert wanted <= width


def test_who_may_only_look_is_told_what_to_do(plain: Daemon, visitor: Visitor) -> None:
    page = opened(visitor, plain)
    expect(page.get_by_text("To change policies, start the agent with --admin-api.")).to_be_visible()
    expect(page.get_by_role("link", name="edge")).to_be_visible()
    expect(page.get_by_role("textbox", name=re.compile("^Text of "))).to_have_count(0)


def test_a_draft_outlives_a_reload_of_its_tab(edited: Daemon, visitor: Visitor) -> None:
    page = opened(visitor, edited)
    write(page, MODULE, "dhcp: {type: dhcp, nothing: 1}")
    expect(page.locator(".editor footer")).to_contain_text("kept in this tab until it is closed")
    page.reload()
    expect(text(page)).to_have_value(re.compile("nothing: 1"))
    expect(page.locator(".editor footer")).to_contain_text("Checked by the agent")
    page.get_by_role("button", name="Discard").click()
    page.reload()
    expect(text(page)).not_to_have_value(re.compile("nothing: 1"))


def test_a_draft_that_is_too_long_to_outlive_a_reload_says_so(edited: Daemon, visitor: Visitor) -> None:
    page = opened(visitor, edited)
    text(page).evaluate(
        """(area) => {
            area.value += `# ${"x".repeat(1000000)}`;
            area.dispatchEvent(new InputEvent("input", { bubbles: true }));
        }"""
    )
    expect(page.locator(".editor footer")).to_contain_text("too long to outlive a reload of this tab")
    page.reload()
    expect(page.locator(".editor footer")).to_contain_text("As it runs")


@pytest.mark.parametrize("name", ["constructor", "toString", "__proto__"])
def test_a_name_that_all_objects_know_is_no_draft(name: str, edited: Daemon, visitor: Visitor) -> None:
    visitor.forgive("404")  # there is no such policy
    page = opened(visitor, edited, name)
    expect(page.locator("#main .pick")).to_contain_text("edge")
    expect(page.locator("#main")).to_contain_text("There is no such policy")
