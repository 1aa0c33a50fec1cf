from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from pktvisor.tui.lines import Line, Role, fit, fit_line, plain, plain_text, shown, width

pieces = st.lists(
    st.tuples(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z", "M"])), st.just(Role.PLAIN))
)


@pytest.mark.parametrize(
    ("text", "cells", "fitted"),
    [
        ("abc", 5, "abc  "),
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("abc", 0, ""),
        ("漢字漢字", 5, "漢字…"),
        ("漢字漢字", 4, "漢 …"),
    ],
)
def test_a_text_is_cut_or_padded(text: str, cells: int, fitted: str) -> None:
    assert fit(text, cells) == fitted


@given(pieces, st.integers(0, 30))
def test_a_fitted_line_has_exactly_its_cells(line: list[tuple[str, Role]], cells: int) -> None:
    fitted = fit_line(tuple(line), cells)
    assert width(fitted) == cells == cell_len(plain(fitted))


def test_a_line_that_fits_keeps_its_text() -> None:
    line: Line = (("one ", Role.LABEL), ("two", Role.VALUE))
    assert plain(fit_line(line, 9)) == "one two  "
    assert plain(fit_line(line, 6)) == "one t…"
    assert plain_text([line, ()]) == "one two\n\n"


def test_no_line_can_steer_the_terminal_and_its_width_stays() -> None:
    line: Line = (("a\x1b[2Jb", Role.LABEL), ("\u202e", Role.VALUE), ("rest", Role.DIM))
    assert plain(shown(line)).startswith("a\\x1b[2J")
    assert width(shown(line)) == width(line)
    assert "\x1b" not in plain_text([line])
    fine: Line = (("www.example.com ü ▁▂▃ 网", Role.LABEL),)
    assert shown(fine) is fine
