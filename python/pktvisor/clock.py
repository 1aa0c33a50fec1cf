"""The wall clock: the only place that reads it."""

from __future__ import annotations

import time


def now() -> float:
    """Give the time in Unix seconds."""
    return time.time()
