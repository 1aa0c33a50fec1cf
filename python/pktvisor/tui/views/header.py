"""The header of the first screen: six lines of figures, cut to the width by leaving out what matters least."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pktvisor.api.documents import PolicyMetrics
from pktvisor.api.values import Quantiles, number_at
from pktvisor.tui import units
from pktvisor.tui.figures import Figures, dns_figures, packet_figures
from pktvisor.tui.lines import Line, Piece, Role, width
from pktvisor.tui.units import Units

SEPARATOR: Piece = (" │ ", Role.RULE)


@dataclass(frozen=True, slots=True)
class Item:
    """A label and a figure."""

    label: str
    text: str
    rank: int = 1
    """The larger, the sooner it is left out."""
    role: Role = Role.VALUE


def header_lines(metrics: PolicyMetrics, shown: Units, cells: int) -> list[Line]:
    """Give the header's lines for the handlers that are there."""
    lines: list[list[Item]] = []
    packets, dns = packet_figures(metrics), dns_figures(metrics)
    dhcp = metrics.handler("dhcp")
    if packets is not None:
        lines += [_packets(packets, shown), _packet_rates(packets, metrics, shown)]
    if dhcp is not None:
        lines.append(_dhcp(Figures(dhcp.metrics, DHCP, False), shown))
    if dns is not None:
        lines += [_dns_wire(dns, shown), _dns_xacts(dns, shown), _dns_replies(dns, shown)]
    return [fitting(items, cells) for items in lines]


def fitting(items: Sequence[Item], cells: int) -> Line:
    """Write as many items on a line as fit, in their order."""
    kept = list(items)
    while len(kept) > 1 and width(line := _line(kept)) > cells:
        worst = max(range(len(kept)), key=lambda number: (kept[number].rank, number))
        kept.pop(worst)
    return line if len(kept) > 1 else _line(kept)


def _line(items: Sequence[Item]) -> Line:
    pieces: list[Piece] = []
    for number, item in enumerate(items):
        pieces += [SEPARATOR] if number else [(" ", Role.PLAIN)]
        pieces += [(f"{item.label} ", Role.LABEL), (item.text, item.role)]
    return tuple(pieces)


DHCP = {
    "total": ("wire_packets.total", ""),
    "filtered": ("wire_packets.filtered", ""),
    "rate": ("rates.total", ""),
    "discover": ("wire_packets.discover", ""),
    "offer": ("wire_packets.offer", ""),
    "request": ("wire_packets.request", ""),
    "ack": ("wire_packets.ack", ""),
}


def _packets(figures: Figures, shown: Units) -> list[Item]:
    part = _parts(figures, shown, figures.amount("total"))
    both = _parts(figures, shown, figures.amount("in") + figures.amount("out"))
    return [
        Item("Pkts", units.count(figures.number("total")), 0),
        part("UDP", "udp"),
        part("TCP", "tcp"),
        part("Other", "other", 4),
        part("IPv4", "ipv4", 2),
        part("IPv6", "ipv6", 2),
        both("In", "in"),
        both("Out", "out"),
        part("Deep Samples", "deep", 5),
    ]


def _packet_rates(figures: Figures, metrics: PolicyMetrics, shown: Units) -> list[Item]:
    pcap = metrics.handler("pcap")
    items = [
        Item("Pkt Rates Total", _rate(figures.quantiles("rate"), "pps"), 0),
        Item("In", _rate(figures.quantiles("rate_in"), "pps"), 3),
        Item("Out", _rate(figures.quantiles("rate_out"), "pps"), 3),
        *_volume(figures, shown),
        Item("IP Card. In", units.count(figures.number("sources")), 5),
        Item("IP Card. Out", units.count(figures.number("destinations")), 5),
    ]
    if pcap is not None:
        drops = (("OS Drops", "os_drops", 1), ("IF Drops", "if_drops", 6), ("TCP Errors", "tcp_reassembly_errors", 4))
        items += [_alarm(label, number_at(pcap.metrics, path), rank) for label, path, rank in drops]
    return items


def _volume(figures: Figures, shown: Units) -> list[Item]:
    total = figures.volume()
    return [] if total is None else [Item("Volume", shown.volume(total), 2)]


def _dhcp(figures: Figures, shown: Units) -> list[Item]:
    total = figures.amount("total")
    part = _parts(figures, shown, total)
    return [
        Item("DHCP Wire Pkts", f"{units.count(total - figures.amount('filtered'))}/{units.count(total)}", 0),
        Item("Rates Total", _rate(figures.quantiles("rate"), "pps"), 2),
        part("Discover", "discover"),
        part("Offer", "offer"),
        part("Request", "request"),
        part("Ack", "ack"),
    ]


def _dns_wire(figures: Figures, shown: Units) -> list[Item]:
    total, events = figures.number("total"), figures.number("events")
    base = total if total is not None else figures.amount("xacts")
    part = _parts(figures, shown, base)
    counts = [units.count(number) for number in (total, events) if number is not None]
    return [
        Item("DNS Wire Pkts", "/".join(counts) or units.NOTHING, 0),
        Item("Rates Total", _rate(figures.quantiles("rate"), "pps"), 2),
        part("UDP", "udp", 3),
        part("TCP", "tcp", 3),
        part("IPv4", "ipv4", 4),
        part("IPv6", "ipv6", 4),
        *([part("Query", "queries"), part("Response", "replies")] if figures.number("queries") is not None else []),
    ]


def _dns_xacts(figures: Figures, shown: Units) -> list[Item]:
    part = _parts(figures, shown, figures.amount("xacts"))
    return [
        Item("DNS Xacts", units.count(figures.number("xacts")), 0),
        Item("Timed Out", units.count(figures.number("timed_out")), 1),
        part("In", "xacts_in", 3),
        part("Out", "xacts_out", 3),
        Item("In Time", _times(figures.quantiles("time_in")), 1),
        Item("Out Time", _times(figures.quantiles("time_out")), 1),
        Item("Qname Card.", units.count(figures.number("qnames")), 4),
    ]


def _dns_replies(figures: Figures, shown: Units) -> list[Item]:
    part = _parts(figures, shown, figures.amount("replies"))
    return [
        part("DNS NOERROR", "noerror", 0),
        part("SRVFAIL", "srvfail"),
        part("NXDOMAIN", "nxdomain"),
        part("REFUSED", "refused"),
        part("NODATA", "nodata", 2),
    ]


class _parts:  # noqa: N801 (used like a function)
    """Makes items of counts that are parts of a base."""

    def __init__(self, figures: Figures, shown: Units, base: float) -> None:
        self._figures, self._shown, self._base = figures, shown, base

    def __call__(self, label: str, name: str, rank: int = 1) -> Item:
        number = self._figures.number(name)
        if number is None or not self._shown.is_percent:
            return Item(label, units.count(number), rank)
        return Item(label, units.percent(number, self._base), rank)


def _alarm(label: str, number: float | None, rank: int) -> Item:
    """Give a count that should be 0; once it isn't, it stays on the line."""
    return Item(label, units.count(number), 1 if number else rank, Role.BAD if number else Role.VALUE)


def _rate(rate: Quantiles | None, unit: str) -> str:
    """Write a rate: the last second, then p50/p90/p95/p99."""
    if rate is None:
        return units.NOTHING
    live = "" if rate.live is None else f"{units.short(rate.live)}/s "
    return f"{live}{'/'.join(units.short(value) for value in rate.values)} {unit}"


def _times(times: Quantiles | None) -> str:
    """Write answer times: p50/p90/p95/p99 in milliseconds."""
    if times is None:
        return units.NOTHING
    return f"{'/'.join(units.milliseconds(value) for value in times.values)} ms"
