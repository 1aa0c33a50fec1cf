"""What runs where nobody asked for anything else: on the command line, in the reader and in the daemon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pktvisor import _core
from pktvisor.handlers import handler
from pktvisor.handlers.base import HandlerSettings
from pktvisor.policies.plan import Instance

if TYPE_CHECKING:
    from pktvisor.config.models import PolicyConfig, TapConfig
    from pktvisor.policies.instances import WindowDefaults

DEFAULT = "default"
"""Name of the tap and of the policy that the command line makes."""

READER_HANDLERS: Mapping[str, Sequence[tuple[str, str]]] = {
    "pcap": (("net", "net"), ("dns", "dns"), ("dhcp", "dhcp")),
    "netflow": (("flow", "flow"),),
    "sflow": (("flow", "flow"),),
    "dnstap": (("net", "net"), ("dns", "dns")),
}
"""Module names with their handler types, by what a file holds."""
FLOW_INPUTS = ("netflow", "sflow")
"""What holds flow records. The first bytes of a datagram tell its format, whichever of these is said."""
DAEMON_HANDLERS: Mapping[str, Sequence[tuple[str, str]]] = {
    "pcap": (("net", "net"), ("dhcp", "dhcp"), ("dns", "dns"), ("pcap_stats", "pcap")),
    "mock": (("net", "net"), ("dhcp", "dhcp"), ("dns", "dns"), ("flow", "flow")),
}
"""Module names with their handler types by input, in the order that outputs keep."""


def default_instances(
    modules: Sequence[tuple[str, str]],
    *,
    policy: str = DEFAULT,
    tap: str = DEFAULT,
    deep_sample_rate: int = 100,
    input_type: str = "pcap",
) -> list[Instance]:
    """One handler of version 1.0 per module, named as `default-default-net`."""
    settings = HandlerSettings(deep_sample_rate=deep_sample_rate, input_type=input_type)
    return [Instance(f"{policy}-{tap}-{module}", handler(kind)(settings), tap) for module, kind in modules]


MOCK = "mock"
"""What is said instead of an interface for made-up traffic; an interface of this name goes first."""


def default_tap(interface: str, hosts: str) -> TapConfig:
    """The tap of an interface that the command line names, or of made-up traffic."""
    from pktvisor.config.models import TapConfig

    if interface == MOCK and not is_interface(MOCK):
        return TapConfig(DEFAULT, MOCK, {"traffic": list(_core.traffic_kinds()), "host_spec": hosts})
    return TapConfig(DEFAULT, "pcap", {"iface": interface, "host_spec": hosts})


def is_interface(name: str) -> bool:
    """Whether this machine has an interface of that name."""
    import socket

    return any(name == known for _, known in socket.if_nameindex())


def default_policy(filter_expression: str, windows: WindowDefaults, input_type: str = "pcap") -> PolicyConfig:
    """The policy over that tap."""
    from pktvisor.config.models import ModuleConfig, PolicyConfig, PolicyInput

    return PolicyConfig(
        DEFAULT,
        PolicyInput(input_type, tap=DEFAULT, config={"bpf": filter_expression}),
        tuple(ModuleConfig(name, kind) for name, kind in DAEMON_HANDLERS[input_type]),
        window=windows.settings(),
    )
