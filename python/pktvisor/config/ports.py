"""Lists of ports, as options and configurations write them: `[53, 8600]`, or a text with commas; `any` among them."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from pktvisor import _core
from pktvisor.config.scalars import describe
from pktvisor.errors import ConfigError, within

if TYPE_CHECKING:
    from pktvisor.config.models import Value

MOST_PORTS = 256
ANY_PORT = 0
"""Among ports: any other one, where messages are known by their content."""
ANY = "any"
"""How that is written."""
_LARGEST = 65535

PortsByProtocol: TypeAlias = Mapping[str, tuple[int, ...]]
"""The ports by which protocols are known, by the names of the protocols."""


@dataclass(frozen=True)
class PortOption:
    """A protocol whose ports configurations may set."""

    protocol: str
    usual: tuple[int, ...]
    """The ports by which it is known where nobody says otherwise."""
    may_be_any: bool
    """Whether it is known by its content, too."""

    @property
    def key(self) -> str:
        """Give the key in configurations, as `dns_ports`."""
        return f"{self.protocol}_ports"

    def read(self, settings: Mapping[str, Value]) -> tuple[int, ...]:
        """Give the ports that settings name; none where they don't. ConfigError with the key as its place."""
        if self.key not in settings:
            return ()
        with within(self.key):
            return read_ports(settings[self.key], may_be_any=self.may_be_any)


@functools.cache
def port_options() -> Mapping[str, PortOption]:
    """Give the protocols whose ports may be set, by name; those that the core declares."""
    return _options(_core.port_options())


@functools.cache
def tunnel_options() -> Mapping[str, PortOption]:
    """Give the tunnels over UDP whose ports may be set, by name; those that the core declares."""
    return _options(_core.tunnel_options())


def _options(declared: Mapping[str, tuple[Sequence[int], bool]]) -> Mapping[str, PortOption]:
    return {name: PortOption(name, tuple(usual), may_be_any) for name, (usual, may_be_any) in declared.items()}


def port_keys(protocol: str) -> tuple[str, ...]:
    """Give the key that sets the ports of a protocol; none where it has none."""
    return (port_options()[protocol].key,) if protocol in port_options() else ()


def read_ports(value: Value, *, may_be_any: bool = False) -> tuple[int, ...]:
    """The ports of a list, a text with commas, or one number: in order, each once. ConfigError for what is none."""
    if isinstance(value, bool | dict):
        raise ConfigError(f"ports must be a list, or a text with commas such as 53,8600, not {describe(value)}")
    parts = [str(part).strip() for part in (value if isinstance(value, list) else str(value).split(","))]
    ports = dict.fromkeys(_port(part, may_be_any) for part in parts)
    if not ports:
        raise ConfigError("give at least one port, such as 53")
    if len(ports) > MOST_PORTS:
        raise ConfigError(f"at most {MOST_PORTS} ports are allowed, not {len(ports)}")
    return tuple(sorted(ports))


def ports_by_protocol(dns_ports: Sequence[int] | str) -> dict[str, tuple[int, ...]]:
    """The ports of protocols for the core, where they are not the usual ones. ConfigError for what is no port."""
    if not dns_ports:
        return {}
    option = port_options()["dns"]
    named: Value = dns_ports if isinstance(dns_ports, str) else [str(port) for port in dns_ports]
    return {option.protocol: option.read({option.key: named})}


def written_port(port: int) -> str:
    """Write a port as configurations do."""
    return ANY if port == ANY_PORT else str(port)


def _port(text: str, may_be_any: bool) -> int:
    if may_be_any and text.lower() == ANY:
        return ANY_PORT
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:10]) <= _LARGEST):
        others = f", or {ANY}" if may_be_any else ""
        raise ConfigError(f"'{text[:40]}' is not a port: use a number from 1 to {_LARGEST}{others}")
    return int(text)
