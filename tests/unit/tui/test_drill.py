"""From a name to its clients, from an address to its names."""

from __future__ import annotations

import pytest

from pktvisor.api.documents import HandlerMetrics
from pktvisor.api.values import TopEntry
from pktvisor.tui.drill import Target, can_tell, related, target_of
from pktvisor.tui.panels import Panel, PanelRow, top_panel
from support.terminals import Bench, play


def top(**estimates: int) -> list[dict[str, object]]:
    return [{"name": name.replace("__", "."), "estimate": estimate} for name, estimate in estimates.items()]


NAMES = {
    "www.example.com": {"clients": top(**{"192.0.2.1": 5, "192.0.2.2": 3}), "messages": 8},
    "Mail.example.com": {"clients": top(**{"192.0.2.1": 4})},
    "badexample.com": {"clients": top(**{"192.0.2.9": 1})},
    "wpad.example.com": {"clients": top(**{"192.0.2.7": 740})},
}
CLIENTS = {"192.0.2.1": {"asked": top(www__example__com=5, Mail__example__com=4)}}
SERVERS = {"192.0.2.1": {"answered": top(wpad__example__com=740)}}
PAIRS = (HandlerMetrics("pairs", "custom", {"dns_qname": NAMES, "ip_src": CLIENTS, "ip_dst": SERVERS}, None),)


def found(text: str, handlers: tuple[HandlerMetrics, ...] = PAIRS) -> list[list[tuple[str, float]]]:
    return [[(entry.name, entry.estimate) for entry in one.entries] for one in related(handlers, Target(text))]


def test_a_name_leads_to_its_clients() -> None:
    assert found("WWW.example.com") == [[("192.0.2.1", 5), ("192.0.2.2", 3)]]


def test_a_shortened_name_stands_for_all_below_it() -> None:
    assert found(".example.com") == [[("192.0.2.7", 740), ("192.0.2.1", 9), ("192.0.2.2", 3)]]


def test_an_address_leads_to_what_it_asked_for_and_was_asked_for() -> None:
    assert found("192.0.2.1") == [[("www.example.com", 5), ("Mail.example.com", 4)], [("wpad.example.com", 740)]]


def test_what_is_not_kept_apart_is_empty_and_other_handlers_tell_nothing() -> None:
    assert found("nobody.example.net") == [[]]
    others = (HandlerMetrics("a", "dns", {"dns_qname": NAMES}, None), HandlerMetrics("b", "custom", {"x": 1}, None))
    assert not can_tell(others)
    assert found("www.example.com", others) == [[]]
    assert can_tell(PAIRS)


@pytest.mark.parametrize(
    ("key", "name", "is_target"),
    [
        ("top_qname2", ".example.com", True),
        ("/xact.in.top_slow", "www.example.com", True),
        ("in/top_nxdomain_xacts", "www.example.com", True),
        ("top_ipv4", "192.0.2.1", True),
        ("in/top_ipv6_packets", "2001:db8::1", True),
        ("top_qtype", "AAAA", False),
        ("top_clients", "printer", False),
        ("top_qname2", "", False),
    ],
)
def test_names_and_addresses_of_lists_can_be_looked_into(key: str, name: str, is_target: bool) -> None:
    panel = top_panel(key, "Top", [TopEntry(name, 1)])
    assert target_of(panel, panel.rows[0]) == (Target(name) if is_target and name else None)


def test_counters_are_nothing_to_look_into() -> None:
    assert (
        target_of(Panel("#counts", "Counters", (PanelRow("nxdomain", copied="5"),)), PanelRow("nxdomain", copied="5"))
        is None
    )


async def to_list(bench: Bench, title: str) -> None:
    """Go to the list with a title."""
    placed = next(one for one in bench.app.page.placed if one.panel.title == title)
    while bench.app.cursor.focus.panel != placed.panel.key:
        await bench.pilot.press("tab")


def test_d_goes_down_and_escape_comes_back() -> None:
    async def scenario(bench: Bench) -> None:
        bench.watched.pairs = PAIRS
        await to_list(bench, "Top NX")
        before = bench.app.cursor
        await bench.press("d")
        assert "Clients that asked for it" in bench.text
        assert "pairs" in bench.watched.asked[-1].extras
        assert any("192.0.2.7" in line and "740" in line for line in bench.lines)
        await bench.press("d")
        assert "Names that it asked for" in bench.text
        assert " wpad.example.com > 192.0.2.7" in bench.text
        assert "none in this window" in bench.text
        await bench.press("escape")
        assert "Clients that asked for it" in bench.text
        await bench.press("escape")
        assert "Top NX" in bench.text
        assert bench.app.cursor == before
        assert "pairs" not in bench.watched.asked[-1].extras

    play(scenario)


def test_another_screen_ends_the_drill_down() -> None:
    async def scenario(bench: Bench) -> None:
        bench.watched.pairs = PAIRS
        await to_list(bench, "Top NX")
        await bench.press("d")
        await bench.press("2")
        assert "Clients that asked" not in bench.text
        assert bench.app.settings.trail == ()
        await bench.press("escape")

    play(scenario)


def test_where_nothing_is_kept_apart_the_screen_says_what_would_do() -> None:
    async def scenario(bench: Bench) -> None:
        await to_list(bench, "Top NX")
        await bench.press("d")
        assert "One with a custom handler can" in bench.text
        assert "by: dns.qname" in bench.text

    play(scenario)


def test_a_row_that_is_neither_name_nor_address_is_told() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.press("d")
        assert "choose a name or an address" in bench.lines[-1]
        await to_list(bench, "Top QTypes")
        await bench.press("d")
        assert "choose a name or an address" in bench.lines[-1]

    play(scenario)
