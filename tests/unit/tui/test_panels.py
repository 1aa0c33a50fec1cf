from __future__ import annotations

import math

from pktvisor.api.values import Histogram, Quantiles, TopEntry
from pktvisor.tui.panels import (
    Panel,
    arranged,
    facts_panel,
    histogram_panel,
    quantiles_panel,
    top_panel,
    with_rows,
)
from pktvisor.tui.units import Units, count, tight

ENTRIES = (TopEntry("www.example.com", 60), TopEntry("", 30), TopEntry("api.example.com", 10))


def test_a_top_list_with_shares() -> None:
    panel = top_panel("key", "Top", ENTRIES, base=100)
    assert [(row.name, row.cells, row.share) for row in panel.rows] == [
        ("www.example.com", ("60", "60.0%"), 0.6),
        ("(empty)", ("30", "30.0%"), 0.3),
        ("api.example.com", ("10", "10.0%"), 0.1),
    ]
    assert [row.copied for row in panel.rows] == ["www.example.com", "", "api.example.com"]


def test_entries_of_several_parts_show_all_of_them_and_a_place_its_name() -> None:
    pair = TopEntry("broken.example.com", 2, (("client", "192.0.2.1"),))
    place = TopEntry("EU/Germany", 1, (("lat", "51.0"), ("lon", "9.0")))
    panel = top_panel("key", "Top", (pair, place))
    assert [row.name for row in panel.rows] == ["broken.example.com 192.0.2.1", "EU/Germany"]
    assert panel.rows[0].copied == "broken.example.com", "that is what is looked for"


def test_a_base_that_the_entries_are_no_parts_of_gives_no_shares() -> None:
    assert top_panel("key", "Top", ENTRIES, base=90).rows[0].cells == ("60",)
    assert top_panel("key", "Top", ENTRIES, base=97).rows[0].share is not None, "estimates may exceed it a little"


def test_a_list_is_sorted_by_name_and_filtered_by_text() -> None:
    panel = top_panel("key", "Top", ENTRIES)
    assert [row.name for row in arranged(panel, "name", "").rows] == ["(empty)", "api.example.com", "www.example.com"]
    assert [row.name for row in arranged(panel, "count", "EXAMPLE").rows] == ["www.example.com", "api.example.com"]
    assert len(arranged(panel, "count", "top").rows) == 3, "the title has it"
    assert arranged(panel, "count", "zzz").empty == "nothing with zzz"


def test_facts_keep_their_order() -> None:
    panel = facts_panel("key", "About", [("b", "1"), ("a", "2")])
    assert [row.name for row in arranged(panel, "name", "").rows] == ["b", "a"]


def test_quantiles_have_a_live_column_where_any_has_one() -> None:
    rows = [("rates.total", Quantiles((1, 2, 3, 4), 5)), ("time_us", Quantiles((1, None, 3, 4000), None))]
    panel = quantiles_panel("key", "Rates", rows, lambda name, value: tight(name, value, Units()))
    assert panel.headings == ("live", "p50", "p90", "p95", "p99")
    assert [(row.name, row.cells) for row in panel.rows] == [
        ("total", ("5", "1", "2", "3", "4")),
        ("time_us", ("-", "1µs", "-", "3µs", "4.0ms")),
    ]
    assert quantiles_panel("key", "Rates", rows[1:], lambda name, value: "").headings == ("p50", "p90", "p95", "p99")


def test_a_histogram_shows_what_lies_between_bounds() -> None:
    histogram = Histogram(((10, 2.0), (100, 8.0), (math.inf, 10.0)))
    rows = histogram_panel("key", "Times", histogram, count).rows
    assert [(row.name, row.cells) for row in rows] == [
        ("≤ 10", ("2", "20.0%")),
        ("≤ 100", ("6", "60.0%")),
        ("above", ("2", "20.0%")),
    ]
    assert histogram_panel("key", "Times", Histogram(((10, 2.0), (math.inf, 2.0))), count).rows[-1].name == "≤ 10"
    assert histogram_panel("key", "Times", Histogram(()), count).rows == ()


def test_headings_go_with_the_last_panel_below_them() -> None:
    heading = [Panel(f"h{number}", "", (), is_heading=True) for number in range(3)]
    full = top_panel("full", "Top", ENTRIES)
    empty = top_panel("empty", "Top", ())
    assert with_rows([heading[0], empty, heading[1], full, empty, heading[2]]) == [heading[1], full]
