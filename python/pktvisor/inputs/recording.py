"""A recording in a running agent: each policy gets the file whole, from its first packet or message to its last."""

from __future__ import annotations

import itertools
import logging
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pktvisor import _core, clock
from pktvisor.errors import InputError, PktvisorError
from pktvisor.inputs.faults import file_warnings, translated
from pktvisor.inputs.file_names import found
from pktvisor.inputs.filters import CaptureFilter
from pktvisor.inputs.hosts import parse_hosts
from pktvisor.inputs.unread import notes_of

logger = logging.getLogger(__name__)

LONGEST_WAIT_S = 5.0
"""How long anybody waits for a file: to be opened, and for its reading to end."""


_QUOTED = re.compile(r"it starts with the bytes [0-9a-f ]+; ")


@contextmanager
def _without_content() -> Iterator[None]:
    """Leave the first bytes of a file out of errors: who names it by the API may have no right to read it himself."""
    try:
        yield
    except (_core.ConfigFault, _core.InputFault) as fault:
        raise type(fault)(_QUOTED.sub("", str(fault))) from None


@dataclass
class _Reading:
    """One policy's way through the file."""

    thread: threading.Thread
    is_stopped: threading.Event
    following: _core.Following | None = None
    """Where the file is read as it grows: what is told of that meanwhile."""

    def stop(self) -> None:
        """Say that nobody wants any more of it."""
        self.is_stopped.set()
        if self.following is not None:
            self.following.stop()

    def wait(self, path: str, until_s: float) -> None:
        """Wait for its end, but not for ever: who reads a file that gives no bytes is left behind."""
        self.thread.join(max(0.0, until_s - clock.monotonic()))
        if self.thread.is_alive():
            logger.error("%s: reading does not stop; it is abandoned after %.0f s", path, LONGEST_WAIT_S)


Follow = Callable[[Sequence[str], _core.Policy, _core.Following], _core.FileReport]
"""Reads a file, or the files of a directory, as they grow."""
Progress = Callable[[int, int, int | None], bool]
"""Is called now and then; False ends the reading."""


class Reader(Protocol):
    """How a file is read, by what it holds."""

    called: str
    """What people call such a file, as `capture file`."""

    def check(self, paths: Sequence[str]) -> None:
        """Raise the core's exceptions where they can't be read."""

    def read(self, paths: Sequence[str], policy: _core.Policy, progress: Progress) -> _core.FileReport:
        """Feed all of them to a policy, in time order."""

    def notes(self, report: _core.FileReport) -> Sequence[str]:
        """Say what makes it look emptier than it is, a sentence each."""


@dataclass(frozen=True)
class Packets:
    """A file of packets: pcap or pcapng."""

    hosts: str = ""
    wanted: CaptureFilter | None = None
    """Lets the packets pass that are wanted; all, where there is none."""
    ports: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Ports of protocols, where they are not the usual ones."""
    reads_flows: bool = False
    """What UDP carries in it are flow records."""
    decapsulates: bool = False
    """Packets in tunnels are known by what is inside."""
    called = "capture file"

    def check(self, paths: Sequence[str]) -> None:
        _core.BatchReader(paths, hosts=self._networks(), compile_filter=self.wanted)

    def read(self, paths: Sequence[str], policy: _core.Policy, progress: Progress) -> _core.FileReport:
        return self._run(paths, policy, progress, None)

    def follow(self, paths: Sequence[str], policy: _core.Policy, following: _core.Following) -> _core.FileReport:
        """Feed all that is there and all that comes to a policy, until that is stopped."""
        return self._run(paths, policy, None, following)

    def _run(
        self, paths: Sequence[str], policy: _core.Policy, progress: Progress | None, following: _core.Following | None
    ) -> _core.FileReport:
        return _core.run_file(
            paths,
            [policy],
            hosts=self._networks(),
            ports=self.ports,
            compile_filter=self.wanted,
            reads_flows=self.reads_flows,
            decapsulates=self.decapsulates,
            progress=progress,
            following=following,
        )

    def notes(self, report: _core.FileReport) -> Sequence[str]:
        return notes_of(report, self.wanted)

    def _networks(self) -> list[tuple[bytes, int]]:
        return parse_hosts(self.hosts) if self.hosts else []


@dataclass
class Recording:
    """A file, or several as one, read once for each policy, in a thread of its own."""

    is_recorded = True
    names: Sequence[str]
    """Paths and patterns, which are looked for each time."""
    reader: Reader = field(default_factory=Packets)
    follow: Follow | None = None
    """Reads it as it grows, where that is wanted."""
    fault: str | None = None
    """What was wrong with the file the last time that it was read."""
    warnings: Sequence[str] = ()
    """What makes it look emptier than it is, a sentence each."""
    _readings: dict[int, _Reading] = field(default_factory=dict)
    _ledger: dict[str, int] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """What people call it: the first name, and how many there are beside."""
        first, *others = self.names
        return f"{first} and {len(others)} more" if others else first

    def check(self) -> None:
        """Raise `InputError` or `ConfigError` where the file can't be read, or not in time."""
        if self.follow is not None:
            self._check_path()
            return
        faults: list[PktvisorError] = []
        thread = threading.Thread(target=self._open, args=(faults,), name=f"open {self.path}", daemon=True)
        thread.start()
        thread.join(LONGEST_WAIT_S)
        if thread.is_alive():
            raise InputError(f"open {self.reader.called} {self.path}: it can't be opened within {LONGEST_WAIT_S:.0f} s")
        if faults:
            raise faults[0]

    def _check_path(self) -> None:
        """What a file that grows will be may not be there yet."""
        for path in found(self.names):
            if not Path(path).exists():
                raise InputError(f"open {self.reader.called} {path}: No such file or directory")

    def _open(self, faults: list[PktvisorError]) -> None:
        try:
            with translated(), _without_content():
                self.reader.check(found(self.names))
        except PktvisorError as fault:
            faults.append(fault)

    def start(self, policies: list[_core.Policy]) -> None:
        """Begin to feed the file to each of these."""
        for policy in policies:
            self.attach(policy)

    def attach(self, policy: _core.Policy) -> None:
        """Begin to feed the file to a policy."""
        is_stopped, following = threading.Event(), None if self.follow is None else _core.Following()
        thread = threading.Thread(
            target=self._run, args=(policy, is_stopped, following), name=f"read {self.path}", daemon=True
        )
        self._readings[id(policy)] = _Reading(thread, is_stopped, following)
        thread.start()

    def detach(self, policy: _core.Policy) -> None:
        """Read no further for a policy. Nobody waits for that."""
        reading = self._readings.pop(id(policy), None)
        if reading is not None:
            reading.stop()

    def stop(self) -> None:
        """Read no further for anybody."""
        for reading in self._readings.values():
            reading.stop()
        until_s = clock.monotonic() + LONGEST_WAIT_S
        for reading in self._readings.values():
            reading.wait(self.path, until_s)

    def note_policies(self, policies: int, handlers: int) -> None:
        """Nothing: what reading takes is not measured."""

    @property
    def memory(self) -> None:
        """Nothing: readings keep no account of their own."""

    @property
    def is_running(self) -> bool:
        """Whether it is still being read."""
        return any(reading.thread.is_alive() for reading in list(self._readings.values()))

    def ledger(self) -> dict[str, int]:
        """What became of the file's packets, the last time that it was read; so far, where it grows."""
        growing = (reading.following for reading in list(self._readings.values()) if reading.thread.is_alive())
        following = next((following for following in growing if following is not None), None)
        return dict(self._ledger) if following is None else following.ledger()

    def tell_news(self) -> None:
        """Log what happened to a file that grows: it was replaced, cut, or is none that can be read."""
        news = [reading.following.take_news() for reading in list(self._readings.values()) if reading.following]
        for sentence in dict.fromkeys(itertools.chain.from_iterable(news)):
            logger.warning("%s", sentence)

    def _run(self, policy: _core.Policy, is_stopped: threading.Event, following: _core.Following | None = None) -> None:
        try:
            with translated(), _without_content():
                if self.follow is None or following is None:
                    report = self.reader.read(found(self.names), policy, lambda *_: not is_stopped.is_set())
                else:
                    report = self.follow(found(self.names), policy, following)
        except PktvisorError as error:
            self.fault = str(error)
            logger.error("%s: %s", self.path, error)
            return
        self._ledger = report.ledger()
        self.warnings = [f"{self.path}: {note}" for note in self.reader.notes(report)]
        for warning in file_warnings(report):
            self.fault = warning
            logger.warning("%s", warning)
