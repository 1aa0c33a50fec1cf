"""The journal: deliveries on disk, in the order in which they came, before they are acknowledged.

A journal is a directory of segments, each a file of entries that only grows. An entry is a head (length of its body,
CRC-32, number, time of arrival, which windows were new) and the body. What a crash cut off at the end of a segment was
never acknowledged; it is left out and counted.
"""

from __future__ import annotations

import errno
import itertools
import logging
import os
import struct
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from pktvisor.errors import InputError

logger = logging.getLogger(__name__)

MAGIC = b"PKTVJNL1"
"""First bytes of a segment; the last is the version of its form."""
SUFFIX = ".journal"
MOST_SEGMENT_BYTES = 64 << 20
MOST_ENTRY_BYTES = 64 << 20

_HEAD = struct.Struct("<IIQQQ")
"""Length of the body, CRC-32 of all that follows, sequence number, time of arrival in nanoseconds, windows taken."""


class Position(NamedTuple):
    """Where an entry is."""

    segment: int
    """Number of the segment's first entry."""
    offset: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One delivery as it was kept."""

    sequence: int
    """Its number in the journal: it only ever grows."""
    received_ns: int
    body: bytes
    taken: int
    """A bit for each of its windows, the first lowest: whether it was new."""
    position: Position


class Journal:
    """Appends entries from any thread; each call returns once its entry is on disk.

    Threads that append at the same time share a sync. InputError where the directory can't be used or the disk is
    full: the entry is not there then, and the journal goes on.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._writing = threading.Lock()
        self._syncing = threading.Lock()
        self._segment: _Segment | None = None
        self._next_sequence = 1

    def continue_after(self, sequence: int) -> None:
        """Give entries later numbers than this, in a segment of their own."""
        self._next_sequence = sequence + 1

    def append(self, body: bytes, received_ns: int, taken: int) -> Entry:
        """Keep a body; gives it with its number once it is on disk."""
        with self._writing:
            segment = self._segment_with_room(len(body))
            entry = Entry(self._next_sequence, received_ns, body, taken, Position(segment.first_sequence, segment.size))
            try:
                segment.write(entry)
            except OSError as error:
                self._segment = None
                segment.retire()  # others may wait until theirs are on disk
                raise self._failed(error) from error
            self._next_sequence += 1
        self._sync(segment, entry.sequence)
        return entry

    def _segment_with_room(self, length: int) -> _Segment:
        segment = self._segment
        if segment is not None and segment.size + length <= MOST_SEGMENT_BYTES:
            return segment
        if segment is not None:
            segment.retire()
        try:
            self._segment = _Segment(self._directory, self._next_sequence)
        except OSError as error:
            self._segment = None
            raise self._failed(error) from error
        return self._segment

    def _sync(self, segment: _Segment, sequence: int) -> None:
        """Wait until an entry is on disk: whoever holds the lock syncs for all who wait."""
        with self._syncing:
            try:
                segment.sync(sequence)
            except OSError as error:
                with self._writing:
                    # What the kernel holds of it may be gone: nothing more is added to it.
                    if self._segment is segment:
                        self._segment = None
                    segment.close()
                raise self._failed(error) from error
            if segment.is_done:
                with self._writing:
                    segment.close()

    def _failed(self, error: OSError) -> InputError:
        return InputError(f"the journal in {self._directory} can't be written: {error.strerror}")

    @property
    def last_sequence(self) -> int:
        """Number of the newest entry."""
        return self._next_sequence - 1

    def read(self, position: Position) -> Entry | None:
        """Read an entry; None where it is damaged. InputError where the disk fails."""
        path = segment_path(self._directory, position.segment)
        try:
            with path.open("rb") as file:
                file.seek(position.offset)
                return read_entry(file, position)
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}") from error

    def close(self) -> None:
        """Close the segment at work."""
        with self._writing:
            if self._segment is not None:
                self._segment.close()
                self._segment = None

    def drop_through(self, sequence: int) -> int:
        """Remove the segments whose entries all have this number or a smaller one; give the bytes that frees."""
        with self._writing:
            current = None if self._segment is None else self._segment.path
        paths = segment_paths(self._directory)
        freed = 0
        # A segment ends where the next one begins.
        for path, following in itertools.pairwise(paths):
            if path != current and _first_sequence(following) <= sequence + 1:
                freed += path.stat().st_size
                path.unlink()
        return freed


class _Segment:
    """A file of entries that is written to."""

    def __init__(self, directory: Path, first_sequence: int) -> None:
        self.first_sequence = first_sequence
        self.path = segment_path(directory, first_sequence)
        self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
        self._written = self._synced = first_sequence - 1
        self._is_retired = self._is_broken = False
        try:
            _write_all(self._descriptor, MAGIC)
            sync_directory(directory)
        except OSError:
            os.close(self._descriptor)
            raise
        self.size = len(MAGIC)

    def write(self, entry: Entry) -> None:
        """Append an entry; where that fails, take off what was written of it. The caller holds the writing lock."""
        content = entry_bytes(entry)
        try:
            _write_all(self._descriptor, content)
        except OSError:
            os.ftruncate(self._descriptor, self.size)
            raise
        self.size += len(content)
        self._written = entry.sequence

    def sync(self, sequence: int) -> None:
        """Have everything on disk up to an entry, at least. The caller holds the syncing lock."""
        if sequence <= self._synced:
            return
        written = self._written
        if self._is_broken:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        # After a sync that failed, a later one may succeed though the data is lost: hence no other is tried.
        self._is_broken = True
        os.fdatasync(self._descriptor)
        self._is_broken = False
        self._synced = written

    @property
    def is_done(self) -> bool:
        """Whether nothing more is written to it, and all of it is on disk."""
        return self._is_retired and self._synced == self._written

    def retire(self) -> None:
        """Write no more to it; it is closed once it is on disk. The caller holds the writing lock."""
        self._is_retired = True
        if self.is_done:
            self.close()

    def close(self) -> None:
        """Close the file. The caller holds the writing lock."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def entry_bytes(entry: Entry) -> bytes:
    """An entry as a segment holds it."""
    rest = struct.pack("<QQQ", entry.sequence, entry.received_ns, entry.taken)
    checksum = zlib.crc32(entry.body, zlib.crc32(rest))
    return struct.pack("<II", len(entry.body), checksum) + rest + entry.body


@dataclass(slots=True)
class JournalReader:
    """What a journal on disk holds, and what could not be read of it."""

    directory: Path
    last_sequence: int = 0
    """Number of the newest entry that was read."""
    cut_off: int = 0
    """Segments whose last entry is not whole: what a crash left of a delivery that nobody acknowledged."""

    def entries(self) -> Iterator[Entry]:
        """Give all whole entries, oldest first. InputError where a segment can't be read."""
        for path in segment_paths(self.directory):
            yield from self._segment(path)

    def _segment(self, path: Path) -> Iterator[Entry]:
        try:
            with path.open("rb") as file:
                if file.read(len(MAGIC)) != MAGIC:
                    self._tell_cut_off(path, 0)
                    return
                size = path.stat().st_size
                while (offset := file.tell()) < size:
                    entry = read_entry(file, Position(_first_sequence(path), offset))
                    if entry is None:
                        self._tell_cut_off(path, offset)
                        return
                    self.last_sequence = max(self.last_sequence, entry.sequence)
                    yield entry
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}") from error

    def _tell_cut_off(self, path: Path, offset: int) -> None:
        self.cut_off += 1
        logger.warning("%s: the entry at byte %d is not whole and is left out, with what follows it", path, offset)


def read_entry(file: BinaryIO, position: Position) -> Entry | None:
    """The entry at the file's position; None where there is no whole one. Raises `OSError`."""
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    length, checksum, sequence, received_ns, taken = _HEAD.unpack(head)
    if length > MOST_ENTRY_BYTES:
        return None
    body = file.read(length)
    if len(body) != length or zlib.crc32(body, zlib.crc32(head[8:])) != checksum:
        return None
    return Entry(sequence, received_ns, body, taken, position)


def segment_path(directory: Path, first_sequence: int) -> Path:
    """The file of a segment, by the number of its first entry."""
    return directory / f"{first_sequence:020d}{SUFFIX}"


def segment_paths(directory: Path) -> list[Path]:
    """The segments of a journal, oldest first."""
    return sorted(path for path in directory.glob(f"*{SUFFIX}") if path.stem.isdigit())


def _first_sequence(path: Path) -> int:
    return int(path.stem)


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def sync_directory(directory: Path) -> None:
    """Have the names in a directory on disk, too. Raises `OSError`."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
