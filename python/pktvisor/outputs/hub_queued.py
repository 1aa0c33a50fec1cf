"""Which windows were queued for the hub lately.

Where windows outlive the process (`--state-dir`), the next one has them again, and queues only those that this one has
not. They are known by their handler and their start, which stays to the nanosecond.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from pktvisor.config.command_options import MOST_PERIODS
from pktvisor.files import read_own, replace_own

logger = logging.getLogger(__name__)

Starts: TypeAlias = Mapping[str, int]
"""Starts of windows in nanoseconds since 1970, by handler."""

MOST_INSTANCES = 4096
"""Handlers that are remembered; those that had no window for longest are forgotten first."""
MOST_FILE_BYTES = 16 << 20


class Queued:
    """The newest windows of each handler, as many as a policy keeps; in a file, where there is a place for it."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._starts: dict[str, list[int]] = {}
        self.is_saved = True
        """Whether all of them are on disk, where there is a place for them."""
        self._is_failing = False
        if path is not None:
            self._starts = _read(path)

    def knows(self, instance: str, start_ns: int) -> bool:
        """Whether a handler's window that began at this time is among them."""
        return start_ns in self._starts.get(instance, ())

    def note(self, starts: Starts) -> None:
        """Remember windows that are queued."""
        for instance, start_ns in starts.items():
            known = self._starts.pop(instance, [])
            self._starts[instance] = [*(one for one in known if one != start_ns), start_ns][-MOST_PERIODS:]
            self.is_saved = self._path is None
        while len(self._starts) > MOST_INSTANCES:
            del self._starts[next(iter(self._starts))]

    def save(self) -> None:
        """Write them down where they have changed; a fault is logged once, and the next time may do better."""
        if self._path is None or self.is_saved:
            return
        try:
            replace_own(self._path, json.dumps(self._starts).encode(), is_synced=True)
            self.is_saved, self._is_failing = True, False
        except OSError as error:
            if not self._is_failing:
                logger.warning("%s can't be written: %s", self._path, error.strerror)
            self._is_failing = True


def _read(path: Path) -> dict[str, list[int]]:
    """Read the file; what is none of ours is as if nothing had been queued."""
    try:
        told = json.loads(read_own(path, most_bytes=MOST_FILE_BYTES))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError):
        logger.warning("%s can't be read: windows that were restored may be sent once more", path)
        return {}
    if not isinstance(told, dict):
        return {}
    return {name: starts for name, starts in told.items() if _are_times(starts)}


def _are_times(starts: object) -> bool:
    return isinstance(starts, list) and all(isinstance(one, int) for one in starts)
