from __future__ import annotations

import pytest

from pktvisor.tui.windows import LAST, LIVE, WHOLE, WindowChoice, merged, neighbour, parse_window, windows


def test_the_windows_of_a_policy() -> None:
    assert windows(1) == (LIVE,)
    assert windows(2) == (LIVE, LAST, merged(2))
    assert windows(10)[-1] == merged(10)


@pytest.mark.parametrize(
    ("window", "step", "reached"),
    [(LIVE, 1, LAST), (merged(3), 1, LIVE), (LIVE, -1, merged(3)), (merged(9), 1, LAST)],
)
def test_going_round(window: WindowChoice, step: int, reached: WindowChoice) -> None:
    assert neighbour(window, windows(3), step) == reached


@pytest.mark.parametrize(("text", "window"), [("live", LIVE), ("last", LAST), ("2", merged(2)), ("10", merged(10))])
def test_windows_are_read(text: str, window: WindowChoice) -> None:
    assert parse_window(text) == window


@pytest.mark.parametrize("text", ["", "1", "0", "11", "-2", "soon", "٣", "00000000002"])
def test_what_is_no_window(text: str) -> None:
    with pytest.raises(ValueError, match="not live, last or a number of periods from 2 to 10"):
        parse_window(text)


def test_names() -> None:
    named = [one.name(60) for one in (LIVE, LAST, WindowChoice("bucket", 3), merged(4), WHOLE)]
    assert named == ["live", "last closed", "closed 3", "4 min", "whole file"]


@pytest.mark.parametrize(("length_s", "name"), [(1, "4 s"), (10, "40 s"), (20, "1 min 20 s"), (3600, "4 h 0 min")])
def test_merged_windows_are_named_by_the_time_that_they_take(length_s: int, name: str) -> None:
    assert merged(4).name(length_s) == name
