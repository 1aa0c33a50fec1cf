"""The network: how much, in which direction, by which protocols, and who."""

from __future__ import annotations

from grafana_foundation_sdk.models.units import BitsPerSecondSI, BytesSI, PacketsPerSecond, PercentUnit, Short

from boards.board import Board, Row, agent_choices
from boards.metrics import DHCP, NET
from boards.panels import Limits, Line, graph, number, ranking
from boards.queries import counter, greatest, quantile, rate, share

TOTAL = NET["total"]
RANKS = (("p50", "0.5"), ("p95", "0.95"), ("p99", "0.99"))
NEEDS_CITY = "It needs a database of places: --geo-city."
NEEDS_ASN = "It needs a database of networks: --geo-asn."
OF_DHCP = ("discover", "offer", "request", "ack", "nak", "decline")

NOW = Row(
    "Now",
    (
        number("Packets", "Packets per second.", PacketsPerSecond, rate(TOTAL)),
        number(
            "In",
            "Bits per second to hosts of ours, at the 95th percentile of the newest window's seconds.",
            BitsPerSecondSI,
            f"8 * {quantile(NET['rates.bytes_in'], '0.95')}",
        ),
        number(
            "Out",
            "Bits per second from hosts of ours, at the 95th percentile of the newest window's seconds.",
            BitsPerSecondSI,
            f"8 * {quantile(NET['rates.bytes_out'], '0.95')}",
        ),
        number(
            "SYN",
            "TCP SYN packets per second. A flood drives them up without more traffic.",
            PacketsPerSecond,
            rate(NET["protocol.tcp.syn"]),
        ),
        number(
            "Sources",
            "Different addresses that sent to hosts of ours, of the agent that saw most.",
            Short,
            greatest(NET["cardinality.src_ips_in"]),
        ),
        number(
            "Direction unknown",
            "Share of packets of which neither end is known as ours. Above a little, tell the agent its networks: -H.",
            PercentUnit,
            share(NET["unknown_dir"], TOTAL),
            limits=Limits(warn=0.2, bad=0.5),
        ),
    ),
)

TRAFFIC = Row(
    "Traffic",
    (
        graph(
            "Packets by direction",
            "Packets per second to, from, and not known to be either of hosts of ours.",
            PacketsPerSecond,
            [
                Line(legend, rate(NET[name]))
                for legend, name in (("in", "in"), ("out", "out"), ("unknown", "unknown_dir"))
            ],
        ),
        graph(
            "Peaks of packets",
            "Packets per second at percentiles of a window's seconds, of the busiest agent: bursts that averages hide.",
            PacketsPerSecond,
            [
                Line(f"{side} {legend}", quantile(NET[f"rates.pps_{side}"], rank))
                for side in ("in", "out")
                for legend, rank in RANKS
            ],
        ),
        graph(
            "Volume",
            "Bits per second at percentiles of a window's seconds, of the busiest agent.",
            BitsPerSecondSI,
            [
                Line(f"{side} {legend}", f"8 * {quantile(NET[f'rates.bytes_{side}'], rank)}")
                for side in ("in", "out")
                for legend, rank in RANKS
            ],
        ),
        graph(
            "Packet sizes",
            "Sizes of packets at percentiles. Falling with more packets: a flood of small ones.",
            BytesSI,
            [Line(legend, quantile(NET["payload_size"], rank)) for legend, rank in RANKS],
        ),
    ),
)

PROTOCOLS = Row(
    "Protocols",
    (
        graph(
            "Transport",
            "Packets per second by transport protocol.",
            PacketsPerSecond,
            [Line(word, rate(NET[name])) for word, name in (("TCP", "tcp"), ("UDP", "udp"), ("other", "other_l4"))],
            width=8,
            is_stacked=True,
        ),
        graph(
            "IP",
            "Packets per second by version of IP.",
            PacketsPerSecond,
            [Line(word, rate(NET[name])) for word, name in (("IPv4", "ipv4"), ("IPv6", "ipv6"))],
            width=8,
            is_stacked=True,
        ),
        graph(
            "TCP SYN and sources",
            "SYN packets per second, and different addresses that sent to us in a window. "
            "Both rising together: a flood from many sources; SYN alone: from few.",
            Short,
            [
                Line("SYN/s", rate(NET["protocol.tcp.syn"])),
                Line("sources", greatest(NET["cardinality.src_ips_in"])),
                Line("destinations", greatest(NET["cardinality.dst_ips_out"])),
            ],
            width=8,
        ),
    ),
)

WHO = Row("Addresses", (ranking(NET["top_ipv4"], width=12), ranking(NET["top_ipv6"], width=12)))
WHERE = Row(
    "Places and networks",
    (ranking(NET["top_geoLoc"], width=12, hint=NEEDS_CITY), ranking(NET["top_ASN"], width=12, hint=NEEDS_ASN)),
)
LEASES = Row(
    "DHCP",
    (
        graph(
            "DHCP messages",
            "DHCPv4 messages per second by type. DISCOVER without OFFER: no server answers; NAK and "
            "DECLINE: addresses are in conflict.",
            Short,
            [Line(word.upper(), rate(DHCP[f"wire_packets.{word}"])) for word in OF_DHCP],
            width=8,
        ),
        ranking(DHCP["top_clients"]),
        ranking(DHCP["top_servers"], hint="One that nobody knows gives out addresses that it should not."),
    ),
)

BOARD = Board(
    name="network",
    title="Network",
    description="How much traffic, in which direction, by which protocols, and who sends it. Needs the handlers net "
    "and dhcp (version 1.0), which agents run by default.",
    variables=agent_choices(counter(TOTAL)),
    rows=(NOW, TRAFFIC, PROTOCOLS, WHO, WHERE, LEASES),
)
