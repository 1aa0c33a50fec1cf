"""Whatever an agent answers, the screens show something: later releases, other agents, and broken ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pktvisor.api.documents import Inventory, read_input, read_policy, read_policy_metrics, read_tap
from pktvisor.tui.history import History
from pktvisor.tui.layout import Focus
from pktvisor.tui.lines import width
from pktvisor.tui.views import SCREENS
from pktvisor.tui.views.content import Context, ViewSettings, page_of
from pktvisor.tui.watched import Request
from pktvisor.tui.windows import DEFAULT
from support.terminals import UTC, FakeWatched

KEYS = st.sampled_from(
    "packets net dns dhcp pcap flow in out unknown devices total udp rates pps_total live p50 p99 buckets +Inf 10 "
    "wire_packets events xact counts top_qname2 top_slow quantiles_us name estimate period start_ts length config "
    "num_periods input running consumers ledger seen module modules taps tags type".split()
) | st.text(max_size=4)
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**400)])
    | st.floats()
    | st.text(max_size=6)
)
DOCUMENTS = st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5))
OBJECTS = st.dictionaries(KEYS, DOCUMENTS, max_size=6)


def page_width(document: dict[str, Any], cells: int, shown: ViewSettings, number: int) -> set[int]:
    source = FakeWatched(changes={"default": {"default": {"h": document}}})
    reading = source.read(Request(DEFAULT))
    history = History()
    history.take(reading)
    context = Context(reading, history, reading.taken_at, shown, cells, 21)
    return {width(line) for line in page_of(SCREENS[number], context, Focus("top_qname2", 2)).lines}


@settings(max_examples=150, deadline=None)
@given(OBJECTS, st.integers(1, 220), st.integers(0, len(SCREENS) - 1), st.sampled_from(["", "a"]))
def test_any_metrics_are_shown(document: dict[str, Any], cells: int, number: int, wanted: str) -> None:
    page_width(document, cells, ViewSettings(units=UTC.units, order="name", wanted=wanted), number)


@settings(max_examples=100, deadline=None)
@given(OBJECTS)
def test_any_inventory_is_shown(document: dict[str, Any]) -> None:
    reading = FakeWatched().read(Request(DEFAULT))
    odd = Inventory({"p": read_policy("p", document)}, {"t": read_tap("t", document)}, {"i": read_input("i", document)})
    context = Context(replace(reading, inventory=odd), History(), reading.taken_at, UTC, 80, 21)
    for number in (5, 6):
        page_of(SCREENS[number], context, Focus())


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), 10**400, "text", None, [], {}, True])
def test_odd_numbers_in_the_places_of_known_ones(odd: object) -> None:
    document = {
        "packets": {"total": odd, "udp": odd, "deep_samples": odd, "rates": {"pps_total": {"live": odd, "p50": odd}}},
        "dns": {"wire_packets": {"total": odd}, "top_qname2": [{"name": odd, "estimate": odd}]},
    }
    for number in range(len(SCREENS)):
        page_width(document, 80, UTC, number)


def test_a_period_beyond_all_clocks_is_none() -> None:
    period = {"start_ts": 10**18, "length": 60}
    assert read_policy_metrics("p", {"p": {"h": {"dns": {"period": period}}}}).period is None
