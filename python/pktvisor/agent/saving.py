"""Windows that outlive the process: each window of each policy is a file in the state directory.

    DIRECTORY/VERSION                                   the layout's version
    DIRECTORY/lock                                      held by the agent that uses it
    DIRECTORY/policies/POLICY/STREAM.PERIODS/N.window   window N of the handlers that STREAM feeds

Where windows do not last a minute, the folder is STREAM.PERIODS.SECONDS.

A closed window is written once; the open one is written again each time. Files are replaced whole, so that a crash
leaves the old or the new one. Windows that the policy no longer keeps are removed, those of streams that it no longer
has, and those of policies that were not there for a week: the directory is bounded by the policies' periods. Where the
policy or the release has changed, the core takes the metrics that still mean the same, and leaves out the others. No
symbolic link is followed to a file.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from pktvisor import clock
from pktvisor.agent.policy import AgentPolicy, PolicyPart
from pktvisor.config.command_options import DEFAULT_LENGTH_S
from pktvisor.errors import InputError
from pktvisor.files import lock_own, read_own, replace_own
from pktvisor.inputs.faults import translated

logger = logging.getLogger(__name__)

LAYOUT = "1"
SUFFIX = ".window"
LARGEST_WINDOW_BYTES = 64 << 20
"""A larger file is none of ours."""
PAUSES = 20
"""An open window that takes long to write, as one of very many groups, rests so many times as long behind it."""
LONGEST_ABSENCE_S = 7 * 24 * 60 * 60


class StateDirectory:
    """A directory that keeps windows, for one agent at a time."""

    def __init__(self, path: Path, now_s: float) -> None:
        """Make it where it is not there. InputError where it can't be used. `now_s` is Unix time."""
        self._policies = path / "policies"
        self._written: dict[Path, set[int]] = {}
        """Numbers of the closed windows that each folder holds."""
        self._resting_until_s: dict[Path, float] = {}
        """When the open window of a folder is written again, by the monotonic clock."""
        self._tidy: dict[str, set[str]] = {}
        """Names of the folders of each policy, once there are no others."""
        self._unkept: set[str] = set()
        """Policies whose windows could not be written the last time."""
        try:
            self._policies.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = lock_own(path / "lock")
            _check_layout(path / "VERSION")
            self._forget_absent(now_s)
        except BlockingIOError:
            raise InputError(f"state directory {path}: another agent uses it") from None
        except OSError as error:
            raise InputError(f"state directory {path}: {error.strerror}: {error.filename}") from error

    def _forget_absent(self, now_s: float) -> None:
        """Remove what nobody has written to for long: its policy has another name now, or is gone."""
        for folder in self._policies.iterdir():
            times = [path.lstat().st_mtime for path in (folder, *folder.glob("*"), *folder.glob(f"*/*{SUFFIX}"))]
            if max(times) < now_s - LONGEST_ABSENCE_S:
                shutil.rmtree(folder, ignore_errors=True)

    def restore(self, policy: AgentPolicy) -> None:
        """Give a policy the windows that are kept of it, where its stream begins with this process.

        A policy that joins a running stream starts anew: what it has missed comes from the stream's lookback.
        """
        for part in policy.parts:
            folder = self._folder(policy, part)
            self._written.pop(folder, None)  # by a policy of this name that this one takes the place of
            if part.stream.is_started:
                continue
            saved = [text for path in _windows(folder) if (text := _read(path)) is not None]
            with translated():
                taken = part.policy.core.restore(saved)
            if saved:
                logger.info("policy [%s]: %d of %d saved windows are loaded", policy.name, taken, len(saved))
            self._sweep(folder, part)

    def save(self, policies: Iterable[AgentPolicy], *, is_last: bool = False) -> None:
        """Write what has changed since the last time. A fault is logged when it comes and goes; the agent goes on."""
        if is_last:
            self._resting_until_s.clear()
        for policy in policies:
            try:
                self._save_policy(policy)
            except OSError as error:
                if policy.name not in self._unkept:
                    logger.error("policy [%s]: its windows can't be saved: %s", policy.name, error)
                self._unkept.add(policy.name)
            else:
                if policy.name in self._unkept:
                    logger.info("policy [%s]: its windows are saved again", policy.name)
                self._unkept.discard(policy.name)

    def close(self) -> None:
        """Let another agent use the directory."""
        os.close(self._lock)

    def forget(self, policy_name: str) -> None:
        """Remove what is kept of a policy."""
        folder = self._policies / policy_name
        shutil.rmtree(folder, ignore_errors=True)
        self._written = {path: numbers for path, numbers in self._written.items() if folder not in path.parents}
        self._resting_until_s = {
            path: until_s for path, until_s in self._resting_until_s.items() if folder not in path.parents
        }
        self._tidy.pop(policy_name, None)
        self._unkept.discard(policy_name)

    def _save_policy(self, policy: AgentPolicy) -> None:
        # A file can be read again.
        folders = {self._folder(policy, part): part for part in policy.parts if not part.stream.input.is_recorded}
        for folder, part in folders.items():
            self._save_part(folder, part)
        names = {folder.name for folder in folders}
        if folders and self._tidy.get(policy.name) != names:
            self._remove_others(self._policies / policy.name, names)
            self._tidy[policy.name] = names

    def _remove_others(self, folder: Path, names: set[str]) -> None:
        """Remove what a policy of this name has kept before it was changed."""
        for former in folder.iterdir():
            if former.name not in names:
                shutil.rmtree(former, ignore_errors=True)
                self._written.pop(former, None)

    def _save_part(self, folder: Path, part: PolicyPart) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        written = self._written.setdefault(folder, set())
        fault: OSError | None = None
        for number, is_closed in part.policy.core.windows():
            began_s = clock.monotonic()
            is_resting = not is_closed and began_s < self._resting_until_s.get(folder, began_s)
            if number in written or is_resting:
                continue
            window = part.policy.core.save_window(number)
            try:
                if window is not None:
                    replace_own(folder / f"{number}{SUFFIX}", window)
            except OSError as error:
                fault = error
            else:
                written.update([number] if is_closed else ())
            if not is_closed:
                ended_s = clock.monotonic()
                self._resting_until_s[folder] = ended_s + (ended_s - began_s) * PAUSES
        self._sweep(folder, part)
        if fault is not None:
            raise fault  # now that the other windows are kept

    def _sweep(self, folder: Path, part: PolicyPart) -> None:
        """Remove the files of windows that the policy no longer keeps."""
        kept = {number for number, _ in part.policy.core.windows()}
        for path in _windows(folder):
            if int(path.stem) not in kept:
                with contextlib.suppress(OSError):  # a directory is none of ours
                    path.unlink(missing_ok=True)
        self._written[folder] = self._written.get(folder, set()) & kept

    def _folder(self, policy: AgentPolicy, part: PolicyPart) -> Path:
        length_s = part.policy.length_s
        length = "" if length_s == DEFAULT_LENGTH_S else f".{length_s}"
        return self._policies / policy.name / f"{part.stream.name}.{part.policy.periods}{length}"


def _windows(folder: Path) -> list[Path]:
    """Give the window files of a folder, oldest first."""
    paths = [path for path in folder.glob(f"*{SUFFIX}") if path.stem.isdecimal()]
    return sorted(paths, key=lambda path: int(path.stem))


def _check_layout(marker: Path) -> None:
    if os.path.lexists(marker) and read_own(marker, most_bytes=LARGEST_WINDOW_BYTES).strip() != LAYOUT.encode():
        raise InputError(
            f"{marker}: its windows have another layout than this release's ({LAYOUT}); move the directory away"
        )
    replace_own(marker, f"{LAYOUT}\n".encode())


def _read(path: Path) -> bytes | None:
    try:
        return read_own(path, most_bytes=LARGEST_WINDOW_BYTES)
    except OSError as error:
        logger.warning("%s can't be read: %s; it is skipped", path, error.strerror)
    return None
