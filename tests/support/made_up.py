"""Made-up traffic as a capture file, for tests that read files."""

from __future__ import annotations

import functools
import struct
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pktvisor import _core

BEGIN_S = 1_750_000_000
NANOSECONDS_LITTLE_ENDIAN = 0xA1B23C4D
ETHERNET = 1
SNAPLEN = 65535


def made_up_frames(
    *, seed: int = 1, packets_per_second: int = 200, traffic: Sequence[str] = (), seconds: int = 60
) -> list[tuple[int, bytes]]:
    """Frames with nanoseconds from the beginning; of all kinds of traffic where none are named."""
    kinds = list(traffic) or _core.traffic_kinds()
    return _core.made_up_frames(seed=seed, packets_per_second=packets_per_second, kinds=kinds, seconds=seconds)


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="made-up-")


def made_up_capture(name: str, frames: Sequence[tuple[int, bytes]]) -> Path:
    """A capture file that is gone with this process."""
    path = Path(_folder().name) / f"{name}.pcap"
    header = struct.pack("<IHHiIII", NANOSECONDS_LITTLE_ENDIAN, 2, 4, 0, 0, SNAPLEN, ETHERNET)
    records = (
        struct.pack("<IIII", BEGIN_S + at_ns // 10**9, at_ns % 10**9, len(data), len(data)) + data
        for at_ns, data in frames
    )
    path.write_bytes(header + b"".join(records))
    return path
