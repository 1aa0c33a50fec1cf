"""Network interfaces: which one a name, an address, `any` or `auto` stands for."""

from __future__ import annotations

from dataclasses import dataclass

from pktvisor import _core
from pktvisor.inputs.faults import translated

ANY = "any"


@dataclass(frozen=True)
class Interface:
    """What a target stands for on this machine."""

    name: str
    """Its name, or `any`."""
    networks: tuple[str, ...]
    """Its addresses as CIDRs, as `10.0.0.5/24`; of all interfaces for `any`."""
    available: tuple[str, ...]
    """Names of all interfaces."""


def find_interface(target: str) -> Interface:
    """Find the interface that a name, an address, `any` or `auto` stands for. Raises `ConfigError` where none does."""
    with translated():
        name = _core.resolve_interface(target)
        known = _core.interfaces()
    networks = tuple(
        f"{address}/{length}"
        for known_name, _, _, addresses, _ in known
        if name in (ANY, known_name)
        for address, length in addresses
    )
    return Interface(name, networks, tuple(row[0] for row in known))
