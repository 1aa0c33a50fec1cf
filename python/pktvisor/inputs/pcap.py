"""Packets: of a live interface, of a capture file, or made up (input pcap)."""

from __future__ import annotations

import itertools
import logging
import os
import secrets
from collections.abc import Sequence
from typing import ClassVar

from pktvisor import _core
from pktvisor.config.command_options import MOST_LOOKBACK_MB, MOST_WORKERS
from pktvisor.config.models import Settings
from pktvisor.config.ports import PortsByProtocol, port_options, tunnel_options
from pktvisor.config.scalars import bounded, flag, text
from pktvisor.errors import ConfigError, NotFoundError, PktvisorError, within
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.filters import CaptureFilter, Program, capture_filter
from pktvisor.inputs.hosts import parse_hosts, split_hosts
from pktvisor.inputs.interfaces import ANY, Interface, find_interface
from pktvisor.inputs.live import Live
from pktvisor.inputs.recent import recent_packets
from pktvisor.inputs.recording import Packets, Recording
from pktvisor.inputs.sources import Source, SourceInput

logger = logging.getLogger(__name__)

ADDRESSES_SECONDS = 10
"""Between two looks at an interface's addresses."""
SOURCES = ("libpcap", "af_packet", "mock")
"""Engines by the names that configurations give them; the first two are one and the same here."""

_captures = itertools.count()
"""Gives each capture of this process a fanout group of its own."""


class PcapInput(SourceInput):
    """Captures on an interface (`iface`), reads a file (`pcap_file`) or makes packets up (`pcap_source: mock`)."""

    type = "pcap"
    keys = (
        "iface",
        "bpf",
        "debug",
        "host_spec",
        "pcap_file",
        "pcap_source",
        "tcp_packet_reassembly_cache_limit",
        "promiscuous",
        "workers",
        "lookback_mb",
        *(option.key for option in port_options().values()),
        "decapsulate",
        *(option.key for option in tunnel_options().values()),
    )
    stand_in: ClassVar[Settings] = {"iface": ANY}

    def __init__(self, config: Settings, defaults: Defaults) -> None:
        super().__init__(config, defaults)
        self._engine = text(config, "pcap_source", "libpcap")
        if self._engine not in SOURCES:
            raise ConfigError(
                "unknown pcap source",
                hint=f"there are {', '.join(SOURCES)}, not '{self._engine}'",
                path="pcap_source",
            )
        self._config["bpf"] = text(config, "bpf")
        self._filter = _filter(config)
        self._hosts = text(config, "host_spec")
        with within("host_spec"):
            parse_hosts(self._hosts)
        self._workers = bounded(config, "workers", defaults.workers, 1, MOST_WORKERS)
        self._lookback_bytes = bounded(config, "lookback_mb", defaults.lookback_mb, 0, MOST_LOOKBACK_MB) << 20
        self._is_promiscuous = flag(config, "promiscuous", defaults.is_promiscuous)
        self._decapsulates = flag(config, "decapsulate", defaults.decapsulates)
        options = (*port_options().values(), *tunnel_options().values())
        own = {option.protocol: option.read(config) for option in options}
        self._ports = {**defaults.ports, **{protocol: ports for protocol, ports in own.items() if ports}}
        """Ports of protocols for the core, where they are not the usual ones."""
        self._interface: Interface | None = None
        self._look_again_s = 0.0
        """When its addresses are looked at again."""
        self._handlers: Sequence[object] = ()
        path = text(config, "pcap_file")
        self._recording = Recording(path, self._packets()) if path else None
        self._live = Live(self._start_mock if self._engine == "mock" else self._start_capture)
        self._target = text(config, "iface")
        if not (self._target or self._recording or self._engine == "mock"):
            raise ConfigError("no iface was specified for live capture", path="iface")

    def _packets(self) -> Packets:
        return Packets(self._hosts, self._filter, self._ports, decapsulates=self._decapsulates)

    @property
    def ports(self) -> PortsByProtocol:
        return {name: option.usual for name, option in port_options().items()} | self._ports

    @property
    def source(self) -> Source:
        return self._recording or self._live

    @property
    def networks(self) -> Sequence[str]:
        """The networks that count as this host: those configured, else the interface's own."""
        return split_hosts(self._hosts) or (self._interface.networks if self._interface else ())

    @property
    def hosts(self) -> Sequence[str]:
        """What directions are told by: the networks configured, else those of the interface and its addresses."""
        return split_hosts(self._hosts) or (self._interface.hosts if self._interface else ())

    def prepare(self) -> None:
        super().prepare()
        if self._recording is None and self._filter is not None and self._engine != "mock":
            self._programs(self._find_interface())  # `start` finds them compiled

    def start(self, policies: list[_core.Policy], handlers: Sequence[object] = ()) -> None:
        """Start to feed policies. `handlers`, each a BatchHandler, get the batches of an interface."""
        self._handlers = handlers
        super().start(policies)

    def _start_mock(self, policies: list[_core.Policy]) -> _core.LiveInput:
        return _core.LiveInput.mock(
            policies, seed=secrets.randbits(64), ports=self._ports, lookback_bytes=self._lookback_bytes
        )

    def _start_capture(self, policies: list[_core.Policy]) -> _core.LiveInput:
        self._interface = self._find_interface()
        if self._target == "auto":
            self._target = self._config["iface"] = self._interface.name
        self._tell_hosts(self._interface.name)
        return _core.LiveInput(
            self._interface.name,
            policies,
            hosts=parse_hosts(",".join(self.hosts)),
            ports=self._ports,
            filters=self._programs(self._interface),
            promiscuous=self._is_promiscuous,
            workers=self._workers,
            fanout_group=(os.getpid() + next(_captures)) & 0xFFFF,
            lookback_bytes=self._lookback_bytes,
            sinks=self._handlers,
            decapsulates=self._decapsulates,
        )

    def _find_interface(self) -> Interface:
        try:
            return find_interface(self._target)
        except PktvisorError as error:
            error.message = f"Cannot open interface for packet capture: {error.message}"
            raise

    def _programs(self, interface: Interface) -> list[tuple[int, Program]] | None:
        """Compile the filter for the link types of an interface; for all that may come where it is `any`."""
        if self._filter is None:
            return None
        wanted = _core.LIVE_LINK_TYPES if interface.name == ANY else interface.own_link_types
        return [(link_type, self._filter(link_type, interface.like(link_type))) for link_type in wanted]

    def _tell_hosts(self, name: str) -> None:
        known = ", ".join(self.hosts)
        logger.info("%s: %s", name, f"this host is {known}" if known else "no addresses, so directions are unknown")

    def follow(self, now_s: float) -> None:
        """Addresses of an interface come and go: look at them now and then, where they are its hosts."""
        capture = self._live.at_work
        if capture is None or self._interface is None or self._hosts or now_s < self._look_again_s:
            return
        self._look_again_s = now_s + ADDRESSES_SECONDS
        try:
            found = find_interface(self._interface.name)
        except PktvisorError:
            return  # the interface is gone, which the capture tells itself
        if found.networks != self._interface.networks:
            self._interface = found
            self._tell_hosts(found.name)
            capture.set_hosts(parse_hosts(",".join(self.hosts)))

    @property
    def warnings(self) -> Sequence[str]:
        if self._recording is not None:
            return self._recording.warnings
        missed = self._filter.notes(self._interface.own_link_types) if self._filter and self._interface else []
        return [*self._live.warnings, *missed]

    def describe(self) -> dict[str, object]:
        families = {
            "ipv4": [network for network in self.networks if ":" not in network],
            "ipv6": [network for network in self.networks if ":" in network],
        }
        return {
            "available_iface": ",".join(self._interface.available if self._interface else ()),
            "host_ips": {family: networks for family, networks in families.items() if networks},
            "pcap_source": self._shown_source(),
        }

    def _shown_source(self) -> str:
        """Name the engine at work."""
        if self._recording is not None:
            return "unknown"
        return "mock" if self._engine == "mock" else "af_packet"

    def recent_packets(self, *, filter_expression: str, seconds: int | None, most_bytes: int) -> bytes:
        if self._live.at_work is None:
            raise NotFoundError("this input reads a capture file: take the packets from there")
        return recent_packets(
            self._live.at_work, seconds=seconds, most_bytes=most_bytes, filter_expression=filter_expression
        )


def _filter(config: Settings) -> CaptureFilter | None:
    where = "pcap file" if config.get("pcap_file") else "interface"
    expression = text(config, "bpf")
    with within("bpf"):
        try:
            return capture_filter(expression)
        except ConfigError as error:
            raise ConfigError(f"Cannot set BPF filter to {where}", hint=error.message) from error
