"""Packets by direction, protocol, address, place and network (handler net, versions 1.0 and 2.0)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import ClassVar

from pktvisor.errors import ConfigError
from pktvisor.handlers.base import Handler
from pktvisor.metrics.breakdown import TOGETHER, by_direction
from pktvisor.metrics.expressions import (
    ALWAYS,
    DEEP,
    EVENT,
    FILTERED,
    PASSED,
    SAMPLED,
    Column,
    Condition,
    ip,
    packet,
    tcp,
    transport,
)
from pktvisor.metrics.kinds import Cardinality, Counter, Metric, Quantiles, Rate, TopN

UNKNOWN, IN, OUT = (packet.direction == number for number in range(3))
IPV4, IPV6 = ip.version == 4, ip.version == 6
UDP, TCP, OTHER_L4 = transport.protocol == 17, transport.protocol == 6, transport.protocol == 0
SYN = tcp.flags.has_bits(2)


class NetFilters(Handler):
    """What both versions have in common: the filters by place and network of the remote address."""

    table = "packet"
    inputs = ("pcap", "dnstap", "mock")
    both_ends: ClassVar[Mapping[str, tuple[tuple[Column, Condition], ...]]]
    """What feeds metrics of addresses where dnstap does, by their names."""
    options = ("geoloc_notfound", "asn_notfound", "only_geoloc_prefix", "only_asn_number", "recorded_stream")

    def keep(self) -> Condition:
        kept = self._keep_places() & self._keep_networks()
        return ALWAYS if self.is_of_dnstap else kept

    def metrics(self) -> Mapping[str, Metric]:
        """Of dnstap both ends count: a server that tells is no more host than who asks it."""
        if not self.is_of_dnstap:
            return self.declared()
        return {name: self._of_both_ends(name, metric) for name, metric in self.declared().items()}

    def _of_both_ends(self, name: str, metric: Metric) -> Metric:
        if name not in self.both_ends or not isinstance(metric, TopN | Cardinality):
            return metric
        (column, where), *also = self.both_ends[name]
        return replace(metric, column=column, where=where, also=tuple(also))

    def _keep_places(self) -> Condition:
        prefixes = self.entries("only_geoloc_prefix")
        return _remote_is(self.flag("geoloc_notfound"), prefixes, (ip.src.place, ip.dst.place))

    def _keep_networks(self) -> Condition:
        numbers = [_as_number(number) for number in self.entries("only_asn_number")]
        prefixes = [f"{number}/" for number in numbers]
        return _remote_is(self.flag("asn_notfound"), prefixes, (ip.src.network, ip.dst.network), map(str, numbers))


MOST_AS_NUMBER = 2**32 - 1
"""AS numbers have 32 bits (RFC 6793)."""


def _as_number(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text[:20]) > MOST_AS_NUMBER:
        raise ConfigError(
            f"NetStreamHandler: only_asn_number filter contained an invalid/unsupported value: {text[:60]}",
            key="only_asn_number",
        )
    return int(text)


def _remote_is(
    may_be_unknown: bool, prefixes: list[str], ends: tuple[Column, Column], names: Iterable[str] = ()
) -> Condition:
    """The remote end is unknown, where that is asked for, or called by one of the prefixes or of the whole names."""
    wholes = [*(("Unknown",) if may_be_unknown else ()), *names]

    def fits(end: Column) -> Condition:
        if wholes and prefixes:
            return end.one_of_texts(wholes) | end.starts_with(*prefixes)
        return end.one_of_texts(wholes) if wholes else end.starts_with(*prefixes)

    if not may_be_unknown and not prefixes:
        return ALWAYS
    source, destination = ends
    return (IN & fits(source)) | (OUT & fits(destination))


class Net(NetFilters):
    """Version 1.0: packets in all, with counters by direction."""

    type, version, schema = "net", "1.0", "packets"
    groups = {"cardinality": True, "counters": True, "top_geo": True, "top_ips": True}

    total = Counter(groups=("counters",), help="Count of total packets matched by the configured filter(s)")
    filtered = Counter(
        within=FILTERED, groups=("counters",), help="Count of packets dropped by the configured filter(s)"
    )
    in_ = Counter(IN, path="in", groups=("counters",), help="Count of total ingress packets")
    out = Counter(OUT, groups=("counters",), help="Count of total egress packets")
    unknown_dir = Counter(UNKNOWN, groups=("counters",), help="Count of packets whose direction can't be determined")
    ipv4 = Counter(IPV4, groups=("counters",), help="Count of IPv4 packets")
    ipv6 = Counter(IPV6, groups=("counters",), help="Count of IPv6 packets")
    udp = Counter(UDP, groups=("counters",), help="Count of UDP packets")
    tcp = Counter(TCP, groups=("counters",), help="Count of TCP packets")
    other_l4 = Counter(OTHER_L4, groups=("counters",), help="Count of packets which are neither UDP nor TCP")
    syn = Counter(SYN, path="protocol.tcp.syn", within=DEEP, groups=("counters",), help="Count of TCP SYN packets")

    src_ips_in = Cardinality(
        ip.src, IN, path="cardinality.src_ips_in", groups=("cardinality",), help="Source IP cardinality, ingress"
    )
    dst_ips_out = Cardinality(
        ip.dst, OUT, path="cardinality.dst_ips_out", groups=("cardinality",), help="Destination IP cardinality, egress"
    )
    top_ipv4 = TopN(
        ip.src, IN & IPV4, also=((ip.dst, OUT & IPV4),), label="ipv4", groups=("top_ips",), help="Top IPv4 addresses"
    )
    top_ipv6 = TopN(
        ip.src, IN & IPV6, also=((ip.dst, OUT & IPV6),), label="ipv6", groups=("top_ips",), help="Top IPv6 addresses"
    )
    top_geo = TopN(
        ip.src.place,
        IN,
        also=((ip.dst.place, OUT),),
        path="top_geoLoc",
        label="geo_loc",
        groups=("top_geo",),
        help="Top places of remote addresses",
    )
    top_asn = TopN(
        ip.src.network,
        IN,
        also=((ip.dst.network, OUT),),
        path="top_ASN",
        label="asn",
        groups=("top_geo",),
        help="Top autonomous systems of remote addresses",
    )

    payload_size = Quantiles(packet.wire_bytes, within=PASSED, help="Quantiles of packet sizes, in bytes")
    pps_in = Rate(IN, path="rates.pps_in", help="Rate of ingress in packets per second")
    pps_out = Rate(OUT, path="rates.pps_out", help="Rate of egress in packets per second")
    pps_total = Rate(path="rates.pps_total", help="Rate of all packets per second")
    bytes_in = Rate(
        IN, packet.wire_bytes, path="rates.bytes_in", prefix="payload", help="Rate of ingress in bytes per second"
    )
    bytes_out = Rate(
        OUT, packet.wire_bytes, path="rates.bytes_out", prefix="payload", help="Rate of egress in bytes per second"
    )
    bytes_total = Rate(
        value=packet.wire_bytes,
        path="rates.bytes_total",
        prefix="payload",
        help="Rate of all packets in bytes per second",
    )
    pps_events = Rate(path="rates.pps_events", within=EVENT, help="Rate of packets per second, before filters")
    events = Counter(within=EVENT, help="Count of all packets, before filters")
    deep_samples = Counter(within=SAMPLED, help="Count of packets that were sampled for deep inspection")

    both_ends = {
        "src_ips_in": ((ip.src, ALWAYS),),
        "dst_ips_out": ((ip.dst, ALWAYS),),
        "top_ipv4": ((ip.src, IPV4), (ip.dst, IPV4)),
        "top_ipv6": ((ip.src, IPV6), (ip.dst, IPV6)),
        "top_geo": ((ip.src.place, ALWAYS), (ip.dst.place, ALWAYS)),
        "top_asn": ((ip.src.network, ALWAYS), (ip.dst.network, ALWAYS)),
    }


class NetByDirection(NetFilters):
    """Version 2.0: the same, kept apart by direction."""

    type, version, schema = "net", "2.0", "net"
    groups = {"cardinality": True, "counters": True, "quantiles": True, "top_geo": True, "top_ips": True}
    by = by_direction(packet.direction)

    seen = Counter(is_hidden=True)
    total_packets = Counter(groups=("counters",), help="Count of total packets matched by the configured filter(s)")
    ipv4_packets = Counter(IPV4, groups=("counters",), help="Count of IPv4 packets")
    ipv6_packets = Counter(IPV6, groups=("counters",), help="Count of IPv6 packets")
    udp_packets = Counter(UDP, groups=("counters",), help="Count of UDP packets")
    tcp_packets = Counter(TCP, groups=("counters",), help="Count of TCP packets")
    other_l4_packets = Counter(OTHER_L4, groups=("counters",), help="Count of packets which are neither UDP nor TCP")
    syn_packets = Counter(
        SYN, path="tcp.syn_packets", within=DEEP, groups=("counters",), help="Count of TCP SYN packets"
    )

    # The remote address; both where the direction is not known.
    ips = Cardinality(
        ip.src,
        ~OUT,
        also=((ip.dst, ~IN),),
        path="cardinality.ips",
        groups=("cardinality",),
        help="Cardinality of remote addresses",
    )
    top_ipv4_packets = TopN(
        ip.src, ~OUT & IPV4, also=((ip.dst, ~IN & IPV4),), label="ipv4", groups=("top_ips",), help="Top IPv4 addresses"
    )
    top_ipv6_packets = TopN(
        ip.src, ~OUT & IPV6, also=((ip.dst, ~IN & IPV6),), label="ipv6", groups=("top_ips",), help="Top IPv6 addresses"
    )
    top_geo_loc_packets = TopN(
        ip.src.place,
        ~OUT,
        also=((ip.dst.place, ~IN),),
        label="geo_loc",
        groups=("top_geo",),
        help="Top places of remote addresses",
    )
    top_asn_packets = TopN(
        ip.src.network,
        ~OUT,
        also=((ip.dst.network, ~IN),),
        label="asn",
        groups=("top_geo",),
        help="Top autonomous systems of remote addresses",
    )
    payload_size_bytes = Quantiles(
        packet.wire_bytes, within=PASSED, groups=("quantiles",), help="Quantiles of packet sizes, in bytes"
    )
    pps = Rate(path="rates.pps", groups=("quantiles",), help="Rate of packets per second")
    bps = Rate(value=packet.wire_bytes, path="rates.bps", groups=("quantiles",), help="Rate of bytes per second")

    filtered_packets = Counter(
        within=FILTERED,
        groups=("counters",),
        by=TOGETHER,
        help="Count of packets dropped by the configured filter(s)",
    )
    observed_pps = Rate(
        path="rates.observed_pps", within=EVENT, by=TOGETHER, help="Rate of packets per second, before filters"
    )
    observed_packets = Counter(within=EVENT, by=TOGETHER, help="Count of all packets, before filters")
    deep_sampled_packets = Counter(
        within=SAMPLED, by=TOGETHER, help="Count of packets that were sampled for deep inspection"
    )

    both_ends = {
        "ips": ((ip.src, ALWAYS), (ip.dst, ALWAYS)),
        "top_ipv4_packets": ((ip.src, IPV4), (ip.dst, IPV4)),
        "top_ipv6_packets": ((ip.src, IPV6), (ip.dst, IPV6)),
        "top_geo_loc_packets": ((ip.src.place, ALWAYS), (ip.dst.place, ALWAYS)),
        "top_asn_packets": ((ip.src.network, ALWAYS), (ip.dst.network, ALWAYS)),
    }

    def witness(self) -> str:
        return "seen"
