"""Which windows are told: each once, in order, whatever policies come and go."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pktvisor.outputs import closed_windows
from pktvisor.outputs.closed_windows import ClosedWindow, ClosedWindows, Life, Numbers
from support.parts import FakePart, FakePolicy


def told(windows: Iterable[ClosedWindow]) -> list[tuple[str, int]]:
    return [(window.life.policy, window.number) for window in windows]


def looked(windows: ClosedWindows, policies: Mapping[str, FakePolicy]) -> list[tuple[str, int]]:
    return told(windows.look(policies))


def one(part: FakePart) -> dict[str, FakePolicy]:
    return {"p": FakePolicy([part])}


def test_closed_windows_come_once_and_in_order() -> None:
    windows, part = ClosedWindows(may_be_restored=False), FakePart()
    policies = one(part)
    assert looked(windows, policies) == []
    part.close(3)
    assert looked(windows, policies) == [("p", 0), ("p", 1), ("p", 2)]
    assert looked(windows, policies) == []
    part.close()
    assert looked(windows, policies) == [("p", 3)]
    assert windows.missed == 0


def test_windows_that_were_forgotten_before_anybody_looked_are_counted() -> None:
    windows, part = ClosedWindows(may_be_restored=False), FakePart()
    policies = one(part)
    part.close(10)
    assert looked(windows, policies) == [("p", number) for number in (6, 7, 8, 9)]
    assert windows.missed == 6


def test_the_first_window_may_have_any_number_where_windows_are_restored() -> None:
    windows, part = ClosedWindows(may_be_restored=True), FakePart(newest=100, oldest=98)
    policies = one(part)
    assert looked(windows, policies) == [("p", 98), ("p", 99)]
    part.close(7)
    assert looked(windows, policies) == [("p", number) for number in (103, 104, 105, 106)]
    assert windows.missed == 3


def test_a_policy_that_leaves_has_its_open_window_told_once_it_is_fed_no_more() -> None:
    windows, part = ClosedWindows(may_be_restored=True), FakePart()
    assert looked(windows, one(part)) == []
    part.close()
    assert looked(windows, {}) == [("p", 0)]
    assert looked(windows, {}) == [("p", 1)]
    assert looked(windows, {}) == []


def test_a_policy_of_the_same_name_that_takes_its_place_is_another() -> None:
    windows, former, later = ClosedWindows(may_be_restored=False), FakePart(newest=2), FakePart(newest=1)
    assert looked(windows, one(former)) == [("p", 0), ("p", 1)]
    assert looked(windows, one(later)) == [("p", 0)]
    assert looked(windows, one(later)) == [("p", 2)]


def test_the_end_tells_open_windows_only_where_it_is_asked_to() -> None:
    for takes_open, expected in ((True, [("p", 0), ("p", 1)]), (False, [("p", 0)])):
        windows, policies = ClosedWindows(may_be_restored=False), one(FakePart(newest=1))
        assert told(windows.end(policies, takes_open=takes_open)) == expected


def test_at_the_end_a_policy_that_has_left_has_its_open_window_told() -> None:
    windows = ClosedWindows(may_be_restored=True)
    assert looked(windows, one(FakePart())) == []
    assert told(windows.end({}, takes_open=False)) == [("p", 0)]


def test_parts_of_a_policy_are_told_each_by_itself() -> None:
    windows = ClosedWindows(may_be_restored=False)
    policies = {"p": FakePolicy([FakePart(newest=2), FakePart(newest=1)]), "q": FakePolicy([FakePart(newest=1)])}
    assert looked(windows, policies) == [("p", 0), ("p", 1), ("p", 0), ("q", 0)]


def test_a_policy_that_can_not_be_read_does_not_hide_the_others(caplog: pytest.LogCaptureFixture) -> None:
    windows, broken = ClosedWindows(may_be_restored=False), FakePart(newest=1, is_broken=True)
    policies = {"a": FakePolicy([broken]), "b": FakePolicy([FakePart(newest=1)])}
    with caplog.at_level(logging.ERROR):
        assert looked(windows, policies) == [("b", 0)]
    assert "policy [a] can't be read" in caplog.text
    broken.is_broken = False
    assert looked(windows, policies) == [("a", 0)]


@given(st.lists(st.integers(0, 7), max_size=30))
def test_whatever_the_pace_of_looking_each_window_is_told_or_missed(closings: Sequence[int]) -> None:
    windows, part = ClosedWindows(may_be_restored=False), FakePart()
    policies, seen = one(part), []
    for closed in closings:
        part.close(closed)
        seen += [number for _, number in looked(windows, policies)]
    assert seen == sorted(set(seen))
    assert len(seen) + windows.missed == part.newest


def numbers_of(numbers: Numbers, windows: ClosedWindows, policies: Mapping[str, FakePolicy]) -> list[int]:
    """The numbers of all handlers of the windows that have closed."""
    found: list[int] = []
    for window in windows.look(policies):
        assert isinstance(window.life.part, FakePart)
        numbers.lose(window.life, window.missed)
        found += numbers.give(window.life, window.life.part.instances).values()
    return found


def test_numbers_go_on_where_a_policy_begins_anew() -> None:
    numbers, windows = Numbers(), ClosedWindows(may_be_restored=False)
    assert numbers_of(numbers, windows, one(FakePart(newest=3))) == [0, 1, 2]
    again = one(FakePart(newest=2))
    assert numbers_of(numbers, windows, again) == [3, 4]
    assert numbers_of(numbers, windows, again) == [5], "the window that was open as the first left"
    again["p"].parts[0].close()
    assert numbers_of(numbers, windows, again) == [6]


def test_numbers_of_other_handlers_are_their_own() -> None:
    numbers, windows = Numbers(), ClosedWindows(may_be_restored=False)
    policies = one(FakePart(("a",), newest=3)) | {"q": FakePolicy([FakePart(("b",), newest=2)])}
    assert numbers_of(numbers, windows, policies) == [0, 1, 2, 0, 1]


def test_a_handler_that_is_silent_at_times_uses_up_no_number_meanwhile() -> None:
    numbers, life = Numbers(), Life("p", FakePart())
    given = [numbers.give(life, instances) for instances in (["a", "b"], ["a"], [], ["a", "b"])]
    assert given == [{"a": 0, "b": 0}, {"a": 1}, {}, {"a": 2, "b": 1}]


def test_windows_that_were_forgotten_before_anybody_looked_use_up_numbers() -> None:
    numbers, windows, part = Numbers(), ClosedWindows(may_be_restored=False), FakePart(("a", "b"), newest=1)
    assert numbers_of(numbers, windows, one(part)) == [0, 0]
    part.close(6)
    assert numbers_of(numbers, windows, one(part)) == [3, 3, 4, 4, 5, 5, 6, 6]
    assert windows.missed == 2


def test_handlers_that_are_not_remembered_get_numbers_that_none_of_them_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closed_windows, "MOST_INSTANCES", 1)
    numbers, windows = Numbers(), ClosedWindows(may_be_restored=False)
    policies = {"p": FakePolicy([FakePart(("a",), newest=3), FakePart(("b",), newest=1)])}
    assert numbers_of(numbers, windows, policies) == [0, 1, 2, 0]
    assert numbers_of(numbers, windows, one(FakePart(("a",), newest=1)))[0] >= 3
