"""The packets that just passed are saved as a file; a wrong filter is told at its field."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from support.browser import Visitor, ready
from support.daemon import Daemon, daemon
from support.web_agents import url_of

CONFIG = """\
visor:
  taps: {made: {input_type: pcap, config: {iface: made, pcap_source: mock}}}
  policies:
    edge: {kind: collection, input: {tap: made, input_type: pcap}, handlers: {modules: {net: {type: net}}}}
"""
SECTION_HEADER = bytes.fromhex("0a0d0d0a")
"""How a capture file (pcapng) begins."""


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """An agent that keeps packets."""
    file = tmp_path_factory.mktemp("keeping") / "agent.yaml"
    file.write_text(CONFIG)
    with daemon("--admin-api", "--config", str(file)) as running:
        yield running


def opened(visitor: Visitor, server: Daemon) -> Page:
    page = visitor.open(url_of(server), "#/packets")
    ready(page, "Packets")
    return page


def test_packets_are_saved_as_a_capture_file(visitor: Visitor, keeping: Daemon) -> None:
    page = opened(visitor, keeping)
    page.get_by_label("Filter, in tcpdump's language").fill("udp or tcp")
    with page.expect_download() as saving:
        page.get_by_role("button", name="Download").click()
    [name] = keeping.get("/api/v1/inputs")
    assert saving.value.suggested_filename == f"{name}.pcapng"
    assert Path(saving.value.path()).read_bytes().startswith(SECTION_HEADER)
    expect(page.get_by_role("status")).to_contain_text(re.compile(r"Saved: [\d,]+ packets?, "))
    assert "bpf=udp" in page.url, "a link shows the same"


def test_a_wrong_filter_is_told_at_its_field(visitor: Visitor, keeping: Daemon) -> None:
    visitor.forgive(r"400 .*/pcap")
    page = opened(visitor, keeping)
    field = page.get_by_label("Filter, in tcpdump's language")
    field.fill("port fifty")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("port fifty")
    expect(field).to_have_attribute("aria-invalid", "true")


def test_what_is_written_stays_while_the_page_goes_on(visitor: Visitor, keeping: Daemon) -> None:
    page = opened(visitor, keeping)
    field = page.get_by_label("Filter, in tcpdump's language")
    field.fill("port 53")
    page.get_by_label("Filter names and panels").fill("x")  # all is drawn anew
    expect(page).to_have_url(re.compile("filter=x"))
    expect(field).to_have_value("port 53")


def test_where_no_packet_passes_nothing_is_saved(visitor: Visitor, keeping: Daemon) -> None:
    page = opened(visitor, keeping)
    page.get_by_label("Filter, in tcpdump's language").fill("host 203.0.113.99")
    page.get_by_role("button", name="Download").click()
    expect(page.get_by_role("status")).to_contain_text("nothing is saved")


def test_who_may_only_look_is_told_which_right_is_needed(plain: Daemon, visitor: Visitor) -> None:
    page = opened(visitor, plain)
    expect(page.locator("#main")).to_contain_text("start the agent with --admin-api")
    expect(page.get_by_role("button", name="Download")).to_have_count(0)
