"""Which windows are to be pushed, and the bounded queue that they wait in."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Protocol

from pktvisor.errors import PeriodError
from pktvisor.metrics.snapshot import HandlerSnapshot

logger = logging.getLogger(__name__)

Snapshots = list[HandlerSnapshot]


class WindowedPolicy(Protocol):
    """What is asked of a policy."""

    @property
    def periods(self) -> int:
        """How many buckets it keeps, with the live one."""
        ...

    def bucket(self, number: int) -> Snapshots:
        """Give one bucket: 0 is live, 1 the last closed one. Raises `PeriodError`."""
        ...


class NewWindows:
    """Finds each closed window of each policy once, in order.

    A policy that keeps no closed window (one period) gives its live one whenever it is asked with `live`.
    """

    def __init__(self) -> None:
        self._known_starts_ns: dict[str, list[int]] = {}
        """Starts of each policy's newest windows that were given, the newest first: clocks may be set back."""

    def look(self, policies: Mapping[str, WindowedPolicy], *, live: bool) -> Iterator[tuple[str, Snapshots]]:
        """Give the windows that are new, with the policy's name. A policy that can't be read is logged and left out."""
        known = dict(policies)
        for name in self._known_starts_ns.keys() - known.keys():
            del self._known_starts_ns[name]
        for name, policy in known.items():
            try:
                windows = self._of_policy(name, policy, live=live)
            except Exception:
                logger.exception("policy [%s] can't be read for OTLP", name)
                continue
            yield from ((name, window) for window in windows)

    def _of_policy(self, name: str, policy: WindowedPolicy, *, live: bool) -> list[Snapshots]:
        if policy.periods == 1:
            return [policy.bucket(0)] if live else []
        known = self._known_starts_ns.get(name, [])
        found: dict[int, Snapshots] = {}
        # From new to old. Where one closes meanwhile, all move up and one is met twice: hence by their starts.
        for number in range(1, policy.periods):
            try:
                window = policy.bucket(number)
            except PeriodError:
                break
            if not window:
                continue
            if window[0].start_ns in known:
                break
            found.setdefault(window[0].start_ns, window)
        self._known_starts_ns[name] = [*found, *known][: policy.periods]
        return [*reversed(found.values())]


class WindowQueue:
    """Encoded windows, oldest first. What is too much drops the oldest."""

    def __init__(self, *, most_windows: int, most_bytes: int) -> None:
        self._most_windows = most_windows
        self._most_bytes = most_bytes
        self._windows: deque[bytes] = deque()
        self._bytes = 0
        self.dropped = 0
        """Windows that were dropped."""

    def __len__(self) -> int:
        return len(self._windows)

    def add(self, window: bytes) -> None:
        """Append a window."""
        self._windows.append(window)
        self._bytes += len(window)
        while self._windows and (len(self._windows) > self._most_windows or self._bytes > self._most_bytes):
            self.dropped += self.remove(1)

    def head(self, *, most_windows: int, most_bytes: int) -> list[bytes]:
        """Give the oldest windows: no more than that, but one at least unless it is empty."""
        chosen: list[bytes] = []
        total = 0
        for window in self._windows:
            total += len(window)
            if chosen and (len(chosen) == most_windows or total > most_bytes):
                break
            chosen.append(window)
        return chosen

    def remove(self, count: int) -> int:
        """Remove the oldest windows; give how many."""
        for _ in range(count):
            self._bytes -= len(self._windows.popleft())
        return count

    def drop_all(self) -> None:
        """Drop what is left."""
        self.dropped += self.remove(len(self._windows))
