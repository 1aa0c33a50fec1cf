"""Opening files that people name, without waiting for anybody: a FIFO or a device is refused where a file is meant."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


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
