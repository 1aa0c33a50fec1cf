"""A live interface: which one is meant, whose addresses are this host's, and the capture itself."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pktvisor import _core
from pktvisor.errors import ConfigError, InputError, RightsError
from pktvisor.inputs.filters import compile_filter
from pktvisor.inputs.hosts import parse_hosts

ANY = "any"
ETHERNET = 1
RAW_IP = 101


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
    """Find the interface that a name, an address, `any` or `auto` stands for. Raises `InputError` where none does."""
    with _faults():
        name = _core.resolve_interface(target)
        known = _core.interfaces()
    networks = tuple(
        f"{address}/{length}"
        for known_name, _, _, addresses, _ in known
        if name in (ANY, known_name)
        for address, length in addresses
    )
    return Interface(name, networks, tuple(row[0] for row in known))


def start_capture(
    interface: Interface, policies: Sequence[_core.Policy], *, hosts: str, filter_expression: str, workers: int
) -> _core.LiveInput:
    """Start to feed the policies. Raises `ConfigError`, or `InputError` where the interface can't be captured from."""
    with _faults():
        return _core.LiveInput(
            interface.name,
            policies,
            hosts=parse_hosts(hosts),
            filter=compile_filter(filter_expression, ETHERNET, interface=interface.name),
            raw_filter=compile_filter(filter_expression, RAW_IP),
            workers=workers,
            fanout_group=os.getpid() & 0xFFFF,
        )


@contextmanager
def _faults() -> Iterator[None]:
    """Turn the core's faults into the package's errors."""
    try:
        yield
    except _core.RightsFault as fault:
        raise RightsError(str(fault)) from fault
    except _core.InputFault as fault:
        raise InputError(str(fault)) from fault
    except _core.ConfigFault as fault:
        raise ConfigError(str(fault)) from fault
