"""Each input tells what became of its packets, and what it could not read."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from support.browser import Visitor, ready
from support.daemon import Daemon
from support.web_agents import url_of


def test_each_input_has_its_state_its_ledger_and_what_it_reads(visitor: Visitor, agent: Daemon) -> None:
    main = ready(visitor.open(url_of(agent), "#/inputs"), "Inputs")
    names = list(agent.get("/api/v1/inputs"))
    site, file = (next(name for name in names if name.startswith(tap)) for tap in ("site", "routers"))
    made_up = main.get_by_role("region", name=site)
    expect(made_up).to_contain_text("at work")
    expect(made_up).to_contain_text("packets_per_second: 1000")
    expect(made_up.get_by_role("row", name=re.compile("Decoded"))).to_contain_text(re.compile(r"[1-9]"))
    expect(made_up).to_contain_text("complete")
    expect(made_up).to_contain_text("Direction unknown")
    read = main.get_by_role("region", name=file)
    expect(read).to_contain_text("read to its end")
    expect(read).to_contain_text("bgp.pcap")


def test_the_filter_leaves_the_inputs_with_that_name(visitor: Visitor, agent: Daemon) -> None:
    page = visitor.open(url_of(agent), "#/inputs?filter=routers")
    main = ready(page, "Inputs")
    expect(main.locator(".panel")).to_have_count(1)
    page.get_by_role("searchbox").fill("no such input")
    expect(main).to_contain_text("No input has that in its name")
