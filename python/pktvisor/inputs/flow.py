"""Flow records: of a capture file with the datagrams of their exporters (input flow)."""

from __future__ import annotations

from collections.abc import Sequence

from pktvisor import _core
from pktvisor.config.models import Settings
from pktvisor.config.scalars import text
from pktvisor.errors import ConfigError
from pktvisor.inputs.base import Defaults, Input
from pktvisor.inputs.recording import Packets, Recording

FLOW_TYPES = ("netflow", "ipfix")
"""What datagrams may hold. Their first bytes tell the format and its version, whichever of these is said."""


class FlowInput(Input):
    """Reads what UDP carries in a capture file (`pcap_file`), whatever the ports."""

    type = "flow"
    keys = ("flow_type", "pcap_file")

    def __init__(self, config: Settings, defaults: Defaults) -> None:
        super().__init__(config, defaults)
        flow_type = text(config, "flow_type", FLOW_TYPES[0])
        if flow_type not in FLOW_TYPES:
            raise ConfigError(f"unknown flow type '{flow_type[:60]}': use {' or '.join(FLOW_TYPES)}", path="flow_type")
        path = text(config, "pcap_file")
        if not path:
            raise ConfigError("no pcap_file was specified: flow records are read from capture files", path="pcap_file")
        self._recording = Recording(path, Packets(reads_flows=True))

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
