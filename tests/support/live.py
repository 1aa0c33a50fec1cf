"""Inputs of made-up packets, which need no rights and no interface."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from pktvisor import _core
from pktvisor.policies.policy import Policy

PATIENCE_SECONDS = 120
"""How long something may take on a busy machine before it counts as never."""


@contextmanager
def mock_input(*policies: Policy, lookback_bytes: int = 0, sinks: Sequence[object] = ()) -> Iterator[_core.LiveInput]:
    """An input that feeds these policies a DNS packet every 100 ms."""
    cores = [policy.core for policy in policies]
    capture = _core.LiveInput.mock(cores, seed=7, lookback_bytes=lookback_bytes, sinks=sinks)
    try:
        yield capture
    finally:
        capture.stop()


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until it holds."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < ends, "it never came to this"
        time.sleep(0.02)
