from __future__ import annotations

import pytest

from pktvisor.tui.once import first_screen
from pktvisor.tui.watch import State
from pktvisor.tui.watched import Request
from pktvisor.tui.windows import DEFAULT
from support.documents import policy_metrics
from support.terminals import UTC, FakeWatched
from unit.tui.conftest import Compare


def state(**options: str) -> State:
    return State(FakeWatched().read(Request(DEFAULT)), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("cells", [80, 160])
def test_the_first_screen_as_text(compare: Compare, cells: int) -> None:
    text = first_screen(state(), UTC, "ns1.example.net:10853", cells, is_coloured=False)
    compare(f"once_{cells}", text)
    assert "\x1b" not in text
    assert max(len(line) for line in text.splitlines()) <= cells
    assert "img.example.com" in text, "all rows are there"


def test_colours_change_no_letter() -> None:
    plain = first_screen(state(), UTC, "agent", 80, is_coloured=False)
    coloured = first_screen(state(), UTC, "agent", 80, is_coloured=True)
    assert "\x1b[1mTop QName 2\x1b[0m" in coloured
    stripped = "".join(part.split("m", 1)[1] for part in f"\x1b[m{coloured}".split("\x1b[")[1:])
    assert [line.rstrip() for line in stripped.splitlines()] == [line.rstrip() for line in plain.splitlines()]


def test_what_is_to_be_known_of_it_is_said() -> None:
    text = first_screen(state(notice="the policy keeps no 9 min"), UTC, "agent", 80, is_coloured=False)
    assert "the policy keeps no 9 min" in text.splitlines()[1]


def test_a_policy_without_what_the_first_screen_shows_begins_with_its_handlers() -> None:
    watched = FakeWatched(changes={"default": policy_metrics("default", flow={"records_flows": 7})})
    text = first_screen(State(watched.read(Request(DEFAULT))), UTC, "agent", 80, is_coloured=False)
    assert "press 8" not in text
    assert "flow" in text
