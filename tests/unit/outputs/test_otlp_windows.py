from __future__ import annotations

import logging
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pktvisor.errors import PeriodError
from pktvisor.metrics.snapshot import HandlerSnapshot
from pktvisor.outputs.otlp_windows import NewWindows, WindowQueue
from support.agents import FakePolicy
from support.snapshots import START_TS, counter, handler


def window(minute: int) -> list[HandlerSnapshot]:
    return [handler(counter("dns_a", "a", minute), start_ts=START_TS + 60 * minute)]


def policy(*minutes: int, periods: int = 5) -> FakePolicy:
    """A policy whose buckets began at these minutes, the live one first."""
    return FakePolicy("p", [window(minute) for minute in minutes], periods=periods)


def minutes(windows: NewWindows, policies: dict[str, FakePolicy], *, live: bool = False) -> list[tuple[str, int]]:
    found = windows.look(policies, live=live)
    return [(name, (window[0].start_ts - START_TS) // 60) for name, window in found]


def test_closed_windows_come_once_and_in_order() -> None:
    windows = NewWindows()
    assert minutes(windows, {"p": policy(0)}) == []
    assert minutes(windows, {"p": policy(3, 2, 1, 0)}) == [("p", 0), ("p", 1), ("p", 2)]
    assert minutes(windows, {"p": policy(3, 2, 1, 0)}, live=True) == []
    assert minutes(windows, {"p": policy(5, 4, 3, 2, 1)}) == [("p", 3), ("p", 4)]


def test_windows_come_in_their_order_also_where_the_clock_was_set_back() -> None:
    windows = NewWindows()
    assert minutes(windows, {"p": policy(91, 90)}) == [("p", 90)]
    assert minutes(windows, {"p": policy(2, 1, 91, 90)}) == [("p", 91), ("p", 1)]
    assert minutes(windows, {"p": policy(3, 2, 1, 91, 90)}) == [("p", 2)]


def test_a_policy_that_keeps_no_closed_window_gives_its_live_one_when_asked_for_it() -> None:
    windows, policies = NewWindows(), {"p": policy(0, periods=1)}
    assert [minutes(windows, policies, live=live) for live in (False, True, True)] == [[], [("p", 0)], [("p", 0)]]


def test_a_window_that_closes_while_being_looked_at_is_neither_lost_nor_doubled() -> None:
    class Moving(FakePolicy):
        def bucket(self, number: int) -> list[HandlerSnapshot]:
            answer = super().bucket(number)
            if number == 1 and len(self.buckets) == 3:
                self.buckets.insert(0, window(9))
            return answer

    windows, moving = NewWindows(), Moving("p", [window(2), window(1), window(0)])
    assert minutes(windows, {"p": moving}) == [("p", 0), ("p", 1)]
    assert minutes(windows, {"p": moving}) == [("p", 2)]


def test_empty_buckets_are_passed_over() -> None:
    gap = FakePolicy("p", [window(2), [], window(0)])
    assert minutes(NewWindows(), {"p": gap}) == [("p", 0)]


def test_a_policy_that_can_not_be_read_does_not_hide_the_others(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(FakePolicy):
        def bucket(self, number: int) -> list[HandlerSnapshot]:
            raise RuntimeError("broken")

    with caplog.at_level(logging.ERROR):
        assert minutes(NewWindows(), {"a": Broken("a", []), "b": policy(1, 0)}) == [("b", 0)]
    assert "policy [a] can't be read" in caplog.text


def test_a_policy_that_is_gone_is_forgotten() -> None:
    windows = NewWindows()
    assert minutes(windows, {"p": policy(1, 0)}) == [("p", 0)]
    assert minutes(windows, {}) == []
    assert minutes(windows, {"p": policy(1, 0)}) == [("p", 0)]


@given(st.lists(st.integers(0, 6), max_size=30))
def test_whatever_the_pace_of_looking_every_window_that_is_still_kept_comes_once(closings: Sequence[int]) -> None:
    windows, now, seen, kept = NewWindows(), 0, [], set[int]()
    for closed in closings:
        now += closed
        buckets = list(range(now, max(-1, now - 5), -1))
        kept |= set(buckets[1:])
        seen += [minute for _, minute in minutes(windows, {"p": policy(*buckets)})]
    assert seen == sorted(kept)


def test_what_is_too_much_drops_the_oldest() -> None:
    queue = WindowQueue(most_windows=3, most_bytes=100)
    for number in range(5):
        queue.add(b"%d" % number)
    assert (queue.head(most_windows=9, most_bytes=9), queue.dropped, len(queue)) == ([b"2", b"3", b"4"], 2, 3)
    queue.add(b"x" * 99)
    assert (queue.head(most_windows=9, most_bytes=999), queue.dropped) == ([b"4", b"x" * 99], 4)
    queue.add(b"x" * 101)
    assert (len(queue), queue.dropped) == (0, 7)


def test_a_request_takes_the_oldest_up_to_its_bounds_and_one_at_least() -> None:
    queue = WindowQueue(most_windows=9, most_bytes=100)
    for size in (30, 3, 3):
        queue.add(b"x" * size)
    assert [len(one) for one in queue.head(most_windows=9, most_bytes=10)] == [30]
    assert [len(one) for one in queue.head(most_windows=2, most_bytes=99)] == [30, 3]
    queue.remove(1)
    assert [len(one) for one in queue.head(most_windows=9, most_bytes=6)] == [3, 3]
    queue.drop_all()
    assert (len(queue), queue.dropped, queue.head(most_windows=1, most_bytes=1)) == (0, 2, [])


def test_periods_that_are_not_there_end_the_search() -> None:
    with pytest.raises(PeriodError):
        policy(0).bucket(1)
