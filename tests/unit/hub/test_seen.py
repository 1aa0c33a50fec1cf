"""Each window counts once."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from pktvisor.hub import seen as module
from pktvisor.hub.seen import Ranges, Seen, Series, WindowKey

SERIES = Series("fra1", "boot", "default", "default-default-dns")


@given(st.lists(st.integers(0, 60)))
def test_ranges_hold_what_was_added_and_no_more(numbers: list[int]) -> None:
    ranges = Ranges()
    for number in numbers:
        ranges.add(number)
    assert {number for number in range(61) if number in ranges} == set(numbers)
    listed = [tuple(one) for one in ranges]
    assert all(before[1] + 1 < after[0] for before, after in itertools.pairwise(listed))
    held = set(range(min(numbers), max(numbers) + 1)) if numbers else set()
    assert ranges.missing() == len(held - set(numbers))


def test_a_window_is_new_once() -> None:
    seen = Seen()
    windows = [WindowKey(SERIES, 7), WindowKey(SERIES, 8)]
    assert seen.reserve(windows) == [True, True]
    seen.release(windows, are_known=True)
    assert seen.reserve([WindowKey(SERIES, 8), WindowKey(SERIES, 9)]) == [False, True]


def test_a_window_that_is_being_taken_is_to_come_again() -> None:
    seen = Seen()
    assert seen.reserve([WindowKey(SERIES, 7)]) == [True]
    assert seen.reserve([WindowKey(SERIES, 7)]) is None
    seen.release([WindowKey(SERIES, 7)], are_known=False)
    assert seen.reserve([WindowKey(SERIES, 7)]) == [True], "it came to nothing: it may be sent again"


def test_the_oldest_processes_of_an_agent_are_forgotten() -> None:
    seen = Seen()
    for number in range(module.MOST_BOOTS + 1):
        window = WindowKey(SERIES._replace(boot=str(number)), 1)
        seen.reserve([window])
        seen.release([window], are_known=True)
    changes = seen.changes()
    assert changes[SERIES._replace(boot="0")] == []
    assert changes[SERIES._replace(boot="1")] == [[1, 1]]


def test_what_never_came_is_counted_as_missing() -> None:
    seen = Seen()
    windows = [WindowKey(SERIES, number) for number in (1, 2, 5)]
    seen.reserve(windows)
    seen.release(windows, are_known=True)
    assert seen.missing("fra1") == 2
    assert seen.missing("another") == 0
