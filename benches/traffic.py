"""The two standard captures, mix and attack, and shorter cuts of them, kept in a cache folder."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "pktvisor-bench"
MAKER = Path(__file__).resolve().with_name("maker.py")
FILE_HEADER_BYTES = 24
RECORD_HEADER = struct.Struct("<IIII")
SMALL_PACKETS = 20
CHUNK_BYTES = 1 << 20  # small, because a measured program inherits this one's peak of memory


@dataclass(frozen=True)
class Capture:
    """A capture file and how many packets are in it."""

    name: str
    path: Path
    packets: int


def standard_captures() -> list[Capture]:
    """mix and attack, from PKTVISOR_BENCH_DATA or the cache, made first if they are in neither."""
    folder = Path(os.environ.get("PKTVISOR_BENCH_DATA", CACHE / "captures"))
    return captures(folder, "mix", "attack")


def floods() -> list[Capture]:
    """DNS queries and DHCP requests of distinct clients, found and made like the standard captures."""
    return captures(Path(os.environ.get("PKTVISOR_BENCH_DATA", CACHE / "captures")), "questions", "requests")


def captures(folder: Path, *names: str) -> list[Capture]:
    """The captures of these names, made first if one is missing."""
    paths = [folder / f"{name}.pcap" for name in names]
    if not all(path.exists() for path in paths):
        make(folder)
    return [Capture(path.stem, path, count_packets(path)) for path in paths]


def make(folder: Path) -> None:
    """Have the maker write all captures."""
    print(f"making the standard captures in {folder} (once, about a minute, 1 GB)", file=sys.stderr)
    subprocess.run([sys.executable, MAKER, folder], check=True)


def tool_environment(name: str, *packages: str) -> Path:
    """The interpreter of a virtual environment in the cache that has `packages`; made if it is missing."""
    folder = CACHE / f"venv-{name}"
    python = folder / "bin" / "python"
    marker = folder / ".complete"
    if not marker.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
        marker.touch()
    return python


def count_packets(path: Path) -> int:
    """How many packets a little-endian pcap file holds; the count is kept in the cache beside the file's size."""
    size_bytes = path.stat().st_size
    note = CACHE / f"{path.stem}-{size_bytes}.packets"
    if not note.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        note.write_text(str(walk(path, limit=sys.maxsize)[0]))
    return int(note.read_text())


def walk(path: Path, limit: int, start: int = FILE_HEADER_BYTES) -> tuple[int, int]:
    """Step over up to `limit` records from a byte on: how many there were, and at which byte the last one ends."""
    packets, offset = 0, start
    size_bytes = path.stat().st_size
    with path.open("rb", buffering=CHUNK_BYTES) as stream:
        while packets < limit and offset + RECORD_HEADER.size <= size_bytes:
            stream.seek(offset)
            kept_bytes = RECORD_HEADER.unpack(stream.read(RECORD_HEADER.size))[2]
            offset += RECORD_HEADER.size + kept_bytes
            packets += 1
    return packets, offset


def cut(capture: Capture, packets: int) -> Capture:
    """The first `packets` packets of a capture, or all where there are fewer, in a file of the cache."""
    packets = min(packets, capture.packets)
    CACHE.mkdir(parents=True, exist_ok=True)
    path = CACHE / f"{capture.name}-{capture.path.stat().st_size}-{packets}.pcap"
    if not path.exists():
        end = walk(capture.path, packets)[1]
        with capture.path.open("rb") as source, path.open("wb") as target:
            while (left := end - source.tell()) > 0:
                target.write(source.read(min(left, CHUNK_BYTES)))
    return Capture(capture.name, path, packets)


def pieces(capture: Capture, packets: int) -> list[Capture]:
    """The capture in pieces of so many packets, files of the cache; what is left over is no piece."""
    found, start = [], FILE_HEADER_BYTES
    for number in range(capture.packets // packets):
        path = CACHE / f"{capture.name}-{capture.path.stat().st_size}-{packets}-{number}.pcap"
        end = walk(capture.path, packets, start)[1]
        if not path.exists():
            CACHE.mkdir(parents=True, exist_ok=True)
            with capture.path.open("rb") as source, path.open("wb") as target:
                target.write(source.read(FILE_HEADER_BYTES))
                source.seek(start)
                target.write(source.read(end - start))
        found.append(Capture(f"{capture.name}-{number}", path, packets))
        start = end
    return found


def small(capture: Capture) -> Capture:
    """A capture of a few packets: what it costs is the start and the end of a program."""
    return cut(capture, SMALL_PACKETS)


def warm(path: Path) -> None:
    """Read a file once, so that the page cache has it."""
    with path.open("rb", buffering=0) as stream:
        while stream.read(CHUNK_BYTES):
            pass
