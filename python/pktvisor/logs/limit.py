"""Not too many lines: of one place of the code that logs too often, lines are left out and counted."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass

from pktvisor import clock
from pktvisor.logs.lines import cut

LINES_AT_ONCE = 100
LINES_PER_SECOND = 10.0
TELL_INTERVAL_S = 5.0
"""How long lines are left out before it is told how many."""
MOST_QUOTED_CHARACTERS = 200

Place = tuple[str, int]
"""A file and a line of the code; their number is bounded, unlike what a line says."""


@dataclass(slots=True)
class Bucket:
    """What one place may log: a token bucket, with what it has left out."""

    level: float
    filled_s: float
    left_out: int = 0
    since_s: float = 0.0
    """Since when lines are left out."""
    last: logging.LogRecord | None = None
    """The newest that was left out."""


class LimitedHandler(logging.Handler):
    """Hands records on to another handler, of each place no more than so many a second."""

    def __init__(self, target: logging.Handler) -> None:
        super().__init__()
        self._target = target
        self._buckets: dict[Place, Bucket] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Hand a record on, or count it."""
        now_s = clock.monotonic()
        self._hand_on(self._due(now_s))
        bucket = self._buckets.setdefault((record.pathname, record.lineno), Bucket(LINES_AT_ONCE, now_s))
        bucket.level = min(LINES_AT_ONCE, bucket.level + (now_s - bucket.filled_s) * LINES_PER_SECOND)
        bucket.filled_s = now_s
        if bucket.level >= 1:
            bucket.level -= 1
            self._target.handle(record)
            return
        bucket.since_s = bucket.since_s if bucket.left_out else now_s
        bucket.left_out, bucket.last = bucket.left_out + 1, record

    def tell_left_out(self) -> None:
        """Say how many were left out, of the places where that is due."""
        self._tell(clock.monotonic())

    def close(self) -> None:
        """Say how many were left out, and close the other handler."""
        self._tell(float("inf"))
        self._target.close()
        super().close()

    def _tell(self, now_s: float) -> None:
        with self.lock or contextlib.nullcontext():
            self._hand_on(self._due(now_s))

    def _due(self, now_s: float) -> Iterator[logging.LogRecord]:
        for bucket in self._buckets.values():
            if bucket.last is not None and now_s - bucket.since_s >= TELL_INTERVAL_S:
                yield _summary(bucket.last, bucket.left_out)
                bucket.left_out, bucket.last = 0, None

    def _hand_on(self, records: Iterator[logging.LogRecord]) -> None:
        for record in records:
            self._target.handle(record)


def _summary(last: logging.LogRecord, count: int) -> logging.LogRecord:
    """Give a record that stands for so many, of which this was the last."""
    quoted = cut(last.getMessage(), MOST_QUOTED_CHARACTERS)
    return logging.LogRecord(
        last.name, last.levelno, last.pathname, last.lineno, "%d more like it: %s", (count, quoted), None
    )
