"""The header of the first screen: lines of figures, cut to the width by leaving out what matters least."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

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


TIGHT_PACKETS = ("Pkts", "OS Drops", "Pkt Rates Total", "Volume", "UDP", "TCP", "IPv6", "In", "Out")
TIGHT_DHCP = ("DHCP Wire Pkts", "Discover", "Offer", "Request", "Ack")
TIGHT_DNS = (
    *("DNS Wire Pkts", "Timed Out", "SRVFAIL", "NXDOMAIN", "REFUSED", "Time", "In Time", "Out Time"),
    *("DNS Xacts", "Rates Total", "Qname Card."),
)
"""What one line for each kind of handler says, what matters most first."""
SHORT = {"Pkt Rates Total": "Rates", "DHCP Wire Pkts": "DHCP", "DNS Wire Pkts": "DNS"}


def header_lines(metrics: PolicyMetrics, shown: Units, cells: int, *, is_tight: bool = False) -> list[Line]:
    """Give the header's lines for the handlers that are there; where it is tight one for each that saw anything."""
    packets, dns, dhcp = packet_figures(metrics), dns_figures(metrics), metrics.handler("dhcp")
    kinds: list[tuple[Sequence[str], list[list[Item]]]] = []
    if packets is not None:
        kinds.append((TIGHT_PACKETS, [_packets(packets, shown), _packet_rates(packets, metrics, shown)]))
    if dhcp is not None:
        kinds.append((TIGHT_DHCP, [_dhcp(Figures(dhcp.metrics, DHCP, False), shown)]))
    if dns is not None:
        kinds.append((TIGHT_DNS, [_dns_wire(dns, shown), _dns_xacts(dns, shown), _dns_replies(dns, shown)]))
    if is_tight:
        lines = [_chosen(itertools.chain(*own), labels) for labels, own in kinds]
        return [fitting(items, cells) for items in lines if items[0].text not in NO_PACKETS]
    return [fitting(items, cells) for _, own in kinds for items in own]


def _chosen(items: Iterable[Item], labels: Sequence[str]) -> list[Item]:
    """Give the items with these labels, in their order."""
    known = {item.label: item for item in items}
    chosen = [known[label] for label in labels if label in known]
    return [replace(item, label=SHORT.get(item.label, item.label), rank=rank) for rank, item in enumerate(chosen)]


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


TIMES = (("In Time", "time_in"), ("Out Time", "time_out"))
WAYS = (("In", "rate_in"), ("Out", "rate_out"))
ADDRESSES = (("IP Card. In", "sources"), ("IP Card. Out", "destinations"))
NO_PACKETS = ("0/0", "0")

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
        *([both("In", "in"), both("Out", "out")] if _has_directions(figures, "in", "out", "total") else []),
        part("Deep Samples", "deep", 5),
    ]


def _has_directions(figures: Figures, inwards: str, outwards: str, total: str) -> bool:
    """Tell whether directions say anything: where no host is known, nothing has one."""
    return bool(figures.amount(inwards) or figures.amount(outwards) or not figures.amount(total))


def _packet_rates(figures: Figures, metrics: PolicyMetrics, shown: Units) -> list[Item]:
    pcap = metrics.handler("pcap")
    items = [
        Item("Pkt Rates Total", _rate(figures.quantiles("rate"), "pps"), 0),
        *_volume(figures, shown),
    ]
    if _has_directions(figures, "in", "out", "total"):
        ways = [Item(label, _rate(figures.quantiles(name), "pps"), 3) for label, name in WAYS]
        items[1:1] = ways
        items += [Item(label, units.count(figures.number(name)), 5) for label, name in ADDRESSES]
    elif figures.number("addresses") is not None:
        items.append(Item("IP Card.", units.count(figures.number("addresses")), 1))
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
    timed_out = figures.amount("timed_out")
    asked = figures.amount("xacts") + timed_out
    if _has_directions(figures, "xacts_in", "xacts_out", "xacts"):
        times = [Item(label, _times(figures.quantiles(name)), 1) for label, name in TIMES]
        ways = [part("In", "xacts_in", 3), part("Out", "xacts_out", 3), *times]
    else:
        ways = [Item("Time", _times(figures.quantiles("time")), 1)]
    return [
        Item("DNS Xacts", units.count(figures.number("xacts")), 0),
        Item("Timed Out", units.count(figures.number("timed_out")), 1, _severity(timed_out, asked)),
        *ways,
        Item("Qname Card.", units.count(figures.number("qnames")), 4),
    ]


def _dns_replies(figures: Figures, shown: Units) -> list[Item]:
    replies = figures.amount("replies")
    part = _parts(figures, shown, replies)
    return [
        part("DNS NOERROR", "noerror", 0),
        replace(part("SRVFAIL", "srvfail"), role=_severity(figures.amount("srvfail"), replies)),
        part("NXDOMAIN", "nxdomain"),
        replace(part("REFUSED", "refused"), role=_severity(figures.amount("refused"), replies)),
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


SERIOUS = 0.05
"""Part from which failures are bad, rather than a warning."""


def _severity(failures: float, base: float) -> Role:
    """Say how bad some failures among all are."""
    if not failures:
        return Role.VALUE
    return Role.BAD if failures >= base * SERIOUS else Role.WARNING


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
