"""Packets: of a live interface, of a capture file, or made up (input pcap)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import ClassVar

from pktvisor import _core
from pktvisor.config.command_options import MOST_LOOKBACK_MB, MOST_WORKERS
from pktvisor.config.models import Settings
from pktvisor.config.ports import PortsByProtocol, port_options, tunnel_options
from pktvisor.config.scalars import bounded, flag, text, texts
from pktvisor.errors import ConfigError, NotFoundError, within
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.file_names import is_pattern, read_names
from pktvisor.inputs.filters import CaptureFilter, capture_filter
from pktvisor.inputs.hosts import parse_hosts, split_hosts
from pktvisor.inputs.interfaces import ANY
from pktvisor.inputs.live import Live
from pktvisor.inputs.recent import recent_packets
from pktvisor.inputs.recording import Packets, Recording
from pktvisor.inputs.sources import Source, SourceInput
from pktvisor.inputs.tapped import CaptureSettings, TappedInterface
from pktvisor.inputs.tapped_interfaces import TappedInterfaces

MOST_INTERFACES = 64
"""Interfaces of a tap; each has a ring of its own."""
SOURCES = ("libpcap", "af_packet", "mock")
"""Engines by the names that configurations give them; the first two are one and the same here."""


class PcapInput(SourceInput):
    """Captures on interfaces (`iface`), reads files (`pcap_file`) or makes packets up (`pcap_source: mock`)."""

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
        "follow",
        *(option.key for option in tunnel_options().values()),
    )
    path_keys = ("pcap_file",)
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
        self._decapsulates = flag(config, "decapsulate", defaults.decapsulates)
        options = (*port_options().values(), *tunnel_options().values())
        own = {option.protocol: option.read(config) for option in options}
        self._ports = {**defaults.ports, **{protocol: ports for protocol, ports in own.items() if ports}}
        """Ports of protocols for the core, where they are not the usual ones."""
        self._recording = self._recorded(config)
        targets = _interfaces(config)
        settings = self._capture_settings(config, defaults, len(targets))
        self._tapped = TappedInterfaces([TappedInterface(target, settings) for target in targets])
        self._mock = Live(self._start_mock) if self._engine == "mock" else None
        if not (targets or self._recording or self._mock):
            raise ConfigError("no iface was specified for live capture", path="iface")

    def _recorded(self, config: Settings) -> Recording | None:
        """The files that are read instead, where the configuration names any."""
        names, packets = read_names(config, "pcap_file"), self._packets()
        follows = flag(config, "follow")
        if follows and not names:
            raise ConfigError("only a pcap_file is followed", path="follow")
        if follows and (len(names) > 1 or is_pattern(names[0])):
            raise ConfigError("one file or one directory is followed: pcap_file names several", path="follow")
        return Recording(names, packets, packets.follow if follows else None) if names else None

    def _capture_settings(self, config: Settings, defaults: Defaults, interfaces: int) -> CaptureSettings:
        workers = bounded(config, "workers", defaults.workers, 1, MOST_WORKERS)
        self._lookback_bytes = bounded(config, "lookback_mb", defaults.lookback_mb, 0, MOST_LOOKBACK_MB) << 20
        return CaptureSettings(
            hosts=self._hosts,
            wanted=self._filter,
            ports=self._ports,
            workers=workers,
            lookback_bytes=self._lookback_bytes // max(interfaces, 1),
            is_promiscuous=flag(config, "promiscuous", defaults.is_promiscuous),
            decapsulates=self._decapsulates,
        )

    def _packets(self) -> Packets:
        return Packets(self._hosts, self._filter, self._ports, decapsulates=self._decapsulates)

    @property
    def ports(self) -> PortsByProtocol:
        return {name: option.usual for name, option in port_options().items()} | self._ports

    @property
    def source(self) -> Source:
        return self._recording or self._mock or self._tapped

    @property
    def networks(self) -> Sequence[str]:
        """The networks that count as this host: those configured, else the interfaces' own."""
        own = (network for one in self._tapped.interfaces for network in one.networks)
        return split_hosts(self._hosts) or tuple(dict.fromkeys(own))

    def start(self, policies: list[_core.Policy], handlers: Sequence[object] = ()) -> None:
        """Start to feed policies. `handlers`, each a BatchHandler, get the batches of an interface."""
        for one in self._tapped.interfaces:
            one.handlers = handlers
        super().start(policies)
        if self._config.get("iface") == "auto":
            self._config["iface"] = self._tapped.interfaces[0].name

    def _start_mock(self, policies: list[_core.Policy]) -> _core.LiveInput:
        return _core.LiveInput.mock(
            policies, seed=secrets.randbits(64), ports=self._ports, lookback_bytes=self._lookback_bytes
        )

    def follow(self, now_s: float) -> None:
        if self._recording is not None:
            self._recording.tell_news()
        elif self._mock is None:
            self._tapped.follow(now_s)

    def interfaces(self) -> Mapping[str, bool]:
        named = [] if self._recording or self._mock else self._tapped.interfaces
        return {one.name: one.live.is_running for one in named if one.name != ANY}

    def describe(self) -> dict[str, object]:
        families = {
            "ipv4": [network for network in self.networks if ":" not in network],
            "ipv6": [network for network in self.networks if ":" in network],
        }
        found = [one.interface for one in self._tapped.interfaces if one.interface is not None]
        several = {"interfaces": self._tapped.by_interface()} if len(self._tapped.interfaces) > 1 else {}
        return {
            "available_iface": ",".join(found[-1].available if found else ()),
            "host_ips": {family: networks for family, networks in families.items() if networks},
            "pcap_source": self._shown_source(),
            **several,
        }

    def _shown_source(self) -> str:
        """Name the engine at work."""
        if self._recording is not None:
            return "unknown"
        return "mock" if self._engine == "mock" else "af_packet"

    def recent_packets(self, *, filter_expression: str, seconds: int | None, most_bytes: int) -> bytes:
        captures = self._tapped.at_work if self._mock is None else [self._mock.at_work]
        at_work = [capture for capture in captures if capture is not None]
        if not at_work:
            raise NotFoundError("this input reads a capture file: take the packets from there")
        return recent_packets(*at_work, seconds=seconds, most_bytes=most_bytes, filter_expression=filter_expression)


def _interfaces(config: Settings) -> list[str]:
    """The interfaces that a configuration names: one, several with commas between, or a list."""
    said = config.get("iface", "")
    names = texts(config, "iface") if isinstance(said, list) else text(config, "iface").split(",")
    named = [name.strip() for name in names if name.strip()]
    with within("iface"):
        if len(named) > MOST_INTERFACES:
            raise ConfigError(f"at most {MOST_INTERFACES} interfaces are allowed, not {len(named)}")
        if len(named) > 1 and (alone := {ANY, "auto"} & set(named)):
            raise ConfigError(f"'{min(alone)}' stands alone: it can't be one of several")
        if len(set(named)) < len(named):
            raise ConfigError("an interface is named twice")
    return named


def _filter(config: Settings) -> CaptureFilter | None:
    where = "pcap file" if config.get("pcap_file") else "interface"
    expression = text(config, "bpf")
    with within("bpf"):
        try:
            return capture_filter(expression)
        except ConfigError as error:
            raise ConfigError(f"Cannot set BPF filter to {where}", hint=error.message) from error
