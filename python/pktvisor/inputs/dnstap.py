"""DNS messages that a server tells of in dnstap (input dnstap): of a file in Frame Streams, compressed or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pktvisor import _core
from pktvisor.config.models import Settings
from pktvisor.config.scalars import text, texts
from pktvisor.errors import ConfigError, within
from pktvisor.inputs.base import Defaults, Input
from pktvisor.inputs.hosts import parse_cidr
from pktvisor.inputs.recording import Progress, Recording


@dataclass(frozen=True)
class DnstapFile:
    """A file of dnstap messages."""

    only_hosts: Sequence[tuple[bytes, int]] | None = None
    """Networks that one end of a message must be in; None where all count."""
    called = "dnstap file"

    def check(self, path: str) -> None:
        _core.check_dnstap([path])

    def read(self, path: str, policy: _core.Policy, progress: Progress) -> _core.FileReport:
        return _core.run_dnstap([path], [policy], only_hosts=self.only_hosts, progress=progress)

    def notes(self, report: _core.FileReport) -> Sequence[str]:
        del report
        return ()


class DnstapInput(Input):
    """Reads a file (`dnstap_file`); `only_hosts` keeps messages of which one end is in a network of the list."""

    type = "dnstap"
    keys = ("dnstap_file", "socket", "tcp", "only_hosts")

    def __init__(self, config: Settings, defaults: Defaults) -> None:
        super().__init__(config, defaults)
        with within("only_hosts"):
            networks = [parse_cidr(network) for network in texts(config, "only_hosts")]
        path = text(config, "dnstap_file")
        if not path:
            _refuse(config)
        self._recording = Recording(path, DnstapFile(networks if "only_hosts" in config else None))

    @property
    def is_recorded(self) -> bool:
        return True

    def prepare(self) -> None:
        self._recording.check()

    def start(self, policies: list[_core.Policy]) -> None:
        for policy in policies:
            self._recording.read(policy)

    def attach(self, policy: _core.Policy) -> None:
        self._recording.read(policy)

    def detach(self, policy: _core.Policy) -> None:
        self._recording.leave(policy)

    def stop(self) -> None:
        self._recording.stop()

    @property
    def is_running(self) -> bool:
        return self._recording.is_running

    @property
    def fault(self) -> str | None:
        return self._recording.fault

    @property
    def warnings(self) -> Sequence[str]:
        return self._recording.warnings

    def ledger(self) -> dict[str, int]:
        return self._recording.ledger()


def _refuse(config: Settings) -> None:
    """Raise ConfigError for an input without a file."""
    for key in ("socket", "tcp"):
        if key in config:
            raise ConfigError("dnstap can only be read from files so far", hint="use dnstap_file", path=key)
    raise ConfigError("config must specify one of: socket, dnstap_file", hint="use dnstap_file", path="dnstap_file")
