"""DHCP messages, and who got which address from whom (handler dhcp, version 1.0)."""

from __future__ import annotations

from collections.abc import Mapping

from pktvisor.handlers.base import Handler
from pktvisor.metrics.compatibility import Parameter
from pktvisor.metrics.expressions import EVENT, FILTERED, SAMPLED, dhcp
from pktvisor.metrics.kinds import Counter, Rate, TopN

V4, V6 = dhcp.version == 4, dhcp.version == 6


class Dhcp(Handler):
    """Version 1.0. IPv6 messages have counters of their own and are not part of the total; those behind relays, too."""

    type, schema, table = "dhcp", "dhcp", "dhcp"
    inputs = ("pcap", "mock")
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
    # What the C++ agent doesn't count: the rest of a client's life with its address.
    renew = Counter(
        V4 & (dhcp.renewal == 1),
        path="wire_packets.renew",
        help="Count of DHCP REQUEST packets of clients that renew their address with its server",
    )
    rebind = Counter(
        V4 & (dhcp.renewal == 2),
        path="wire_packets.rebind",
        help="Count of DHCP REQUEST packets of clients that want to keep their address, to any server",
    )
    decline = Counter(
        V4 & (dhcp.message_type == 4),
        path="wire_packets.decline",
        help="Count of DHCP packets with message type DECLINE",
    )
    nak = Counter(
        V4 & (dhcp.message_type == 6), path="wire_packets.nak", help="Count of DHCP packets with message type NAK"
    )
    release = Counter(
        V4 & (dhcp.message_type == 7),
        path="wire_packets.release",
        help="Count of DHCP packets with message type RELEASE",
    )
    inform = Counter(
        V4 & (dhcp.message_type == 8), path="wire_packets.inform", help="Count of DHCP packets with message type INFORM"
    )
    confirm = Counter(
        V6 & (dhcp.message_type == 4),
        path="wire_packets.confirm",
        help="Count of DHCPv6 packets with message type CONFIRM",
    )
    renew_v6 = Counter(
        V6 & (dhcp.message_type == 5),
        path="wire_packets.renew_v6",
        help="Count of DHCPv6 packets with message type RENEW",
    )
    rebind_v6 = Counter(
        V6 & (dhcp.message_type == 6),
        path="wire_packets.rebind_v6",
        help="Count of DHCPv6 packets with message type REBIND",
    )
    release_v6 = Counter(
        V6 & (dhcp.message_type == 8),
        path="wire_packets.release_v6",
        help="Count of DHCPv6 packets with message type RELEASE",
    )
    decline_v6 = Counter(
        V6 & (dhcp.message_type == 9),
        path="wire_packets.decline_v6",
        help="Count of DHCPv6 packets with message type DECLINE",
    )
    reconfigure = Counter(
        V6 & (dhcp.message_type == 10),
        path="wire_packets.reconfigure",
        help="Count of DHCPv6 packets with message type RECONFIGURE",
    )
    information_request = Counter(
        V6 & (dhcp.message_type == 11),
        path="wire_packets.information_request",
        help="Count of DHCPv6 packets with message type INFORMATION-REQUEST",
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
