"""Commands that become another user: what they are run in, and directories that this user can write in."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NOBODY = 65534
REPOSITORY = Path(__file__).parents[2]


@contextmanager
def folder_of_nobody() -> Iterator[Path]:
    """A directory of that user's, which he can reach: pytest's own are its user's alone."""
    made = Path(tempfile.mkdtemp(prefix="pktvisor-"))
    os.chown(made, NOBODY, NOBODY)
    try:
        yield made
    finally:
        shutil.rmtree(made)


def within_reach(folder: Path) -> list[str]:
    """The words that begin a command in which all users reach Python and pktvisor. Where some of it is in a directory
    of root's alone, this one is another in a mount namespace, with nothing but them in it.
    """
    if os.geteuid() != 0:
        pytest.skip("only root can become another user: run as root")
    needed: dict[Path, list[Path]] = {}
    for path in dict.fromkeys((Path(sys.base_prefix).resolve(), REPOSITORY)):
        locked = next((one for one in reversed(path.parents) if not one.stat().st_mode & stat.S_IXOTH), None)
        if locked is not None:
            needed.setdefault(locked, []).append(path.relative_to(locked))
    if not needed:
        return []
    steps = ["set -e", "umask 022"]
    for number, (locked, paths) in enumerate(needed.items()):
        there, here = shlex.quote(str(folder / f"locked-{number}")), shlex.quote(str(locked))
        steps += [f"mkdir {there}", f"mount --bind {here} {there}", f"mount -t tmpfs -o mode=755 tmpfs {here}"]
        for part in map(shlex.quote, map(str, paths)):
            steps += [f"mkdir -p {here}/{part}", f"mount --bind {there}/{part} {here}/{part}"]
    return ["unshare", "--mount", "sh", "-c", "; ".join([*steps, 'exec "$@"']), "sh"]
