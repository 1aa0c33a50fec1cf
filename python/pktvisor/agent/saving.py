"""Windows that outlive the process: each window of each policy is a file in the state directory.

    DIRECTORY/VERSION                                   the layout's version
    DIRECTORY/lock                                      held by the agent that uses it
    DIRECTORY/policies/POLICY/STREAM.PERIODS/N.window   window N of the handlers that STREAM feeds

A closed window is written once; the open one is written again each time. Files are replaced whole, so that a crash
leaves the old or the new one. Windows that the policy no longer keeps are removed: the directory is bounded by the
policies' periods. What the core can't use, because the policy or the release has changed, it leaves out.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import shutil
from collections.abc import Iterable
from pathlib import Path

from pktvisor.agent.policy import AgentPolicy, Part
from pktvisor.errors import InputError
from pktvisor.inputs.faults import translated

logger = logging.getLogger(__name__)

LAYOUT = "1"
SUFFIX = ".window"
LARGEST_WINDOW_BYTES = 64 << 20
"""A larger file is none of ours."""


class StateDirectory:
    """A directory that keeps windows, for one agent at a time."""

    def __init__(self, path: Path) -> None:
        """Make it where it is not there. InputError where it can't be used."""
        self._policies = path / "policies"
        self._written: dict[Path, set[int]] = {}
        """Numbers of the closed windows that each folder holds."""
        try:
            self._policies.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = (path / "lock").open("w")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._check_layout(path / "VERSION")
        except BlockingIOError:
            raise InputError(f"state directory {path}: another agent uses it") from None
        except OSError as error:
            raise InputError(f"state directory {path}: {error.strerror}") from error

    def _check_layout(self, marker: Path) -> None:
        if marker.exists() and marker.read_text().strip() != LAYOUT:
            raise InputError(f"{marker}: this release keeps windows in layout {LAYOUT}; move the directory away")
        marker.write_text(f"{LAYOUT}\n")

    def restore(self, policy: AgentPolicy) -> None:
        """Give a policy the windows that are kept of it, where its stream begins with this process.

        A policy that joins a running stream starts anew: what it has missed comes from the stream's lookback.
        """
        for part in policy.parts:
            if part.stream.is_started:
                continue
            folder = self._folder(policy, part)
            saved = [text for path in _windows(folder) if (text := _read(path)) is not None]
            with translated():
                taken = part.policy.core.restore(saved)
            if saved:
                logger.info("policy [%s]: %d of %d kept windows are taken up again", policy.name, taken, len(saved))
            self._sweep(folder, part)

    def save(self, policies: Iterable[AgentPolicy]) -> None:
        """Write what has changed since the last time. A fault is logged; the agent goes on."""
        for policy in policies:
            for part in policy.parts:
                if part.stream.source.is_recorded:
                    continue  # a file can be read again
                try:
                    self._save_part(self._folder(policy, part), part)
                except OSError as error:
                    logger.error("policy [%s]: its windows could not be kept: %s", policy.name, error)

    def close(self) -> None:
        """Let another agent use the directory."""
        self._lock.close()

    def forget(self, policy_name: str) -> None:
        """Remove what is kept of a policy."""
        folder = self._policies / policy_name
        shutil.rmtree(folder, ignore_errors=True)
        self._written = {path: numbers for path, numbers in self._written.items() if folder not in path.parents}

    def _save_part(self, folder: Path, part: Part) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        written = self._written.setdefault(folder, set())
        for number, is_closed in part.policy.core.windows():
            if number in written:
                continue
            window = part.policy.core.save_window(number)
            if window is not None:
                _replace(folder / f"{number}{SUFFIX}", window)
            if is_closed:
                written.add(number)
        self._sweep(folder, part)

    def _sweep(self, folder: Path, part: Part) -> None:
        """Remove the files of windows that the policy no longer keeps."""
        kept = {number for number, _ in part.policy.core.windows()}
        for path in _windows(folder):
            if int(path.stem) not in kept:
                path.unlink(missing_ok=True)
        self._written[folder] = self._written.get(folder, set()) & kept

    def _folder(self, policy: AgentPolicy, part: Part) -> Path:
        return self._policies / policy.name / f"{part.stream.name}.{part.policy.periods}"


def _windows(folder: Path) -> list[Path]:
    """Give the window files of a folder, oldest first."""
    paths = [path for path in folder.glob(f"*{SUFFIX}") if path.stem.isdecimal()]
    return sorted(paths, key=lambda path: int(path.stem))


def _read(path: Path) -> bytes | None:
    try:
        if path.stat().st_size <= LARGEST_WINDOW_BYTES:
            return path.read_bytes()
        logger.warning("%s is too large to be a window; it is left out", path)
    except OSError as error:
        logger.warning("%s could not be read: %s; it is left out", path, error.strerror)
    return None


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    draft = path.with_suffix(".draft")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
