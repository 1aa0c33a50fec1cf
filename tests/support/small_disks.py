"""Small disks of tests' own, which fill up: in a mount namespace, which needs root and the command unshare."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

MOUNT = 'mount -t tmpfs -o "size=$1" none "$2" && echo mounted && exec sleep infinity'
FILLER = "filler"


@dataclass(frozen=True)
class SmallDisk:
    """A disk that only its own programs see where it is mounted."""

    mounted: Path
    """Where its programs see it."""
    root: Path
    """Where this process sees it."""
    within: tuple[str, ...]
    """The words that begin a command there."""

    def fill(self) -> None:
        """Take all the room that is left."""
        with (self.root / FILLER).open("ab", buffering=0) as file:
            for size in (1 << 16, 1 << 12, 1):
                self._fill(file.fileno(), size)

    def _fill(self, descriptor: int, size: int) -> None:
        try:
            while os.write(descriptor, b"x" * size):
                pass
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise

    def make_room(self) -> None:
        """Give it back."""
        (self.root / FILLER).unlink()


@contextmanager
def small_disk(mounted: Path, *, kilobytes: int) -> Iterator[SmallDisk]:
    """Mount a disk at an empty directory; programs there must have ended before it goes."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("a mount namespace needs root, and unshare of util-linux")
    line = ["unshare", "-m", "sh", "-c", MOUNT, "sh", f"{kilobytes}k", str(mounted)]
    keeper = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
    try:
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == "mounted\n", "the disk can't be mounted"
        pid = str(keeper.pid)
        yield SmallDisk(mounted, Path(f"/proc/{pid}/root{mounted}"), ("nsenter", "-t", pid, "-m"))
    finally:
        keeper.kill()
        keeper.communicate()
