"""Lists of ports, as options and configurations write them: `[53, 8600]`, or a text with commas."""

from __future__ import annotations

from collections.abc import Sequence

from pktvisor.config.models import Value
from pktvisor.config.scalars import describe
from pktvisor.errors import ConfigError, within

MOST_PORTS = 256
_LARGEST = 65535


def read_ports(value: Value) -> tuple[int, ...]:
    """The ports of a list, a text with commas, or one number: in order, each once. ConfigError for what is none."""
    if isinstance(value, bool | dict):
        raise ConfigError(f"ports must be a list, or a text with commas such as 53,8600, not {describe(value)}")
    parts = [str(part).strip() for part in (value if isinstance(value, list) else str(value).split(","))]
    ports = dict.fromkeys(_port(part) for part in parts)
    if not ports:
        raise ConfigError("give at least one port, such as 53")
    if len(ports) > MOST_PORTS:
        raise ConfigError(f"at most {MOST_PORTS} ports are allowed, not {len(ports)}")
    return tuple(sorted(ports))


def ports_by_protocol(dns_ports: Sequence[int] | str) -> dict[str, tuple[int, ...]]:
    """The ports of protocols for the core, where they are not the usual ones. ConfigError for what is no port."""
    if not dns_ports:
        return {}
    with within("dns_ports"):
        return {"dns": read_ports(dns_ports if isinstance(dns_ports, str) else [str(port) for port in dns_ports])}


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:10]) <= _LARGEST):
        raise ConfigError(f"'{text[:40]}' is not a port: use a number from 1 to {_LARGEST}")
    return int(text)
