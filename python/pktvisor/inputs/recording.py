"""A capture file in a running agent: each policy gets it whole, from its first packet to its last."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from pktvisor import _core
from pktvisor.errors import PktvisorError
from pktvisor.inputs.faults import file_warnings, translated
from pktvisor.inputs.filters import filter_compiler
from pktvisor.inputs.hosts import parse_hosts

logger = logging.getLogger(__name__)


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


@dataclass
class Recording:
    """A file that is read once for each policy, in a thread of its own."""

    path: str
    hosts: str = ""
    filter_expression: str = ""
    ports: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Ports of protocols, where they are not the usual ones."""
    fault: str | None = None
    """What was wrong with the file the last time that it was read."""
    _readings: dict[int, _Reading] = field(default_factory=dict)
    _ledger: dict[str, int] = field(default_factory=dict)

    def check(self) -> None:
        """Raise `InputError` or `ConfigError` where the file can't be read."""
        with translated(), _without_content():
            _core.BatchReader(
                [self.path], hosts=self._networks(), compile_filter=filter_compiler(self.filter_expression)
            )

    def read(self, policy: _core.Policy) -> None:
        """Begin to feed the file to a policy."""
        is_stopped = threading.Event()
        thread = threading.Thread(target=self._run, args=(policy, is_stopped), name=f"read {self.path}", daemon=True)
        self._readings[id(policy)] = _Reading(thread, is_stopped)
        thread.start()

    def leave(self, policy: _core.Policy) -> None:
        """Read no further for a policy."""
        reading = self._readings.pop(id(policy), None)
        if reading is not None:
            reading.is_stopped.set()
            reading.thread.join()

    def stop(self) -> None:
        """Read no further for anybody."""
        for reading in self._readings.values():
            reading.is_stopped.set()
        for reading in self._readings.values():
            reading.thread.join()

    @property
    def is_running(self) -> bool:
        """Whether it is still being read."""
        return any(reading.thread.is_alive() for reading in list(self._readings.values()))

    def ledger(self) -> dict[str, int]:
        """What became of the file's packets, the last time that it was read."""
        return dict(self._ledger)

    def _networks(self) -> list[tuple[bytes, int]]:
        return parse_hosts(self.hosts) if self.hosts else []

    def _run(self, policy: _core.Policy, is_stopped: threading.Event) -> None:
        try:
            with translated(), _without_content():
                report = _core.run_file(
                    [self.path],
                    [policy],
                    hosts=self._networks(),
                    ports=self.ports,
                    compile_filter=filter_compiler(self.filter_expression),
                    progress=lambda *_: not is_stopped.is_set(),
                )
        except PktvisorError as error:
            self.fault = str(error)
            logger.error("%s: %s", self.path, error)
            return
        self._ledger = report.ledger()
        for warning in file_warnings(report):
            self.fault = warning
            logger.warning("%s", warning)
