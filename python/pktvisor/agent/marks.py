"""Marks: what happened, with its time, as far back as there is room."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

from pktvisor.api.events import Mark

MOST_MARKS = 512
LONGEST_SUBJECT, LONGEST_TEXT = 200, 400
"""Characters; what is longer is cut."""
IDS_PER_SECOND = 100
"""Numbers go on from the time of the start, so that those of a process are greater than of the one before."""


class MarkRing:
    """The newest marks. Any thread may add and read."""

    def __init__(self, started: float) -> None:
        self._lock = threading.Lock()
        self._first = self._next = int(started) * IDS_PER_SECOND + 1
        self._marks: deque[Mark] = deque(maxlen=MOST_MARKS)

    def add(self, now: float, kind: str, subject: str, text: str) -> None:
        """Note what happened at a time in Unix seconds."""
        with self._lock:
            self._marks.append(Mark(self._next, now, kind, _cut(subject, LONGEST_SUBJECT), _cut(text, LONGEST_TEXT)))
            self._next += 1

    @property
    def newest(self) -> int:
        """Number of the newest mark; 0 where there is none."""
        with self._lock:
            return self._marks[-1].id if self._marks else 0

    def since(self, known: int) -> tuple[Sequence[Mark], int]:
        """Give the marks after one that is known, the oldest first, and how many of them are forgotten."""
        with self._lock:
            marks = [mark for mark in self._marks if mark.id > known]
            after = max(known + 1, self._first)
            return marks, max(0, self._next - after) - len(marks)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
