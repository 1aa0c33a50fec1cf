from __future__ import annotations

from typing import Any

import pytest

from pktvisor.tui.panels import Panel
from pktvisor.tui.units import Units
from pktvisor.tui.views.directions import direction_content
from pktvisor.tui.views.sections import MOST_PANELS, document_panels, flat_panels, sections, titled
from support.documents import DNS, FLOW, NET_2, UNKNOWN, top


def titles(panels: list[Panel]) -> list[str]:
    return [f"{panel.group}: {panel.title}" for panel in panels if not panel.is_heading]


def without_period(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != "period"}


def test_devices_and_interfaces_are_sections_without_the_words_that_hold_them_together() -> None:
    assert [section.path for section in sections(without_period(FLOW))] == [
        ("192.0.2.250",),
        ("192.0.2.250", "1"),
        ("192.0.2.250", "2"),
    ]


def test_what_is_small_stays_with_its_parent() -> None:
    (section,) = sections(without_period(UNKNOWN))
    assert section.counts == {"tally": 7, "is_new": 1.0, "deep.deeper.deepest": 3}
    assert list(section.tops) == ["top_things"]


def test_keys_of_panels_differ_where_shown_paths_are_alike() -> None:
    document: dict[str, Any] = {"one": {"a": {"top_x": []}}, "two": {"a": {"top_x": []}}}
    panels = document_panels(document, Units())
    assert titles(panels) == ["a: Top X", "a: Top X"]
    assert len({panel.key for panel in panels}) == len(panels)


def test_a_document_of_thousands_of_interfaces_has_a_bound_that_is_told() -> None:
    interfaces = {str(number): {"top_in": top(a=number), "in_bytes": number} for number in range(1000)}
    panels = document_panels({"interfaces": interfaces}, Units())
    assert len(panels) == MOST_PANELS + 1
    assert "more than fits here" in panels[-1].rows[0].name
    found = document_panels({"interfaces": interfaces}, Units(), "999")
    assert "999: Top In" in titles(found), "what is wanted is found beyond the bound"
    assert "998: Top In" not in titles(found)


def test_a_handler_as_one_section_has_its_messages_first() -> None:
    panels = flat_panels(without_period(DNS), Units(), lambda name: 31_400)
    assert [panel.title for panel in panels][:2] == ["Rates and quantiles", "Counters"]
    assert panels[1].rows[0].name == "deep_samples"
    assert panels[1].rows[-1].name == "xact.out.total"
    assert panels[2].rows[0].share is not None


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("top_qname2", "Top QName 2"),
        ("top_ASN", "Top ASN"),
        ("top_geoLoc", "Top GeoLoc"),
        ("xact.in.top_slow", "Xact In Top Slow"),
        ("top_ipv4_packets", "Top IPv4 Packets"),
        ("anything_new", "Anything New"),
    ],
)
def test_names_become_titles(name: str, title: str) -> None:
    assert titled(name) == title


def test_directions_stand_beside_each_other_where_there_is_room() -> None:
    def lists(width: int) -> list[str]:
        content = direction_content(without_period(NET_2), Units(), width)
        return [panel.title for panel in content.panels[3:7]]

    assert lists(200) == ["Top ASN · in", "Top ASN · out", "Top ASN · unknown", "Top Geo Loc · in"]
    assert lists(80) == ["Top ASN · in", "Top Geo Loc · in", "Top IPv4 · in", "Top IPv6 · in"]


def test_counts_of_directions_are_columns() -> None:
    counts = direction_content(without_period(NET_2), Units(), 200).panels[1]
    assert counts.headings == ("in", "out", "unknown")
    assert {row.name: row.cells for row in counts.rows}["total_packets"] == ("1,000", "2,000", "3,000")
    assert {row.name: row.cells for row in counts.rows}["observed_packets"] == ("6,000",)
