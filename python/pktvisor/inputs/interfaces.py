"""Network interfaces: which one a name, an address, `any` or `auto` stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pktvisor import _core
from pktvisor.errors import PktvisorError
from pktvisor.inputs.faults import translated

ANY = "any"
MOST_ALIKE = 3
"""Interfaces of a link type that are tried where any of them will do."""


@dataclass(frozen=True)
class Interface:
    """What a target stands for on this machine."""

    name: str
    """Its name, or `any`."""
    networks: tuple[str, ...]
    """Its addresses as CIDRs, as `10.0.0.5/24`; of all interfaces for `any`."""
    available: tuple[str, ...]
    """Names of all interfaces."""
    link_types: Mapping[str, int]
    """The link types (LINKTYPE_*) of those interfaces that are up or meant, by name."""

    @property
    def own_link_types(self) -> tuple[int, ...]:
        """The link types of the packets that it has; of those that are there now, where it is `any`."""
        meant = [kind for name, kind in self.link_types.items() if self.name in (ANY, name)]
        return tuple(dict.fromkeys(meant))

    def like(self, link_type: int) -> list[str]:
        """Names of a few interfaces with this link type, itself first."""
        names = [name for name, kind in self.link_types.items() if kind == link_type]
        return sorted(names, key=lambda name: name != self.name)[:MOST_ALIKE]

    @property
    def hosts(self) -> tuple[str, ...]:
        """Give what counts as this host: its networks, and its addresses, which win over the others in them."""
        addresses = (network.partition("/")[0] for network in self.networks)
        return tuple(dict.fromkeys((*self.networks, *addresses)))


def interfaces_up() -> Mapping[str, bool]:
    """Tell of each interface of this machine whether it is up; of none where nobody can tell."""
    try:
        with translated():
            return {name: is_up for name, is_up, *_ in _core.interfaces()}
    except PktvisorError:
        return {}


def find_interface(target: str) -> Interface:
    """Find the interface that a name, an address, `any` or `auto` stands for. Raises `ConfigError` where none does."""
    with translated():
        name = _core.resolve_interface(target)
        known = _core.interfaces()
    networks = tuple(
        f"{address}/{length}"
        for known_name, _, _, addresses, *_ in known
        if name in (ANY, known_name)
        for address, length in addresses
    )
    link_types = {known_name: kind for known_name, is_up, *_, kind in known if is_up or known_name == name}
    return Interface(name, networks, tuple(row[0] for row in known), link_types)
