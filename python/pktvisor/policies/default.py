"""The handlers that run where nobody asked for others: on the command line, in the reader and in the daemon."""

from __future__ import annotations

from collections.abc import Sequence

from pktvisor.handlers import handler
from pktvisor.handlers.base import Settings
from pktvisor.policies.plan import Instance

READER_HANDLERS = (("net", "net"), ("dns", "dns"), ("dhcp", "dhcp"))
DAEMON_HANDLERS = (("net", "net"), ("dhcp", "dhcp"), ("dns", "dns"), ("pcap_stats", "pcap"))
"""Module names with their handler types, in the order that outputs keep."""


def default_instances(
    modules: Sequence[tuple[str, str]], *, policy: str = "default", tap: str = "default", deep_sample_rate: int = 100
) -> list[Instance]:
    """One handler of version 1.0 per module, named as `default-default-net`."""
    settings = Settings(deep_sample_rate=deep_sample_rate)
    return [Instance(f"{policy}-{tap}-{module}", handler(kind)(settings), tap) for module, kind in modules]
