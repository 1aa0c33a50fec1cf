from __future__ import annotations

import pytest

from pktvisor.agent.periods import check_bucket, check_window
from pktvisor.errors import PeriodError


def test_accumulated_buckets_are_there() -> None:
    check_bucket(0, periods=5, accumulated=1)
    check_bucket(4, periods=5, accumulated=5)


def test_a_bucket_beyond_the_ring_never_comes() -> None:
    with pytest.raises(PeriodError, match=r"^invalid metrics period, specify \[0, 4\]$") as raised:
        check_bucket(5, periods=5, accumulated=5)
    assert not raised.value.is_early


def test_a_bucket_that_is_still_to_come_is_early() -> None:
    text = r"^requested metrics period has not yet accumulated, current range is \[0, 1\]$"
    with pytest.raises(PeriodError, match=text) as raised:
        check_bucket(2, periods=5, accumulated=2)
    assert raised.value.is_early


@pytest.mark.parametrize("number", [0, 1, 6])
def test_windows_are_of_two_to_all_buckets(number: int) -> None:
    check_window(2, periods=5)
    check_window(5, periods=5)
    with pytest.raises(PeriodError, match=r"specify \[2, 5\]"):
        check_window(number, periods=5)


def test_a_single_summary_has_no_windows() -> None:
    with pytest.raises(PeriodError, match=r"specify \[2, 1\]"):
        check_window(1, periods=1)
