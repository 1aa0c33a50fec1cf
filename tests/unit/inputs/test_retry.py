"""When something that has failed is tried again."""

from __future__ import annotations

from pktvisor.inputs.retry import Retry


def test_attempts_come_twice_as_late_each_time_and_a_minute_apart_at_most() -> None:
    retry = Retry(10)
    delays = []
    for _ in range(9):
        now_s = retry.due_s
        retry.postpone(now_s)
        delays.append(retry.due_s - now_s)
    assert delays == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert str(retry) == "it is tried again every 60 s at least, 9 times so far"
