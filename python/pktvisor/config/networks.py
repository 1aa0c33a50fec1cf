"""Networks as people write them: `10.0.0.0/8,2001:db8::1`."""

from __future__ import annotations

import ipaddress
from typing import TypeAlias

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


def read_networks(text: str) -> tuple[Network, ...]:
    """Read networks and addresses with commas between them. ValueError with a sentence."""
    found = tuple(_network(part.strip()) for part in text.split(",") if part.strip())
    if not found:
        raise ValueError("no network is named: write it as 10.0.0.0/8 or 2001:db8::5, with commas between several")
    return found


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        pass
    try:
        meant = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text[:60]!r} is no network: write it as 10.0.0.0/8 or 2001:db8::5") from None
    raise ValueError(f"{text[:60]!r} is an address within a network: write {meant}, or the address alone")
