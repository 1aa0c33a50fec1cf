"""DNS and Network: from what is seen at first down to one item, and back; charts without a mouse or eyes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from support.browser import Visitor, ready, until
from support.made_up import BEGIN_S
from support.page_server import MINUTE_S, POLICY, PageServer

SERIES = f"policies/{POLICY}/series"
BOUNDS = [1024, 2048, 4096, 8192]
NO_DATA = "\u2013"
HOSTILE = "<img src=x>\u202egpj.example"


@pytest.fixture
def dns(made: PageServer) -> Any:
    """The DNS metrics that the server tells, which a test may change."""
    return next(schemas["dns"] for schemas in made.handlers.values() if "dns" in schemas)


def clock(time_s: int) -> str:
    return datetime.fromtimestamp(time_s, UTC).strftime("%H:%M:%S")


def panel(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def opened(made: PageServer, visitor: Visitor, place: str = "dns", title: str = "DNS", **more: Any) -> Page:
    page = visitor.open(made.url, f"#/{place}", **more)
    ready(page, title)
    return page


def with_answer_times(made: PageServer) -> None:
    """Twenty steps of answers, of which the tenth is not known."""
    counts = [[0, 90, 10, 0, 0] if step != 9 else None for step in range(20)]
    replies = [100 if step != 9 else None for step in range(20)]
    counters = {"dns.wire_packets.replies": replies, "dns.wire_packets.noerror": replies}
    handler = {
        "schema": "dns",
        "counters": counters,
        "histograms": {"dns.xact.out.histogram_us": {"bounds": BOUNDS, "counts": counts}},
        "ledger": {"seen": replies},
        "completeness": [1.0] * 20,
    }
    made.others[SERIES] = {"step_s": 10, "start": BEGIN_S, "handlers": {"dns": handler}}


def test_a_click_goes_one_label_deeper_then_to_the_name_and_chips_lead_back(made: PageServer, visitor: Visitor) -> None:
    page = opened(made, visitor)
    panel(page, "Top names").get_by_role("link", name=".garnet.example").click()
    names = panel(page, "Top names").locator("tbody tr")
    expect(names.first).to_contain_text("mail.garnet.example")
    expect(names.filter(has_text=".site.example")).to_have_count(0)
    names.get_by_role("link", name="mail.garnet.example").click()
    known = panel(page, "What is known of it")
    expect(known.get_by_role("row", name=re.compile("^servfail"))).to_contain_text("6 to 6")
    assert "item=mail.garnet.example" in page.url
    page.get_by_role("button", name="Back from this item").click()
    expect(known).to_have_count(0)
    page.get_by_role("button", name="Names of all").click()
    expect(names.first).to_contain_text(".site.example")


def test_a_link_shows_the_same_item(made: PageServer, visitor: Visitor) -> None:
    page = opened(made, visitor, "net?item=198.51.100.0&kind=address", "Network")
    known = panel(page, "What is known of it")
    expect(known.get_by_role("row", name=re.compile("^ipv4"))).to_be_visible()
    expect(known.get_by_role("link", name="Packets: host 198.51.100.0")).to_have_attribute(
        "href", re.compile("bpf=host")
    )


def test_what_is_in_no_list_is_not_said_to_be_nothing(made: PageServer, visitor: Visitor) -> None:
    page = opened(made, visitor, "dns?item=never.example&kind=qname")
    expect(panel(page, "What is known of it")).to_contain_text("it may have come and not be among them")


def test_who_asks_for_a_failing_name_is_told_where_it_is_measured(made: PageServer, dns: Any, visitor: Visitor) -> None:
    bounds = {"estimate": 60, "lower_bound": 50, "upper_bound": 64}
    dns["top_failing"] = [{"name": HOSTILE, "result": "SRVFAIL", **bounds}]
    dns["top_failing_results"] = [
        {"name": HOSTILE, "result": "SRVFAIL", **bounds},
        {"name": HOSTILE, "result": "NOERROR", **bounds},
    ]
    dns["top_failing_clients"] = [{"name": HOSTILE, "client": "192.0.2.7", **bounds}]
    dns["top_failing_servers"] = [{"name": "another.example", "server": "198.51.100.2", **bounds}]
    page = opened(made, visitor)
    failing = panel(page, "Failing names")
    row = failing.locator("tbody tr").first
    for said in ("U+202E", "SERVFAIL", "50 to 64", "50 %"):
        expect(row).to_contain_text(said)
    row.get_by_role("button").click()
    expect(failing).to_contain_text("192.0.2.7")
    expect(failing).to_contain_text("not among the heaviest pairs")
    assert page.locator("img").count() == 0, "a name became markup"


def test_a_failing_name_tells_since_which_window_it_fails(made: PageServer, dns: Any, visitor: Visitor) -> None:
    old, new = ({"name": name, "result": "SRVFAIL", "estimate": 6} for name in ("old.example", "new.example"))
    dns["top_failing"] = [old, new]
    for ago in range(made.kept):
        period = {"start_ts": BEGIN_S + MINUTE_S * (made.kept - 1 - ago), "length": MINUTE_S, "is_closed": ago > 0}
        metrics = {"period": period, "top_failing": [old, new] if ago < 2 else [old]}
        made.others[f"policies/{POLICY}/metrics/bucket/{ago}"] = {POLICY: {"dns": {"dns": metrics}}}
    rows = panel(opened(made, visitor), "Failing names").locator("tbody tr")
    since = [rows.filter(has_text=name).locator("td").last for name in ("old.example", "new.example")]
    expect(since[0]).to_have_text(f"\u2264 {clock(BEGIN_S)}")
    expect(since[1]).to_have_text(clock(BEGIN_S + 3 * MINUTE_S))
    expect(rows.locator("svg.spark path")).to_have_count(2)


def test_where_pairs_are_not_counted_it_says_how_to_have_them(made: PageServer, dns: Any, visitor: Visitor) -> None:
    for name in [name for name in dns if name.startswith("top_failing")]:
        del dns[name]
    page = opened(made, visitor)
    failing = panel(page, "Failing names")
    failing.get_by_role("group", name="Result").get_by_role("button", name="SERVFAIL").click()
    expect(failing.locator("tbody tr").first).to_contain_text("mail.garnet.example")
    failing.locator("tbody tr").first.get_by_role("button").click()
    expect(failing).to_contain_text("failing_names")
    link = failing.get_by_role("link", name="Switch it on in the policy")
    expect(link).to_have_attribute("href", re.compile("^#/policies"))


def test_keys_read_a_chart_and_all_charts_follow(made: PageServer, visitor: Visitor) -> None:
    with_answer_times(made)
    page = opened(made, visitor)
    results = panel(page, "Results over time")
    results.get_by_role("application").focus()
    page.keyboard.press("Home")
    said = results.locator("[aria-live]")
    expect(said).to_contain_text("15:06:40: NOERROR 10")
    expect(panel(page, "Answer times").locator(".legend")).to_contain_text("15:06:40 UTC")
    for _ in range(9):
        page.keyboard.press("ArrowRight")
    expect(said).to_contain_text("15:08:10: NOERROR no data")


def test_the_heat_map_is_read_and_its_cells_are_counted(made: PageServer, visitor: Visitor) -> None:
    with_answer_times(made)
    page = opened(made, visitor)
    times = panel(page, "Answer times")
    chart = times.get_by_role("application")
    chart.focus()
    page.keyboard.press("End")
    expect(times.locator("[aria-live]")).to_contain_text("most answers, 90, took 1 ms to 2 ms")
    expect(times.locator(".legend")).to_contain_text("No data")
    box = chart.locator("canvas.glass").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 1, box["y"] + 1)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 1, box["y"] + box["height"] - 1, steps=4)
    page.mouse.up()
    expect(times.get_by_role("status")).to_contain_text("1,900 of 1,900 answers (100 %)")


def test_a_table_stands_for_each_chart(made: PageServer, visitor: Visitor) -> None:
    with_answer_times(made)
    page = opened(made, visitor)
    times = panel(page, "Answer times")
    times.locator("summary").click()
    times.get_by_role("menuitem", name="Table").click()
    expect(times.locator("tbody tr")).to_have_count(20)
    expect(times.locator("tbody tr").nth(9)).to_contain_text(NO_DATA)


def test_answers_of_one_direction_are_shown_where_they_are_kept_apart(made: PageServer, visitor: Visitor) -> None:
    one = {"xacts": 100, "noerror_xacts": 90, "srvfail_xacts": 10, "udp_xacts": 100, "top_srvfail_xacts": []}
    none = {**one, "xacts": 0, "srvfail_xacts": 0}
    for schemas in made.handlers.values():
        if "dns" in schemas:
            schemas["dns"] = {"period": schemas["dns"]["period"], "in": none, "out": one}
    page = opened(made, visitor)
    failed = page.locator(".tile", has_text="SERVFAIL and REFUSED")
    expect(failed).to_contain_text("10 %")
    expect(panel(page, "Slow names")).to_contain_text("Metric group xact_times is off")
    page.get_by_role("group", name="Direction").get_by_role("button", name="In").click()
    expect(failed).to_contain_text(NO_DATA)
    assert "direction=in" in page.url


def test_the_network_has_figures_of_either_version(made: PageServer, visitor: Visitor) -> None:
    made.tick(60)
    page = opened(made, visitor, "net", "Network")
    expect(panel(page, "Packets by kind").get_by_role("row", name=re.compile("^UDP"))).to_contain_text(
        re.compile("[1-9]")
    )
    expect(panel(page, "Packet sizes")).to_contain_text("all")
    expect(panel(page, "Directions").get_by_role("application")).to_be_visible()
    expect(panel(page, "Protocols")).to_contain_text("Metric group counters counts it by step, and is off")
    expect(panel(page, "Top places")).to_contain_text("--geo-city")


def test_a_chart_has_the_colours_of_the_theme_at_once(made: PageServer, visitor: Visitor) -> None:
    with_answer_times(made)
    page = opened(made, visitor)
    chart = panel(page, "Results over time").locator(".chart canvas").first
    painted = "(canvas) => canvas.toDataURL()"
    before = chart.evaluate(painted)
    page.keyboard.press("t")
    until(lambda: chart.evaluate(painted) != before, page)
    page.keyboard.press("t")
    until(lambda: chart.evaluate(painted) == before, page)
