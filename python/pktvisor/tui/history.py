"""Rates of the last minutes: what was seen second by second, and before that what closed buckets tell."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from pktvisor.tui.figures import answer_time_us, dns_figures, failed_share, missing_share, packet_figures
from pktvisor.tui.watched import Bucket, Reading

LONGEST = 1800
"""Points that are kept of a series: half an hour at one a second."""
LEVELS = " ▁▂▃▄▅▆▇█"


class Series:
    """One rate over time."""

    def __init__(self) -> None:
        self._points: deque[tuple[float, float]] = deque(maxlen=LONGEST)
        self._spans: list[tuple[float, float, float]] = []

    def add(self, time_s: float, value: float) -> None:
        """Take a value seen at a moment."""
        self._points.append((time_s, value))

    def begin(self, spans: Sequence[tuple[float, float, float]]) -> None:
        """Take what was before anybody looked: spans of time with the mean rate in each, oldest first."""
        self._spans = list(spans)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known."""
        return not (self._points or self._spans)

    def cells(self, end_s: float, cells: int, cell_s: float) -> list[float | None]:
        """Give the largest value in each of `cells` spans of `cell_s` seconds, the last one ending before `end_s`."""
        start_s = end_s - cells * cell_s
        values: list[float | None] = [None] * cells
        for span_start, span_end, value in self._spans:
            first, last = int((span_start - start_s) // cell_s), int((span_end - start_s) // cell_s)
            for cell in range(max(first, 0), min(max(last, first + 1), cells)):
                values[cell] = value
        is_seen = [False] * cells
        for time_s, value in self._points:
            cell = int((time_s - start_s) // cell_s)
            if 0 <= cell < cells:
                values[cell] = max(value, values[cell] or 0) if is_seen[cell] else value
                is_seen[cell] = True
        return values


class History:
    """The series that the first screen draws."""

    def __init__(self) -> None:
        self._policy = ""
        self._restart()

    def _restart(self) -> None:
        self.packets = Series()
        self.messages = Series()
        self.volume = Series()
        self.failed = Series()
        self.missing = Series()
        self.answers = Series()

    def take(self, reading: Reading) -> None:
        """Take the live rates of a reading. With another policy, everything begins anew."""
        if reading.metrics.policy != self._policy:
            self._restart()
            self._policy = reading.metrics.policy
            self._begin(reading.buckets)
        metrics = reading.live or reading.metrics
        packets, dns = packet_figures(metrics), dns_figures(metrics)
        for series, live in (
            (self.packets, None if packets is None else packets.live("rate")),
            (self.messages, None if dns is None else dns.live("rate")),
            (self.volume, None if packets is None else packets.volume()),
            (self.failed, failed_share(metrics) if reading.is_live else None),
            (self.missing, missing_share(metrics) if reading.is_live else None),
            (self.answers, answer_time_us(metrics) if reading.is_live else None),
        ):
            if live is not None:
                series.add(reading.taken_at, live)

    def _begin(self, buckets: Sequence[Bucket]) -> None:
        """Start with what closed buckets tell."""
        timed = [bucket for bucket in buckets if bucket.end_s > bucket.start_s]
        for series, name in ((self.packets, "packets"), (self.messages, "messages")):
            series.begin(
                [
                    (bucket.start_s, bucket.end_s, getattr(bucket, name) / (bucket.end_s - bucket.start_s))
                    for bucket in timed
                    if getattr(bucket, name) is not None
                ]
            )
        for series, name in ((self.failed, "failed"), (self.missing, "missing"), (self.answers, "answer_us")):
            series.begin(
                [
                    (bucket.start_s, bucket.end_s, getattr(bucket, name))
                    for bucket in timed
                    if getattr(bucket, name) is not None
                ]
            )


def draw(values: Sequence[float | None], rows: int, most: float) -> list[str]:
    """Draw a graph of some rows, top row first; one column per value, blank where nothing is known.

    What is seen and not zero is visible, however small.
    """
    steps = (len(LEVELS) - 1) * rows
    heights = [0 if not value or most <= 0 else max(1, min(steps, round(value / most * steps))) for value in values]
    lines = []
    for row in reversed(range(rows)):
        floor = row * (len(LEVELS) - 1)
        line = "".join(LEVELS[max(0, min(height - floor, len(LEVELS) - 1))] for height in heights)
        if row == 0:
            line = "".join("·" if value == 0 else cell for value, cell in zip(values, line, strict=True))
        lines.append(line)
    return lines
