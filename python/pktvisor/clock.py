"""The clock: the only place that reads the time."""

from __future__ import annotations

import time


def now() -> float:
    """Give the time in Unix seconds."""
    return time.time()


def now_ns() -> int:
    """Give the time in nanoseconds since 1970."""
    return time.time_ns()


def monotonic() -> float:
    """Give seconds since some moment, for measuring how long something takes."""
    return time.monotonic()
