"""Any handler has panels that follow from what it declares; its tables sort, and arrow keys walk through them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Page, expect

from support.browser import PHONE, Visitor, ready
from support.daemon import Daemon
from support.page_server import POLICY, Document, PageServer
from support.web_agents import url_of

INSTANCE = f"{POLICY}-wire-mine"
HOSTILE = "<img src=x onerror=alert(1)>\u202egnp.exe\x00"


def metric(path: str, kind: str, labels: Sequence[str] = (), *, group: str = "", unit: str = "") -> Document:
    groups = [group] if group else []
    told = {"path": path, "kind": kind, "help": f"What {path} says", "unit": unit, "prometheus": "", "total": None}
    return {**told, "labels": [*labels], "groups": groups, "is_on": group != "off"}


def of_a_handler(metrics: Document, declared: Sequence[Document]) -> tuple[Document, Document]:
    """The documents of a policy with one handler that nobody knows: its figures, and its declarations."""
    period = {"start_ts": 1_700_000_000, "length": 60, "is_closed": True, "ledger": {"seen": 9}, "completeness": 1.0}
    groups = {"off": False}
    told = {"module": "mine", "type": "custom", "version": "1.0", "schema": "custom", "groups": groups}
    figures = {INSTANCE: {"custom": {"period": period, **metrics}}}
    return figures, {"handlers": {INSTANCE: {**told, "metrics": [*declared]}}}


def opened(made: PageServer, visitor: Visitor, metrics: Document, declared: Sequence[Document], **more: Any) -> Page:
    made.handlers, made.others[f"policies/{POLICY}/declarations"] = of_a_handler(metrics, declared)
    page = visitor.open(made.url, f"#/handlers?policy={POLICY}", **more)
    ready(page, "Handlers")
    return page


def test_each_kind_of_metric_has_its_panel(made: PageServer, visitor: Visitor) -> None:
    quantiles = {"p50": 1500, "p90": 2500, "p95": 3000, "p99": 4000}
    page = opened(
        made,
        visitor,
        {
            "large": 120,
            "in": {"packets": 30},
            "out": {"packets": 20},
            "clients": 17,
            "times": quantiles,
            "sizes": {"buckets": {"100": 3.0, "1000": 5.0, "+Inf": 5.0}},
            "names": [{"name": "www.example", "estimate": 9, "lower_bound": 7, "upper_bound": 9}],
        },
        [
            metric("custom.large", "counter"),
            metric("custom.*D*.packets", "counter", ["direction"]),
            metric("custom.clients", "cardinality"),
            metric("custom.times", "quantiles", unit="microseconds"),
            metric("custom.sizes", "histogram", unit="bytes"),
            metric("custom.names", "top", ["qname"]),
            metric("custom.silent", "counter", group="off"),
        ],
    )
    main = page.locator("#main")
    counters = main.get_by_role("table", name="Counters")
    expect(counters.get_by_role("row", name=re.compile("^large"))).to_contain_text("120")
    expect(counters.get_by_role("row", name=re.compile("^large"))).to_contain_text("2 /s")
    expect(counters.get_by_role("row", name=re.compile("^packets 30 20"))).to_contain_text("50")
    expect(main.get_by_role("table", name="Rates and quantiles")).to_contain_text("1.5 ms")
    expect(main.locator(".tile")).to_contain_text("17")
    expect(main.get_by_role("region", name="Sizes").locator("svg.bars rect")).to_have_count(2)
    expect(main.get_by_role("region", name="Names")).to_contain_text("www.example")
    expect(main).to_contain_text("Off: off. Switch groups on in the policy.")


def test_a_row_opens_its_group_and_the_chip_leads_back(made: PageServer, visitor: Visitor) -> None:
    devices = {name: {"flows": n, "links": {"1": {"bytes": 10 * n}}} for n, name in enumerate(("a/b", "c"), 1)}
    declared = [
        metric("custom.devices.*.flows", "counter", ["device"]),
        metric("custom.devices.*.links.*.bytes", "counter", ["device", "link"], unit="bytes"),
    ]
    page = opened(made, visitor, {"devices": devices}, declared)
    main = page.locator("#main")
    expect(main.get_by_role("table", name="Links").get_by_role("row")).to_have_count(3)
    main.get_by_role("table", name="Devices").get_by_role("link", name="a/b").click()
    expect(main.locator(".chip")).to_have_text(re.compile(r"devices\s+a/b"))
    expect(main.get_by_role("table", name="Counters")).to_contain_text("flows")
    expect(main.get_by_role("table", name="Links").get_by_role("row")).to_have_count(2)
    main.locator(".chip").click()
    expect(main.get_by_role("table", name="Links").get_by_role("row")).to_have_count(3)


def test_names_from_the_network_are_text_wherever_they_stand(made: PageServer, visitor: Visitor) -> None:
    made_up = {HOSTILE: {"flows": 1}}
    top = [{"name": HOSTILE, "estimate": 1, "lower_bound": 1, "upper_bound": 1}]
    declared = [metric("custom.devices.*.flows", "counter", ["device"]), metric("custom.top", "top", ["name"])]
    page = opened(made, visitor, {"devices": made_up, "top": top}, declared, size=PHONE)
    main = page.locator("#main")
    expect(main.locator("bdi .escape")).to_have_text(["U+202E", "\\x00"] * 2)
    main.get_by_role("table", name="Devices").get_by_role("link").click()
    expect(main.locator(".chip bdi .escape")).to_have_text(["U+202E", "\\x00"])
    expect(page.locator("img")).to_have_count(0)


def test_many_rows_are_drawn_as_they_come_into_sight_and_sorted_and_walked_by_keys(
    made: PageServer, visitor: Visitor
) -> None:
    many = {f"device-{n:05}": {"flows": n} for n in range(10_000)}
    page = opened(made, visitor, {"devices": many}, [metric("custom.devices.*.flows", "counter", ["device"])])
    table = page.get_by_role("table", name="Devices")
    expect(page.locator("#main")).to_contain_text("10000 in all")
    assert table.get_by_role("row").count() < 100
    table.get_by_role("button", name="flows").click()
    expect(table.locator("th[aria-sort]")).to_have_attribute("aria-sort", "descending")
    first = table.locator("tbody tr").first
    expect(first).to_contain_text("9,999")
    first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("tr:focus")).to_contain_text("9,998")
    page.keyboard.press("End")
    expect(page.locator("tr:focus")).to_contain_text("device-00000")
    assert table.get_by_role("row").count() < 100
    page.keyboard.press("Enter")
    expect(page.locator("#main .chip")).to_contain_text("device-00000")


def test_volumes_are_in_bits_or_in_bytes(made: PageServer, visitor: Visitor) -> None:
    page = opened(made, visitor, {"all_bytes": 6000}, [metric("custom.all_bytes", "counter", unit="bytes")])
    row = page.get_by_role("table", name="Counters").get_by_role("row", name=re.compile("^all_bytes"))
    expect(row).to_contain_text("800 bit/s")
    page.keyboard.press("b")
    expect(row).to_contain_text("100 B/s")
    expect(page.get_by_role("button", name="B/s", exact=True)).to_be_visible()


def test_flows_lead_from_devices_to_an_interface(agent: Daemon, visitor: Visitor) -> None:
    page = visitor.open(url_of(agent), "#/flows?policy=edge&window=2")
    main = ready(page, "Flows")
    devices = main.get_by_role("table", name="Devices")
    name = devices.locator("tbody a").first.inner_text()
    devices.get_by_role("link", name=name).first.click()
    expect(main.locator(".chip")).to_contain_text(name)
    main.get_by_role("table", name="Interfaces").locator("tbody a").first.click()
    expect(main.locator(".chip")).to_have_count(2)
    expect(main.get_by_role("region", name="Top out src IPs")).to_be_visible()


def test_a_dashboard_draws_each_panel_as_it_is_asked(agent: Daemon, visitor: Visitor) -> None:
    page = visitor.open(url_of(agent), "#/boards?policy=edge&window=2")
    main = ready(page, "Dashboards")
    panels = main.locator(".panel")
    expect(panels).to_have_count(4)
    expect(panels.nth(0).locator(".figure b")).to_have_text(re.compile(r"\d"))
    expect(panels.nth(2).locator("table.top a, table.top bdi").first).to_be_visible()
    expect(panels.nth(3)).to_contain_text("loopback")
