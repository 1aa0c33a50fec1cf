"""Files that people name, opened without waiting for anybody: a FIFO or a device is refused where a file is meant; and
files of our own, which no symbolic link leads away from.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from pathlib import Path
from typing import BinaryIO

DRAFT = ".draft"
"""End of the names of files that are being written."""


def open_file(path: str | Path) -> BinaryIO:
    """Open a file for reading. Raises `OSError`, also where it is there and is no file; ValueError for a zero byte."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _check(os.fstat(descriptor).st_mode, path)
        return os.fdopen(descriptor, "rb")
    except OSError:
        os.close(descriptor)
        raise


def check_file(path: str | Path) -> None:
    """See that a file can be read, before somebody opens it who would wait. Raises as `open_file`."""
    open_file(path).close()


def open_appendable(path: str | Path) -> int:
    """Open a file for writing at its end, and make it; give the descriptor. Raises `OSError`, also for a FIFO that
    nobody reads. Writing to one that is not read fast enough fails, too.
    """
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC, 0o640)


def check_appendable(path: str | Path) -> None:
    """See that a file can be written to, and make it. Raises `OSError` as `open_appendable`."""
    os.close(open_appendable(path))


def _check(mode: int, path: str | Path) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, f"Is {_kind(mode)}, not a regular file", str(path))


def _kind(mode: int) -> str:
    return "a FIFO" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"


def open_own(path: Path, flags: int) -> int:
    """Open a file of ours: none that a symbolic link leads to, and none whose opening waits for somebody."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)


def lock_own(path: Path) -> int:
    """Lock a file of ours, and make it; give the descriptor that holds the lock. BlockingIOError where it is locked."""
    descriptor = open_own(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def read_own(path: Path, *, most_bytes: int, line: int | None = None) -> bytes:
    """Read a file of ours, or so many bytes of its first `line`. Raises `OSError`, also where it is there and is no
    file, or too large to be ours.
    """
    descriptor = open_own(path, os.O_RDONLY)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size > most_bytes:
        os.close(descriptor)
        raise OSError(0, "not a file of pktvisor's, or too large", str(path))
    with os.fdopen(descriptor, "rb") as file:
        return file.read(most_bytes) if line is None else file.readline(line)


def replace_own(path: Path, *content: bytes, is_synced: bool = False) -> None:
    """Write a file of ours whole or not at all: after a crash of this process, and of the machine where `is_synced`."""
    draft = path.with_suffix(DRAFT)
    try:
        draft.unlink(missing_ok=True)
        with os.fdopen(open_own(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
            for part in content:
                file.write(part)
            if is_synced:
                file.flush()
                os.fsync(file.fileno())
        draft.replace(path)
        if is_synced:
            _sync_folder(path.parent)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
