from __future__ import annotations

import pytest

from pktvisor.api.faults import Unreachable
from pktvisor.tui.keys import KEYS
from pktvisor.tui.lines import Line, plain, width
from pktvisor.tui.status import HINTS, fault_line, hints_line, spot_at, tabs_line, title_line
from pktvisor.tui.views import SCREENS
from pktvisor.tui.watch import State
from pktvisor.tui.watched import Request
from pktvisor.tui.windows import DEFAULT
from support.terminals import NOW, UTC, FakeWatched

READING = FakeWatched().read(Request(DEFAULT))


def text(line: Line | None) -> str:
    return "" if line is None else plain(line).strip()


@pytest.mark.parametrize(
    ("cells", "title"),
    [
        (60, "Policy default │ Window 5 min │ Period 275 s │ ● ok"),
        (90, "Policy default │ Window 5 min │ Time 22:13:20 to 22:17:55 UTC │ Period 275 s │ ● ok"),
        (
            110,
            "at ns1:10853 │ Policy default │ Window 5 min │ Time 22:13:20 to 22:17:55 UTC │ Period 275 s │ ● ok",
        ),
    ],
)
def test_the_title_says_what_matters_most(cells: int, title: str) -> None:
    assert text(title_line(State(READING), UTC, "ns1:10853", NOW, cells, is_paused=False)) == title


def test_both_versions_are_told_where_there_is_room() -> None:
    title = text(title_line(State(READING), UTC, "ns1:10853", NOW, 200, is_paused=False))
    assert "| server 4.5.0)" in title
    assert title.startswith("pktvisor (client ")


def test_paused_and_old() -> None:
    assert text(title_line(State(READING), UTC, "ns1", NOW, 80, is_paused=True)).endswith("● paused")
    old = State(READING, fault=Unreachable("gone"))
    assert text(title_line(old, UTC, "ns1", NOW + 7265, 80, is_paused=True)).endswith("● 2 h 1 min old")


def test_a_fault_keeps_room_for_the_next_try() -> None:
    state = State(READING, fault=Unreachable("a long sentence about what went wrong"), retry_at=NOW + 8)
    assert text(fault_line(state, NOW, 80)) == "a long sentence about what went wrong; next try in 8 s"
    assert text(fault_line(state, NOW, 40)) == "a long sentence abou…; next try in 8 s"
    assert text(fault_line(state, NOW + 9, 80)).endswith("; trying again")
    assert fault_line(State(READING), NOW, 80) is None
    assert text(fault_line(State(READING, notice="to be known"), NOW, 80)) == "to be known"


@pytest.mark.parametrize("cells", [30, 60, 80, 200])
def test_screens_are_where_they_can_be_clicked(cells: int) -> None:
    line, spots = tabs_line(SCREENS, 2, cells)
    assert width(line) == cells
    for number, spot in enumerate(spots):
        if spot.end <= cells - 1:
            assert plain(line)[spot.start : spot.end].split()[0] == str(number + 1)
        assert spot_at(spots, spot.start) == spot_at(spots, spot.end - 1) == f"screen({number})"
    assert spot_at(spots, spots[-1].end) == ""


def test_keys_are_where_they_can_be_clicked_and_as_many_as_fit() -> None:
    line, spots = hints_line("", "1-20/40", 60)
    assert plain(line).endswith("1-20/40 ")
    for spot in spots:
        assert f"key({plain(line)[spot.start : spot.end].split()[0]})" == spot.says
    assert len(hints_line("", "", 200)[1]) == len(HINTS)
    assert text(hints_line("saved it", "", 60)[0]) == "saved it"
    assert hints_line("saved it", "", 60)[1] == []


def test_every_hint_is_a_key_of_the_help_page() -> None:
    shown = {name for key in KEYS for name in key.shown.split()}
    assert {key for key, _ in HINTS} <= shown
