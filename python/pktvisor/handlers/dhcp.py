"""DHCP messages, and who got which address from whom (handler dhcp, version 1.0)."""

from __future__ import annotations

from collections.abc import Mapping

from pktvisor.handlers.base import Handler
from pktvisor.metrics.expressions import EVENT, FILTERED, SAMPLED, Parameter, dhcp
from pktvisor.metrics.kinds import Counter, Rate, TopN

V4, V6 = dhcp.version == 4, dhcp.version == 6


class Dhcp(Handler):
    """Version 1.0. IPv6 messages have counters of their own and are not part of the total."""

    type, schema, table = "dhcp", "dhcp", "dhcp"
    options = ("recorded_stream", "xact_ttl_secs", "xact_ttl_ms")
    fixed_top = True

    total = Counter(V4, path="wire_packets.total", help="Count of total DHCPv4 wire packets")
    discover = Counter(
        V4 & (dhcp.message_type == 1),
        path="wire_packets.discover",
        help="Count of DHCP packets with message type DISCOVER",
    )
    offer = Counter(
        V4 & (dhcp.message_type == 2), path="wire_packets.offer", help="Count of DHCP packets with message type OFFER"
    )
    request = Counter(
        V4 & (dhcp.message_type == 3),
        path="wire_packets.request",
        help="Count of DHCP packets with message type REQUEST",
    )
    ack = Counter(
        V4 & (dhcp.message_type == 5), path="wire_packets.ack", help="Count of DHCP packets with message type ACK"
    )
    solicit = Counter(
        V6 & (dhcp.message_type == 1),
        path="wire_packets.solicit",
        help="Count of DHCPv6 packets with message type SOLICIT",
    )
    advertise = Counter(
        V6 & (dhcp.message_type == 2),
        path="wire_packets.advertise",
        help="Count of DHCPv6 packets with message type ADVERTISE",
    )
    request_v6 = Counter(
        V6 & (dhcp.message_type == 3),
        path="wire_packets.request_v6",
        help="Count of DHCPv6 packets with message type REQUEST",
    )
    reply = Counter(
        V6 & (dhcp.message_type == 7), path="wire_packets.reply", help="Count of DHCPv6 packets with message type REPLY"
    )
    filtered = Counter(within=FILTERED, path="wire_packets.filtered", help="Count of DHCP packets dropped by filters")
    events = Counter(within=EVENT, path="wire_packets.events", help="Count of all DHCP packets")
    deep_samples = Counter(
        within=SAMPLED, path="wire_packets.deep_samples", help="Count of DHCP packets sampled for deep inspection"
    )
    rate_total = Rate(V4, path="rates.total", help="Rate of all DHCPv4 packets per second")
    rate_events = Rate(path="rates.events", within=EVENT, help="Rate of all DHCP packets per second")
    top_clients = TopN(
        dhcp.client, dhcp.answer_us < Parameter("ttl_us"), label="client", help="Top clients that got an address"
    )
    top_servers = TopN(dhcp.server, label="server", help="Top servers that offered addresses")

    def parameters(self) -> Mapping[str, int]:
        return {"ttl_us": self.xact_ttl_ms * 1000}
