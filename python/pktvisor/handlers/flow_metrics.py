"""What the handler flow counts of each exporter and of each of its interfaces."""

from __future__ import annotations

from collections.abc import Iterator

from pktvisor.metrics.breakdown import GroupColumn, Open
from pktvisor.metrics.dscp_names import dscp_name, ecn_name
from pktvisor.metrics.expressions import ALWAYS, EVENT, FILTERED, flow
from pktvisor.metrics.kinds import Cardinality, Counter, Metric, TopN

MOST_DEVICES = 10_000
MOST_INTERFACES = 500_000

_DEVICE = GroupColumn("device", flow.exporter, level="devices")
DEVICE = Open((_DEVICE,), MOST_DEVICES)
INTERFACE = Open(
    (_DEVICE, GroupColumn("device_interface", flow.in_interface, level="interfaces", joins="|")),
    MOST_INTERFACES,
    also=((flow.exporter, flow.out_interface),),
)
"""A record counts for the interface that its traffic comes in by, and for the one that it leaves by."""

DIRECTIONS = ("in", "out")
"""The keys of `INTERFACE`, by their numbers."""

WEIGHTS = {"bytes": flow.bytes, "packets": flow.packets}

TCP, UDP = flow.protocol == 6, flow.protocol == 17
KINDS = {
    "": (ALWAYS, ""),
    "ipv4_": (flow.ip_version != 6, "IPv4"),
    "ipv6_": (flow.ip_version == 6, "IPv6"),
    "tcp_": (TCP, "TCP"),
    "udp_": (UDP, "UDP"),
    "other_l4_": (~(TCP | UDP), "other than TCP and UDP"),
}
"""What traffic is told apart by: first part of the name, the rows, and what people call it."""

INTERFACE_LABEL = "interface"
"""Label of lists of interfaces, whose items are numbers of interfaces of the device at hand."""


def of_devices() -> Iterator[Metric]:
    """What is counted of each exporter."""
    yield Counter(
        path="records_flows",
        by=DEVICE,
        groups=("counters",),
        help="Count of total flows records that match the configured filter(s) (if any)",
    )
    yield Counter(
        path="records_filtered",
        by=DEVICE,
        groups=("counters",),
        within=FILTERED,
        help="Count of total flows records seen that did not match the configured filter(s) (if any)",
    )
    # What the C++ agent doesn't count.
    yield Counter(
        path="records_lost",
        by=DEVICE,
        groups=("counters",),
        value=flow.lost,
        within=EVENT,
        help="Count of flow records that never came, by the sequence numbers of the exporter",
    )
    yield Counter(
        path="datagrams_lost",
        by=DEVICE,
        groups=("counters",),
        value=flow.lost_datagrams,
        within=EVENT,
        help="Count of flow datagrams that never came, by the sequence numbers of the exporter",
    )
    for weight, column in WEIGHTS.items():
        for key, (direction, name) in enumerate((("in", "input"), ("out", "output"))):
            yield TopN(
                (flow.in_interface, flow.out_interface)[key],
                path=f"top_{direction}_interfaces_{weight}",
                by=DEVICE,
                groups=("top_interfaces", f"by_{weight}"),
                label=INTERFACE_LABEL,
                weight=column,
                help=f"Top {name} interfaces by {weight}",
            )


def of_interfaces() -> Iterator[Metric]:
    """What is counted of each interface of an exporter."""
    for weight in WEIGHTS:
        for key in range(len(DIRECTIONS)):
            yield from _counters(key, weight)
            yield from _top_lists(key, weight)
        yield from _undirected(weight)
    yield from _cardinalities()


def _counters(key: int, weight: str) -> Iterator[Metric]:
    direction = DIRECTIONS[key]
    for prefix, (rows, name) in KINDS.items():
        yield Counter(
            rows,
            WEIGHTS[weight],
            path=f"{direction}_{prefix}{weight}",
            by=INTERFACE,
            key=key,
            groups=("counters", f"by_{weight}"),
            help=f"Count of {direction} {weight}" if not name else f"Count of {direction} {name} by {weight}",
        )


def _top_lists(key: int, weight: str) -> Iterator[Metric]:
    direction = DIRECTIONS[key]
    for end, name in (("src", "source"), ("dst", "destination")):
        address, port, endpoint = (getattr(flow, f"{end}{part}") for part in ("", "_port", "_endpoint"))
        for what, column, rows, group, label, text in (
            ("ips", address, ALWAYS, "top_ips", "ip", "IP addresses"),
            ("ports", port, port != 0, "top_ports", "port", "ports"),
            ("ip_ports", endpoint, ALWAYS, "top_ips_ports", "ip_port", "IP addresses and port"),
        ):
            yield TopN(
                column,
                rows,
                path=f"top_{direction}_{end}_{what}_{weight}",
                by=INTERFACE,
                key=key,
                groups=(group, f"by_{weight}"),
                label=label,
                weight=WEIGHTS[weight],
                help=f"Top {direction} {name} {text} by {weight}",
            )
    for what, column, render in (("dscp", flow.dscp, dscp_name), ("ecn", flow.ecn, ecn_name)):
        yield TopN(
            column,
            path=f"top_{direction}_{what}_{weight}",
            by=INTERFACE,
            key=key,
            groups=("top_tos", f"by_{weight}"),
            label=what,
            weight=WEIGHTS[weight],
            count=10,
            render=render,
            help=f"Top {direction} IP {what.upper()} by {weight}",
        )


def _undirected(weight: str) -> Iterator[Metric]:
    """Top lists of both directions together: traffic that comes in and leaves by one interface counts twice."""
    yield TopN(
        flow.conversation,
        path=f"top_conversations_{weight}",
        by=INTERFACE,
        groups=("conversations", f"by_{weight}"),
        label="conversation",
        weight=WEIGHTS[weight],
        help=f"Top source IP addresses and port by {weight}",
    )
    for what, source, other, label, text in (
        ("geo_loc", flow.src.place, flow.dst.place, "geo_loc", "GeoIP locations"),
        ("asn", flow.src.network, flow.dst.network, "asn", "ASNs by IP"),
    ):
        yield TopN(
            source,
            also=((other, ALWAYS),),
            path=f"top_{what}_{weight}",
            by=INTERFACE,
            groups=("top_geo", f"by_{weight}"),
            label=label,
            weight=WEIGHTS[weight],
            help=f"Top {text} by {weight}",
        )


def _cardinalities() -> Iterator[Metric]:
    for path, column, rows, text in (
        ("src_ips_in", flow.src, ALWAYS, "Source IP"),
        ("dst_ips_out", flow.dst, ALWAYS, "Destination IP"),
        ("src_ports_in", flow.src_port, flow.src_port != 0, "Source ports"),
        ("dst_ports_out", flow.dst_port, flow.dst_port != 0, "Destination ports"),
    ):
        yield Cardinality(
            column,
            rows,
            path=f"cardinality.{path}",
            by=INTERFACE,
            groups=("cardinality",),
            help=f"{text} cardinality",
        )
    yield Cardinality(
        flow.conversation,
        path="cardinality.conversations",
        by=INTERFACE,
        groups=("cardinality", "conversations"),
        help="Conversations cardinality",
    )
