"""A policy with a metric of every kind, items of every kind and groups.

Windows of it are in tests/fixtures/windows as former releases wrote them: it must go on to mean the same.
"""

from __future__ import annotations

from typing import Any

from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.custom import Custom
from pktvisor.handlers.input_resources import InputResources
from pktvisor.handlers.pcap import Pcap
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from pktvisor.policies.summary import open_databases, run_file
from support.captures import FOLDER

GEO = FOLDER.parent / "fixtures" / "geo"

PACKETS: dict[str, Any] = {
    "packets": {"counter": "packet"},
    "bytes": {"counter": "packet.bytes", "where": "ip.version == 4"},
    "per_second": {"rate": "packet"},
    "senders": {"cardinality": "ip.src"},
    "ports": {"top_n": "transport.dst_port"},
    "talkers": {"top_n": "ip.src", "weight": "packet.bytes"},
    "sizes": {"quantiles": "packet.bytes"},
    "spread": {"histogram": "packet.bytes"},
    "places": {"top_n": "ip.src.place"},
    "by_protocol": {"counter": "packet", "by": "transport.protocol"},
    "senders_by_protocol": {"cardinality": "ip.src", "by": "transport.protocol"},
    "top_by_sender": {"top_n": "transport.dst_port", "by": "ip.src", "most_groups": 3},
    "per_second_by_sender": {"rate": "packet", "by": "ip.src", "most_groups": 3},
    "by_direction": {"quantiles": "packet.bytes", "by": "direction"},
}
MESSAGES: dict[str, Any] = {
    "questions": {"counter": "dns", "where": "dns.is_reply == 0"},
    "names": {"top_n": "dns.qname"},
    "codes": {"top_n": "dns.rcode", "where": "dns.is_reply == 1"},
    "times": {"histogram": "xact.time_us"},
    "names_by_type": {"cardinality": "dns.qname", "by": "dns.qtype"},
}


def every_kind(
    periods: int = 5, *, packets: dict[str, Any] | None = None, messages: dict[str, Any] | None = None, where: str = ""
) -> Policy:
    """The policy; `where` filters its packets."""
    options = {"where": where} if where else {}
    instances = [
        Instance("packets", Custom(HandlerSettings(options=options, metrics=PACKETS if packets is None else packets))),
        Instance("messages", Custom(HandlerSettings(metrics=MESSAGES if messages is None else messages))),
        Instance("capture", Pcap(HandlerSettings())),
        Instance("resources", InputResources(HandlerSettings())),
    ]
    databases = open_databases(str(GEO / "city.mmdb"), str(GEO / "asn.mmdb"))
    return Policy("every_kind", instances, periods=periods, is_recorded=True, databases=databases)


def fed(policy: Policy, capture: str = "multi_window.pcap") -> Policy:
    """The policy with the packets of a capture in it."""
    run_file(str(FOLDER / capture), policy, hosts="192.0.2.0/24,10.0.0.0/8")
    return policy
