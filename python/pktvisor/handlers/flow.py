"""Flow records by exporter and interface (handler flow, version 1.0)."""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping

from pktvisor.config import scalars
from pktvisor.errors import ConfigError, within
from pktvisor.handlers.base import Handler, HandlerSettings
from pktvisor.metrics.breakdown import GroupColumn, Open
from pktvisor.metrics.dscp_names import dscp_name, ecn_name
from pktvisor.metrics.expressions import ALWAYS, EVENT, FILTERED, Column, Condition, flow
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

_PORT_RANGE = re.compile(r"([0-9]{1,10})(?:-([0-9]{1,10}))?")
MOST_PORT = 2**16 - 1
MOST_INTERFACE = 2**32 - 1


class Flow(Handler):
    """Version 1.0. A record counts for the interface it comes in by and for the one it leaves by."""

    type, schema, table = "flow", "flow", "flow"
    inputs = ("flow", "mock")
    without_database = "has no effect"
    options = (
        "only_ips",
        "only_ports",
        "only_device_interfaces",
        "only_directions",
        "geoloc_notfound",
        "asn_notfound",
        "recorded_stream",
    )
    groups: Mapping[str, bool] = {
        "by_bytes": True,
        "by_packets": True,
        "cardinality": True,
        "conversations": False,
        "counters": True,
        "top_geo": False,
        "top_interfaces": False,
        "top_ips": True,
        "top_ips_ports": True,
        "top_ports": True,
        "top_tos": False,
    }

    def __init__(self, settings: HandlerSettings) -> None:
        super().__init__(settings)
        self._sides = [self._interfaces(), self._directions()]

    @classmethod
    @functools.cache
    def declared(cls) -> Mapping[str, Metric]:
        return {metric.path: metric for metric in (*_of_devices(), *_of_interfaces())}

    def keep(self) -> Condition:
        sides = [one | other for one, other in self._sides]
        return functools.reduce(Condition.__and__, (self._addresses(), self._ports(), *sides, *self._unknown()))

    def counts_by(self, by: Open, key: int) -> Condition:
        """Rows that count for an interface: a filter may take away one of the two that a record has."""
        if by != INTERFACE:
            return ALWAYS
        return functools.reduce(Condition.__and__, (sides[key] for sides in self._sides))

    def _addresses(self) -> Condition:
        networks = self.texts("only_ips")
        with within("only_ips"):
            checked = [_network(text) for text in networks]
        return _either(lambda column: column.within(*checked), flow.src, flow.dst) if networks else ALWAYS

    def _ports(self) -> Condition:
        with within("only_ports"):
            invalid = "FlowHandler: invalid 'only_ports' filter value"
            ranges = [_range(text, MOST_PORT, invalid) for text in self.texts("only_ports")]
        return _either(lambda column: _in_ranges(column, ranges), flow.src_port, flow.dst_port) if ranges else ALWAYS

    def _interfaces(self) -> tuple[Condition, Condition]:
        """Of each direction, the rows whose interface is listed."""
        devices = scalars.section(self.settings.options, "only_device_interfaces")
        if not self.has("only_device_interfaces"):
            return ALWAYS, ALWAYS
        sides = [~ALWAYS, ~ALWAYS]
        for device, listed in devices.items():
            with within(f"only_device_interfaces.{device}"):
                address = _network(device, "FlowHandler: 'only_device_interfaces' filter has an invalid device IP")
                texts = [str(text) for text in scalars.texts({"": listed}, "")]
                invalid = "FlowHandler: invalid 'only_device_interfaces' filter interface value"
                ranges = [
                    (0, MOST_INTERFACE) if text == "*" else _range(text, MOST_INTERFACE, invalid) for text in texts
                ]
            for key, column in enumerate((flow.in_interface, flow.out_interface)):
                sides[key] = sides[key] | flow.exporter.within(address) & _in_ranges(column, ranges)
        return sides[0], sides[1]

    def _directions(self) -> tuple[Condition, Condition]:
        """Of each direction, all rows or none."""
        if not self.has("only_directions"):
            return ALWAYS, ALWAYS
        wanted = self.texts("only_directions")
        for direction in wanted:
            if direction not in DIRECTIONS:
                message = "FlowStreamHandler: only_directions filter contained an invalid/unsupported direction"
                hint = "a direction is in or out"
                raise ConfigError(f"{message}: {direction[:60]}", hint=hint, path="only_directions")
        return tuple(ALWAYS if direction in wanted else ~ALWAYS for direction in DIRECTIONS)  # type: ignore[return-value]

    def _unknown(self) -> Iterator[Condition]:
        if self.flag("geoloc_notfound"):
            yield _either(lambda column: _is_unknown(column.place), flow.src, flow.dst)
        if self.flag("asn_notfound"):
            yield _either(lambda column: _is_unknown(column.network), flow.src, flow.dst)


def _is_unknown(found: Column) -> Condition:
    """The database does not know the address, or there is none: then nothing begins with anything."""
    return (found == "Unknown") | ~found.starts_with("")


def _either(fits: Callable[[Column], Condition], one: Column, other: Column) -> Condition:
    return fits(one) | fits(other)


def _network(text: str, invalid: str = "invalid CIDR") -> str:
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        raise ConfigError(f"{invalid}: {text[:60]}") from None


def _range(text: str, most: int, invalid: str) -> tuple[int, int]:
    """A number, or two with a dash between them, whichever comes first."""
    found = _PORT_RANGE.fullmatch(text)
    if found is None:
        raise ConfigError(f"{invalid}: {text[:60]}", hint="it needs a number or a range of numbers, as 1-1023")
    ends = sorted(int(number) for number in (found[1], found[2] or found[1]))
    if ends[1] > most:
        raise ConfigError(f"{invalid}: {text[:60]}", hint=f"{ends[1]} is larger than {most}")
    return ends[0], ends[1]


def _in_ranges(column: Column, ranges: list[tuple[int, int]]) -> Condition:
    return functools.reduce(Condition.__or__, ((column >= low) & (column <= high) for low, high in ranges), ~ALWAYS)


def _of_devices() -> Iterator[Metric]:
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
                label="interface",
                weight=column,
                help=f"Top {name} interfaces by {weight}",
            )


def _of_interfaces() -> Iterator[Metric]:
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
