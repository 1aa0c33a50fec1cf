"""What runs where nobody asked for anything else: on the command line, in the reader and in the daemon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

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
DAEMON_HANDLERS = (("net", "net"), ("dhcp", "dhcp"), ("dns", "dns"), ("pcap_stats", "pcap"))
"""Module names with their handler types, in the order that outputs keep."""


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


def default_tap(interface: str, hosts: str) -> TapConfig:
    """The tap of an interface that the command line names."""
    from pktvisor.config.models import TapConfig

    return TapConfig(DEFAULT, "pcap", {"iface": interface, "host_spec": hosts})


def default_policy(filter_expression: str, windows: WindowDefaults) -> PolicyConfig:
    """The policy over that tap."""
    from pktvisor.config.models import ModuleConfig, PolicyConfig, PolicyInput

    return PolicyConfig(
        DEFAULT,
        PolicyInput("pcap", tap=DEFAULT, config={"bpf": filter_expression}),
        tuple(ModuleConfig(name, kind) for name, kind in DAEMON_HANDLERS),
        window=windows.settings(),
    )
