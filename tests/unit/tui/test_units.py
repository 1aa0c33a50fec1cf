from __future__ import annotations

import math

import pytest

from pktvisor.tui.units import Units, count, duration, in_unit_of, milliseconds, percent, short, tight


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (None, "-"),
        (math.inf, "-"),
        (0, "0"),
        (0.5, "0.5"),
        (7, "7"),
        (999, "999"),
        (1000, "1.0k"),
        (4317, "4.3k"),
        (99_949, "99.9k"),
        (99_960, "100k"),
        (999_400, "999k"),
        (999_999, "1.0M"),
        (2.5e9, "2.5G"),
        (3e15, "3000T"),
    ],
)
def test_short_numbers(number: float | None, text: str) -> None:
    assert short(number) == text


@pytest.mark.parametrize(("number", "text"), [(None, "-"), (0, "0"), (31_400, "31,400"), (2.5, "2.50"), (3.0, "3")])
def test_whole_numbers(number: float | None, text: str) -> None:
    assert count(number) == text


@pytest.mark.parametrize(("part", "whole", "text"), [(1, 3, "33.3%"), (5, 0, "0.0%"), (0, 9, "0.0%")])
def test_shares(part: float, whole: float, text: str) -> None:
    assert percent(part, whole) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0 s"), (59.9, "59 s"), (60, "1 min"), (275, "4 min 35 s"), (7500, "2 h 5 min"), (90_000, "1 d 1 h")],
)
def test_spans_of_time(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("name", "number", "text"),
    [
        ("xact.out.quantiles_us", 420, "420 µs"),
        ("xact_time_us", 18_300, "18.3 ms"),
        ("out.us", 420, "420 µs"),
        ("in_bytes", 81_720, "81.7 kB"),
        ("memory_bytes", 10, "10 B"),
        ("rates.bps", 1000, "8.0 kbit/s"),
        ("in bps", 1000, "8.0 kbit/s"),
        ("rates.bytes_in", 10, "80 bit/s"),
        ("cpu_usage", 1.25, "1.2%"),
        ("total", 31_400, "31,400"),
        ("total", None, "-"),
    ],
)
def test_the_unit_follows_from_the_metrics_name(name: str, number: float | None, text: str) -> None:
    assert in_unit_of(name, number, Units()) == text


def test_tables_have_few_characters() -> None:
    assert tight("total", 31_400, Units()) == "31.4k"
    assert tight("rates.bps", 1000, Units()) == "8.0kb/s"
    assert tight("rates.bps", 1000, Units(is_bits=False)) == "1.0kB/s"
    assert tight("total", None, Units()) == "-"


def test_answer_times_are_in_milliseconds() -> None:
    assert milliseconds(12_853) == "12.9"
    assert milliseconds(None) == "-"


def test_times_in_utc() -> None:
    assert Units(is_utc=True).clock(1_700_000_000) == "22:13:20"
