"""Which buckets and windows there are to ask for."""

from __future__ import annotations

from pktvisor.errors import PeriodError


def check_bucket(number: int, *, periods: int, accumulated: int) -> None:
    """Raise `PeriodError` unless bucket `number` is one of the `accumulated` ones, of at most `periods`."""
    if not 0 <= number < periods:
        raise PeriodError(f"invalid metrics period, specify [0, {periods - 1}]", is_early=False)
    if number >= accumulated:
        message = f"requested metrics period has not yet accumulated, current range is [0, {accumulated - 1}]"
        raise PeriodError(message, is_early=True)


def check_window(number: int, *, periods: int) -> None:
    """Raise `PeriodError` unless a window of `number` buckets can be merged; one bucket alone is no window."""
    if not 2 <= number <= periods:
        raise PeriodError(f"invalid metrics period, specify [2, {periods}]", is_early=False)
