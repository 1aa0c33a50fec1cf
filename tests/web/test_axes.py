"""Where axes have their figures: the rules by themselves, asked in a browser."""

from __future__ import annotations

import pytest

from support.browser import Visitor
from support.page_rules import Ask, opened, rules_of
from support.page_server import PageServer

MIDNIGHT = 1_750_032_000
"""2025-06-16, 00:00 UTC."""


@pytest.fixture
def ask(made: PageServer, visitor: Visitor) -> Ask:
    return rules_of(opened(made, visitor), "axes.js")


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 100, [0, 20, 40, 60, 80, 100]),
        (0, 7, [0, 2, 4, 6]),
        (-30, 70, [-20, 0, 20, 40, 60]),
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0, 0, [0]),
    ],
)
def test_values_have_round_ticks(ask: Ask, low: float, high: float, ticks: list[float]) -> None:
    assert ask("valueTicks", low, high) == ticks


def test_times_are_round_and_no_more_than_fit(ask: Ask) -> None:
    hour = [tick["text"] for tick in ask("timeTicks", MIDNIGHT + 3600, MIDNIGHT + 7200, 600)]
    assert hour == ["01:00", "01:10", "01:20", "01:30", "01:40", "01:50"]
    assert len(ask("timeTicks", MIDNIGHT + 3600, MIDNIGHT + 7200, 200)) == 2


def test_short_times_are_told_by_the_second_and_none_twice(ask: Ask) -> None:
    texts = [tick["text"] for tick in ask("timeTicks", MIDNIGHT + 1, MIDNIGHT + 3, 600)]
    assert texts == ["00:00:01", "00:00:02"]


def test_midnight_is_told_as_its_day(ask: Ask) -> None:
    texts = [tick["text"] for tick in ask("timeTicks", MIDNIGHT - 7200, MIDNIGHT + 7200, 400)]
    assert texts == ["22:00", "23:00", "06-16", "01:00"]


def test_spans_of_years_have_a_tick_or_none_but_never_many(ask: Ask) -> None:
    assert len(ask("timeTicks", MIDNIGHT, MIDNIGHT + 20 * 31_536_000, 300)) <= 300 / 80


def test_marks_that_are_close_stand_below_each_other(ask: Ask) -> None:
    marks = [[100, 80], [110, 80], [120, 80], [130, 80], [300, 80], [380, 80]]
    places = ask("markPlaces", marks, 50, 400)
    assert [place and place["row"] for place in places] == [0, 1, 2, None, 0, 1]
    assert places[0]["start"] == 100
    assert places[-1]["start"] == 300, "at the right edge it stands before its line"
