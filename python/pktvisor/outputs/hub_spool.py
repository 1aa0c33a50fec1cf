"""Windows that wait for the hub, the oldest first: a file each in a folder, or in memory where there is none.

    FOLDER/lock        held by the agent that uses it
    FOLDER/N.window    a window; N counts up, whatever the clock does
    FOLDER/N.draft     one that is being written
    FOLDER/queued      which windows were queued lately (`hub_queued`)

A window's file is a line of JSON, which says how many bytes follow, their checksum, and what they are about, and then
these bytes. It is written under another name, synced and renamed, so that a crash leaves all of it or nothing. What a
crash or the disk has damaged is dropped and counted. All files together stay within a bound: the oldest are dropped,
and counted.
"""

from __future__ import annotations

import json
import logging
import os
import zlib
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pktvisor.errors import InputError
from pktvisor.files import DRAFT, lock_own, read_own, replace_own
from pktvisor.outputs.hub_queued import Queued, Starts

logger = logging.getLogger(__name__)

SUFFIX = ".window"
LARGEST_WINDOW_BYTES = 256 << 20
"""A larger file is none of ours."""
LONGEST_HEAD_BYTES = 1 << 20


class Damaged(Exception):
    """A file does not hold what was written to it."""


@dataclass(frozen=True)
class Entry:
    """A window that waits."""

    number: int
    size: int
    """Bytes that it takes, in its file or in memory."""
    content: bytes | None = None
    """The window, where it is in no file."""


class Spool:
    """The windows that wait, for one agent at a time. Used by one thread; counters may be read by others."""

    def __init__(self, folder: Path | None, *, most_bytes: int) -> None:
        """Make the folder where it is not there, and take what waits in it. InputError where it can't be used."""
        self._folder = folder
        self._most_bytes = most_bytes
        self._entries: deque[Entry] = deque()
        self._next = 1
        self._lock: int | None = None
        self._is_failing = False
        self.bytes = 0
        """What all of them take."""
        self.dropped = 0
        """Windows that were dropped for want of room."""
        self.damaged = 0
        """Files that were dropped since they could not be read, or did not hold what was written."""
        self._queued = Queued(None) if folder is None else self._open(folder)

    def __len__(self) -> int:
        return len(self._entries)

    def was_queued(self, instance: str, start_ns: int) -> bool:
        """Whether the window of a handler that began at this time was put here lately, be it by a former process."""
        return self._queued.knows(instance, start_ns)

    @property
    def are_noted(self) -> bool:
        """Whether the next process, too, will know which windows were put here."""
        return self._queued.is_saved

    def put(self, window: bytes, starts: Starts) -> None:
        """Add a window, which holds these handlers' windows by their starts; what is too much drops the oldest.

        Where it can't be written it waits in memory; the log says so when that begins and ends.
        """
        head = _head(window, starts)
        size = len(head) + len(window)
        self._queued.note(starts)
        while self._entries and self.bytes + size > self._most_bytes:
            self._drop_oldest()
        if size > self._most_bytes:
            self.dropped += 1
            return
        number, self._next = self._next, self._next + 1
        is_kept = self._folder is not None and self._write(self._folder / _name(number), head, window)
        self._entries.append(Entry(number, size, None if is_kept else window))
        self.bytes += size

    def oldest(self) -> bytes | None:
        """Give the window that waits longest; None where none does. What was queued is remembered before."""
        self._queued.save()
        while self._entries:
            try:
                return self._content(self._entries[0])
            except (OSError, Damaged) as error:
                logger.warning("a window that waits for the hub is damaged and dropped: %s", error)
                self.damaged += 1
                self.remove()
        return None

    def remove(self) -> None:
        """Remove the window that waits longest."""
        entry = self._entries.popleft()
        self.bytes -= entry.size
        if entry.content is None and self._folder is not None:
            with suppress(OSError):
                (self._folder / _name(entry.number)).unlink(missing_ok=True)

    def close(self) -> int:
        """Let another agent use the folder; give how many windows are lost since they are in no file."""
        lost = sum(entry.content is not None for entry in self._entries)
        self.dropped += lost
        self._queued.save()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        return lost

    def _open(self, folder: Path) -> Queued:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = lock_own(folder / "lock")
            queued = Queued(folder / "queued")
            self._load(folder, queued)
        except BlockingIOError:
            raise InputError(f"spool for the hub {folder}: another agent uses it") from None
        except FileExistsError as error:
            raise InputError(f"spool for the hub {folder}: {error.strerror}, but is no directory") from error
        except OSError as error:
            raise InputError(f"spool for the hub {folder}: {error.strerror}: {error.filename}") from error
        while self.bytes > self._most_bytes:
            self._drop_oldest()
        queued.save()
        return queued

    def _load(self, folder: Path, queued: Queued) -> None:
        """Take what a former process has left."""
        for draft in folder.glob(f"*{DRAFT}"):
            draft.unlink()
            self.damaged += draft.stem.isdecimal()
        for number in sorted(int(path.stem) for path in folder.glob(f"*{SUFFIX}") if path.stem.isdecimal()):
            path = folder / _name(number)
            try:
                head, size = _read_head(path)
            except (OSError, Damaged) as error:
                logger.warning("a window that waits for the hub is damaged and dropped: %s", error)
                self.damaged += 1
                with suppress(OSError):
                    path.unlink()
                continue
            queued.note(head["starts"])
            self._entries.append(Entry(number, size))
            self.bytes += size
            self._next = number + 1

    def _write(self, path: Path, head: bytes, window: bytes) -> bool:
        try:
            replace_own(path, head, window, is_synced=True)
        except OSError as error:
            if not self._is_failing:
                logger.error("windows for the hub can't be written to the spool and wait in memory: %s", error)
            self._is_failing = True
            with suppress(OSError):
                path.unlink(missing_ok=True)  # renamed, but nobody knows whether that lasts
            return False
        if self._is_failing:
            logger.info("windows for the hub are written to the spool again")
        self._is_failing = False
        return True

    def _content(self, entry: Entry) -> bytes:
        if entry.content is not None or self._folder is None:
            return entry.content or b""
        path = self._folder / _name(entry.number)
        told, _, window = read_own(path, most_bytes=LARGEST_WINDOW_BYTES).partition(b"\n")
        head = _parsed(told, path)
        if len(window) != head["bytes"] or zlib.crc32(window) != head["crc32"]:
            raise Damaged(f"{path}: it does not hold what was written")
        return window

    def _drop_oldest(self) -> None:
        self.remove()
        self.dropped += 1


def _name(number: int) -> str:
    return f"{number}{SUFFIX}"


def _head(window: bytes, starts: Starts) -> bytes:
    told = {"bytes": len(window), "crc32": zlib.crc32(window), "starts": dict(starts)}
    return json.dumps(told, separators=(",", ":")).encode() + b"\n"


def _read_head(path: Path) -> tuple[Mapping[str, Any], int]:
    """Give what a file says of itself, and its size, which must be as it says."""
    size = path.lstat().st_size
    told = read_own(path, most_bytes=LARGEST_WINDOW_BYTES, line=LONGEST_HEAD_BYTES).partition(b"\n")[0]
    head = _parsed(told, path)
    if size != len(told) + 1 + head["bytes"]:
        raise Damaged(f"{path}: it is not as long as it was written")
    return head, size


def _parsed(told: bytes, path: Path) -> Mapping[str, Any]:
    try:
        head = json.loads(told[:LONGEST_HEAD_BYTES])
    except (ValueError, RecursionError):
        head = None
    match head:
        case {"bytes": int(), "crc32": int(), "starts": dict() as starts} if _are_starts(starts):
            return dict(head)
    raise Damaged(f"{path}: it does not begin as a window that waits")


def _are_starts(starts: Mapping[object, object]) -> bool:
    return all(isinstance(start_ns, int) for start_ns in starts.values())
