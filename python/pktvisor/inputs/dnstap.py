"""DNS messages that servers tell of in dnstap (input dnstap): by connections, or in a file; both are Frame Streams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from pktvisor import _core
from pktvisor.config.models import Settings
from pktvisor.config.scalars import text, texts
from pktvisor.errors import ConfigError, within
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.file_names import read_names
from pktvisor.inputs.hosts import parse_cidr
from pktvisor.inputs.live import Live
from pktvisor.inputs.recording import Progress, Recording
from pktvisor.inputs.sources import Source, SourceInput

HIGHEST_PORT = 65535
LONGEST_PORT = len(str(HIGHEST_PORT))


@dataclass(frozen=True)
class DnstapFile:
    """A file of dnstap messages."""

    only_hosts: Sequence[tuple[bytes, int]] | None = None
    """Networks that one end of a message must be in; None where all count."""
    called = "dnstap file"

    def check(self, paths: Sequence[str]) -> None:
        _core.check_dnstap(paths)

    def read(self, paths: Sequence[str], policy: _core.Policy, progress: Progress) -> _core.FileReport:
        return _core.run_dnstap(paths, [policy], only_hosts=self.only_hosts, progress=progress)

    def notes(self, report: _core.FileReport) -> Sequence[str]:
        del report
        return ()


class DnstapInput(SourceInput):
    """Reads files (`dnstap_file`), or listens for servers that tell of their messages: on a Unix socket or by TCP.

    `only_hosts` keeps messages of which one end is in a network of the list.
    """

    type = "dnstap"
    keys = ("dnstap_file", "socket", "tcp", "only_hosts")
    path_keys = ("dnstap_file", "socket")
    stand_in: ClassVar[Settings] = {"socket": "/run/dnstap.sock"}

    def __init__(self, config: Settings, defaults: Defaults) -> None:
        super().__init__(config, defaults)
        with within("only_hosts"):
            networks = [parse_cidr(network) for network in texts(config, "only_hosts")]
        self._only_hosts = networks if "only_hosts" in config else None
        names = read_names(config, "dnstap_file")
        self._source: Source = Recording(names, DnstapFile(self._only_hosts)) if names else self._listen(config)

    def _listen(self, config: Settings) -> Live:
        """Listen on what the configuration names. ConfigError where it names nothing."""
        tcp = None
        if "tcp" in config:
            with within("tcp"):
                tcp = parse_address(text(config, "tcp"))
        address = text(config, "socket") or tcp
        if address is None:
            path = next((key for key in ("socket", "dnstap_file") if key in config), "dnstap_file")  # an empty text
            raise ConfigError("config must specify one of: socket, tcp, dnstap_file", path=path)
        return Live(lambda policies: _core.LiveInput.dnstap(policies, address, only_hosts=self._only_hosts))

    @classmethod
    def written_paths(cls, config: Settings) -> Sequence[str]:
        path = config.get("socket")
        return [path] if isinstance(path, str) and path else []

    @property
    def source(self) -> Source:
        return self._source


def parse_address(written: str) -> tuple[str, int]:
    """Give host and port of `HOST:PORT`; an IPv6 address stands in brackets. ConfigError where it is none."""
    host, colon, port = written.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    is_bracketed = host == f"[{bare}]"
    if not colon or not bare or (":" in bare and not is_bracketed):
        raise ConfigError(f"'{written[:80]}' is no HOST:PORT", hint="say it as 127.0.0.1:6000 or [::1]:6000")
    if not (port.isascii() and port.isdigit() and len(port) <= LONGEST_PORT and int(port) <= HIGHEST_PORT):
        raise ConfigError(f"'{port[:20]}' is no port", hint=f"it is a number up to {HIGHEST_PORT}")
    return bare, int(port)
