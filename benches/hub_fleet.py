"""The fleet whose deliveries the hub's figures are of, and files of such deliveries."""

from __future__ import annotations

import functools
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import traffic
from traffic import REPOSITORY

PIECE_PACKETS = 250_000
"""What an agent sees in a minute: a twentieth of mix, so that one in twenty agents sees the same."""
HOUR_S = 3600
FRAME = 4


@functools.cache
def pieces() -> list[Path]:
    """What the agents of a fleet see, by their numbers."""
    return [one.path for one in traffic.pieces(traffic.standard_captures()[0], PIECE_PACKETS)]


def hours_ago(hours: int) -> int:
    """When the hour begins that is so many hours before this one, in Unix seconds."""
    return (int(time.time()) // HOUR_S - hours) * HOUR_S


@functools.cache
def fleet(start_s: int) -> Any:
    """The fleet whose minutes are counted from a time on."""
    sys.path.insert(0, str(REPOSITORY / "tests"))
    from support.fleet import Fleet

    return Fleet(pieces(), start_s)


def made(agents: int, minutes: Sequence[int], start_s: int) -> Iterator[bytes]:
    """What a fleet sends, minute by minute, counted from a time on."""
    for minute in minutes:
        for number in range(agents):
            yield fleet(start_s).body(number, minute)


def write(bodies: Iterator[bytes], path: Path) -> tuple[int, int]:
    """Keep bodies in a file; give their number and size."""
    count = size = 0
    with path.open("wb") as file:
        for body in bodies:
            file.write(len(body).to_bytes(FRAME, "little") + body)
            count, size = count + 1, size + len(body)
    return count, size


def read(path: Path) -> Iterator[bytes]:
    """The bodies of a file."""
    with path.open("rb") as file:
        while head := file.read(FRAME):
            yield file.read(int.from_bytes(head, "little"))


def peak_bytes() -> int:
    """The most memory that this process had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
