"""How many threads share the work of a file."""

from __future__ import annotations

import os

MOST_WORKERS = 4
"""One worker at a time reads and deals the packets out; that is a quarter of all work, so that more bring little."""


def default_workers() -> int:
    """Give how many threads share a file: one per processor that this process may use, but few."""
    return min(len(os.sched_getaffinity(0)), MOST_WORKERS)
