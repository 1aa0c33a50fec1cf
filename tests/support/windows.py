"""A window of a recorded capture with every metric that there is of packets."""

from __future__ import annotations

from pktvisor.handlers.base import HandlerSettings
from pktvisor.metrics.snapshot import HandlerSnapshot
from support.captures import FOLDER
from support.measuring import Source, Wanted, measure

EVERY_GROUP = HandlerSettings(enable=["all"])
WANTED = (
    Wanted("net_v1", "net", "1.0", EVERY_GROUP),
    Wanted("net_v2", "net", "2.0", EVERY_GROUP),
    Wanted("dns_v1", "dns", "1.0", EVERY_GROUP),
    Wanted("dns_v2", "dns", "2.0", EVERY_GROUP),
    Wanted("dhcp", "dhcp"),
)


def recorded_window() -> list[HandlerSnapshot]:
    """Read a capture of a resolver; its packets all come from and go to this host."""
    source = Source(FOLDER / "dns_resolver.pcap", hosts="0.0.0.0/0,::/0")
    return measure(source, WANTED, tap="anycast").snapshots()
