"""Flow records (input flow): as exporters send them by UDP, IPFIX also by TCP, or of a capture file with datagrams."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Sequence
from typing import ClassVar

from pktvisor import _core
from pktvisor.config.command_options import MOST_WORKERS
from pktvisor.config.models import Settings
from pktvisor.config.scalars import bounded, text
from pktvisor.errors import ConfigError
from pktvisor.inputs import table_files
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.file_names import read_names
from pktvisor.inputs.live import Live
from pktvisor.inputs.recording import Packets, Recording
from pktvisor.inputs.sources import Source, SourceInput

logger = logging.getLogger(__name__)

FLOW_TYPES = ("sflow", "netflow", "ipfix")
"""What datagrams may hold. Their first bytes tell the format and its version, whichever of these is said."""

TRANSPORTS = ("udp", "tcp")
UDP_KEYS = ("workers", "receive_buffer_bytes")

HIGHEST_PORT = 65535
USUAL_BUFFER_BYTES = 8 << 20
"""Room in the kernel for datagrams that wait, of each worker: some tenths of a second of very many exporters."""
MOST_BUFFER_BYTES = 1 << 30
MOST_GRANTED_BYTES = MOST_BUFFER_BYTES - 1
"""As much as the system grants to anybody."""


class FlowInput(SourceInput):
    """Listens (`bind`, `port`), or reads what UDP carries in capture files (`pcap_file`), by any port.

    By TCP (`transport`) come streams of IPFIX, each from an exporter that connects.
    """

    type = "flow"
    aliases = ("sflow",)
    keys = ("flow_type", "bind", "port", "transport", "pcap_file", "workers", "receive_buffer_bytes", *table_files.KEYS)
    path_keys = ("pcap_file", "table_dir")
    stand_in: ClassVar[Settings] = {"bind": "127.0.0.1", "port": 2055}

    def __init__(self, config: Settings, defaults: Defaults) -> None:
        super().__init__(config, defaults)
        flow_type = text(config, "flow_type", FLOW_TYPES[0])
        if flow_type not in FLOW_TYPES:
            raise ConfigError(f"unknown flow type '{flow_type[:60]}': use {', '.join(FLOW_TYPES)}", path="flow_type")
        self._workers = bounded(config, "workers", defaults.workers, 1, MOST_WORKERS)
        self._buffer_bytes = bounded(config, "receive_buffer_bytes", USUAL_BUFFER_BYTES, 0, MOST_BUFFER_BYTES)
        self._warnings: Sequence[str] = ()
        self._files = table_files.read_table_files(config, "flow")
        names = read_names(config, "pcap_file")
        if names and self._files is not None:
            raise ConfigError(
                "what exporters send is written, not what a pcap_file has",
                hint="pktvisor-reader --table flow --out FILE writes that",
                path="table_dir",
            )
        self._source: Source = Recording(names, Packets(reads_flows=True)) if names else self._listen(config)

    def _listen(self, config: Settings) -> Live:
        """Listen where the configuration says. ConfigError where it does not."""
        for key in ("bind", "port"):
            if key not in config:
                raise ConfigError("no pcap_file was specified, and so bind and port must be", path=key)
        port = bounded(config, "port", 0, 1, HIGHEST_PORT)
        try:
            address = ipaddress.ip_address(text(config, "bind"))
        except ValueError as fault:
            raise ConfigError(f"{fault}; it needs an address of this host, or 0.0.0.0 or ::", path="bind") from fault
        if self._transport(config) == "tcp":
            return Live(lambda policies: _core.LiveInput.flow_streams(policies, address, port, sinks=self._sinks))
        return Live(lambda policies: self._open(policies, address, port))

    def _transport(self, config: Settings) -> str:
        """How exporters send. ConfigError where it does not go with the other keys."""
        transport = text(config, "transport", TRANSPORTS[0])
        if transport not in TRANSPORTS:
            raise ConfigError(f"unknown transport '{transport[:60]}': use {', '.join(TRANSPORTS)}", path="transport")
        if transport == "tcp":
            if text(config, "flow_type", FLOW_TYPES[0]) != "ipfix":
                raise ConfigError("by TCP comes IPFIX alone: say flow_type: ipfix", path="transport")
            for key in UDP_KEYS:
                if key in config:
                    raise ConfigError("is of UDP, and transport is tcp", path=key)
        return transport

    def _open(
        self, policies: list[_core.Policy], address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int
    ) -> _core.LiveInput:
        opened = _core.LiveInput.flow(
            policies,
            address,
            port,
            workers=self._workers,
            receive_buffer_bytes=self._buffer_bytes,
            sinks=self._sinks,
        )
        granted = opened.receive_buffer_bytes or 0
        self._warnings = _buffer_warnings(granted, self._buffer_bytes if "receive_buffer_bytes" in self.config else 0)
        for warning in self._warnings:
            logger.warning("%s", warning)
        return opened

    @property
    def _sinks(self) -> Sequence[object]:
        return [] if self._files is None else [self._files]

    @classmethod
    def written_paths(cls, config: Settings) -> Sequence[str]:
        return table_files.written_paths(config)

    def start(self, policies: list[_core.Policy]) -> None:
        if self._files is not None:
            self._files.check_folder()
        super().start(policies)

    def stop(self) -> None:
        super().stop()
        if self._files is not None:
            self._files.close()

    @property
    def source(self) -> Source:
        return self._source

    @property
    def warnings(self) -> Sequence[str]:
        return [*self.source.warnings, *self._warnings, *(self._files.warnings if self._files is not None else ())]

    def describe(self) -> dict[str, object]:
        """Tell how many datagrams could not be read, or not to their end, and what became of rows that are written."""
        files = {} if self._files is None else {"files": self._files.describe()}
        return {"packet_errors": self.ledger().get("malformed", 0), **files}


def _buffer_warnings(granted: int, wanted: int) -> Sequence[str]:
    """Say where the system gives less room than somebody has asked for."""
    if granted >= min(wanted, MOST_GRANTED_BYTES):
        return ()
    return [
        f"receive_buffer_bytes: the system grants {granted} of {wanted}; raise net.core.rmem_max, or give CAP_NET_ADMIN"
    ]
