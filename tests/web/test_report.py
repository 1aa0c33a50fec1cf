"""A report is looked at from a disk: all that it shows is inside, and it asks nobody."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from pktvisor.cli.ui import main
from support.axe import findings
from support.browser import DESK, PATIENCE_S, THEMES, WATCH, Theme

CAPTURES = Path(__file__).parents[1] / "captures"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    page = tmp_path_factory.mktemp("report") / "report.html"
    assert main(["report", str(CAPTURES / "dns_resolver.pcap"), "-o", str(page), "-H", "10.8.0.0/16"]) == 0
    return page


def opened(browser: Browser, report: Path, address: str, faults: list[str], theme: Theme = "light") -> Page:
    """Open a report as a file, and note all that it does wrong."""
    width, height = DESK
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
    context.set_default_timeout(PATIENCE_S * 1000)
    page = context.new_page()
    page.add_init_script(WATCH)
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith(("file:", "data:")) else faults.append(asked.url))
    page.goto(f"{report.as_uri()}{address}", wait_until="commit")
    return page


@pytest.mark.parametrize(
    ("screen", "seen"),
    [
        ("overview", "Loss ledger"),
        ("dns", "Failing names"),
        ("net", "Top IPv4"),
        ("dhcp", "Counters"),
        ("handlers", "Counters"),
        ("inputs", "dns_resolver.pcap"),
    ],
)
def test_a_screen_of_a_report_shows_figures_and_asks_nobody(
    screen: str, seen: str, report: Path, browser: Browser
) -> None:
    faults: list[str] = []
    page = opened(browser, report, f"#/{screen}", faults)
    expect(page.locator("main")).to_contain_text(seen)
    expect(page.get_by_role("link", name="Overview")).to_be_visible()
    assert faults == []


def test_a_report_offers_nothing_that_only_a_running_program_has(report: Path, browser: Browser) -> None:
    page = opened(browser, report, "", [])
    expect(page.locator("main h1")).to_have_text("Overview")
    for name in ("Policies", "Packets", "Handbook"):
        expect(page.get_by_role("link", name=name, exact=True)).to_have_count(0)
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)


@pytest.mark.parametrize("theme", THEMES)
def test_a_report_has_no_barrier(theme: Theme, report: Path, browser: Browser) -> None:
    page = opened(browser, report, "#/dns", [], theme)
    expect(page.locator("main")).to_contain_text("Failing names")
    assert findings(page) == []


def test_a_capture_of_a_second_is_told_to_be_too_short_for_lines(tmp_path: Path, browser: Browser) -> None:
    short = tmp_path / "short.html"
    assert main(["report", str(CAPTURES / "dns_tcp.pcap"), "-o", str(short)]) == 0
    faults: list[str] = []
    page = opened(browser, short, "#/overview", faults)
    expect(page.locator(".state", has_text="within one step of 1 s")).to_have_count(3)
    assert faults == []
    page.context.close()
