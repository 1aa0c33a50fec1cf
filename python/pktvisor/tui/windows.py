"""Which of the newest windows are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pktvisor.tui.units import duration

MOST_PERIODS = 10
"""What agents keep at most."""
LENGTH_S = 60
"""Seconds that a bucket lasts where an agent does not say."""


@dataclass(frozen=True, slots=True)
class WindowChoice:
    """A bucket, or several merged."""

    kind: Literal["bucket", "merged", "whole"]
    number: int = 0
    """Of a bucket: 0 is live, 1 the last closed. Of merged ones: how many of the newest, from 2 on."""

    def name(self, length_s: int) -> str:
        """Name it, as people do, where a bucket lasts so many seconds."""
        if self.kind == "whole":
            return "whole file"
        if self.kind == "merged":
            return duration(self.number * length_s)
        return ("live", "last closed")[self.number] if self.number < 2 else f"closed {self.number}"


LIVE = WindowChoice("bucket", 0)
LAST = WindowChoice("bucket", 1)
DEFAULT = WindowChoice("merged", 5)
WHOLE = WindowChoice("whole")
"""Everything in a file."""


def merged(number: int) -> WindowChoice:
    """Give the window of the newest `number` buckets."""
    return WindowChoice("merged", number)


def windows(periods: int) -> tuple[WindowChoice, ...]:
    """Give those that a policy with so many periods has."""
    closed = (LAST,) if periods > 1 else ()
    return (LIVE, *closed, *(merged(number) for number in range(2, periods + 1)))


def neighbour(window: WindowChoice, every: Sequence[WindowChoice], step: int) -> WindowChoice:
    """Give the window `step` places after another, around the end."""
    at = every.index(window) if window in every else 0
    return every[(at + step) % len(every)]


def parse_window(text: str) -> WindowChoice:
    """Read `live`, `last`, or a number of periods from 2 to 10; ValueError for all else."""
    if text in {"live", "last"}:
        return LIVE if text == "live" else LAST
    if text.isascii() and text.isdecimal() and len(text) <= 2 and 2 <= int(text) <= MOST_PERIODS:
        return merged(int(text))
    raise ValueError(f"{text!r} is not live, last or a number of periods from 2 to {MOST_PERIODS}")
