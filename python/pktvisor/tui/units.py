"""Numbers, times and shares as people read them."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

SCALES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
NOTHING = "-"
"""Stands where there is no number."""


@dataclass(frozen=True, slots=True)
class Units:
    """In which units values are shown."""

    is_bits: bool = True
    """Volumes per second in bits rather than in bytes; sizes are always in bytes."""
    is_percent: bool = True
    """Header counters as a share of their base rather than as they are."""
    is_utc: bool = False
    """Times in UTC rather than in this machine's time zone."""

    def volume(self, bytes_per_second: float) -> str:
        """Write a volume per second, as `1.3 Mbit/s`."""
        if self.is_bits:
            return _scaled(bytes_per_second * 8, "bit/s")
        return _scaled(bytes_per_second, "B/s")

    def clock(self, unix_seconds: float) -> str:
        """Write a time of day."""
        split = time.gmtime(unix_seconds) if self.is_utc else time.localtime(unix_seconds)
        return time.strftime("%H:%M:%S", split)


def count(number: float | None) -> str:
    """Write a number whole, in groups of three digits; a fraction with two places."""
    if number is None:
        return NOTHING
    if float(number).is_integer():
        return f"{int(number):,}"
    return f"{number:,.2f}"


def short(number: float | None) -> str:
    """Write a number in four characters or so, as `4.3k`."""
    if number is None or not math.isfinite(number):
        return NOTHING
    for scale, prefix in SCALES:
        if abs(number) >= scale * 0.9995:
            scaled = number / scale
            return f"{scaled:.1f}{prefix}" if scaled < 99.95 else f"{scaled:.0f}{prefix}"
    return f"{number:.0f}" if float(number).is_integer() or abs(number) >= 100 else f"{number:.1f}"


def _scaled(number: float, unit: str) -> str:
    text = short(number)
    return f"{text[:-1]} {text[-1]}{unit}" if text[-1].isalpha() else f"{text} {unit}"


def size(number: float) -> str:
    """Write bytes, as `1.3 MB`."""
    return _scaled(number, "B")


def percent(part: float, whole: float) -> str:
    """Write a share with one place; nothing of nothing is 0."""
    return f"{100 * part / whole if whole else 0:.1f}%"


def milliseconds(microseconds: float | None) -> str:
    """Write a time given in microseconds in milliseconds, as answer times are."""
    return NOTHING if microseconds is None else f"{microseconds / 1000:.1f}"


def duration(seconds: float) -> str:
    """Write a span of time by its two largest units, as `2 h 5 min`."""
    whole = max(0, int(seconds))
    days, hours, minutes = whole // 86400, whole // 3600 % 24, whole // 60 % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    if minutes:
        return f"{minutes} min {whole % 60} s" if whole % 60 else f"{minutes} min"
    return f"{whole} s"


def tight(name: str, number: float | None, units: Units) -> str:
    """Write a metric's value in few characters, for tables."""
    text = in_unit_of(name, number, units)
    if number is not None and text == count(number):
        return short(number)
    return text.replace(" ", "").replace("bit/s", "b/s")


def in_unit_of(name: str, number: float | None, units: Units) -> str:
    """Write a metric's value in the unit that its name ends in, as `_us`, `_bytes` or `bps`."""
    if number is None:
        return NOTHING
    last = name.replace(" ", ".").rsplit(".", 1)[-1]
    if last == "us" or last.endswith("_us"):
        return f"{number / 1000:,.1f} ms" if number >= 1000 else f"{short(number)} µs"
    if last == "bps" or last.startswith("bytes_"):
        return units.volume(number)
    if last == "bytes" or last.endswith("_bytes"):
        return _scaled(number, "B")
    if last == "cpu_usage":
        return f"{number:.1f}%"
    return count(number)
