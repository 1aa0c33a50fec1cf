"""The first screen: header, graphs of the last minutes, and those top lists that have anything in them."""

from __future__ import annotations

from collections.abc import Sequence

from pktvisor.api.documents import PolicyMetrics
from pktvisor.api.values import TopEntry
from pktvisor.tui.figures import Figures, dns_figures, packet_figures
from pktvisor.tui.layout import MOST_TIGHT, column_count
from pktvisor.tui.lines import Line, Role
from pktvisor.tui.panels import Panel, top_panel
from pktvisor.tui.units import Units
from pktvisor.tui.views.content import Content, Context, View, nothing
from pktvisor.tui.views.graphs import Graph, graph_lines, in_milliseconds, in_percent, per_second
from pktvisor.tui.views.header import header_lines
from pktvisor.tui.views.sections import writer

LEAST_ROWS = 4
MOST_ROWS = 10
LOW = 30
"""Lines below which the header has one line for each kind of handler."""
MOST_GRAPHS = 3
"""Side by side."""
TALL = 40
"""Lines from which on graphs may be higher."""

DNS_PANELS = (
    ("top_qname2", "Top QName 2", "messages"),
    ("top_qname3", "Top QName 3", "messages"),
    ("top_nxdomain", "Top NX", "replies"),
    ("slow_in", "Slow In", "xacts"),
    ("top_qtype", "Top QTypes", "messages"),
    ("top_rcode", "Top RCodes", "replies"),
    ("top_srvfail", "Top SRVFAIL", "replies"),
    ("slow_out", "Slow Out", "xacts"),
    ("top_refused", "Top REFUSED", "replies"),
)
CODE_ROLES = {"SRVFAIL": Role.BAD, "SERVFAIL": Role.BAD, "REFUSED": Role.BAD, "NXDOMAIN": Role.WARNING}
LIST_ROLES = {"top_srvfail": Role.BAD, "top_refused": Role.BAD, "top_nxdomain": Role.WARNING}
"""How bad it is to be in a list, or what its entries are."""
PACKET_PANELS = (("top_ipv4", "Top IPv4"), ("top_ipv6", "Top IPv6"))
LATER_PACKET_PANELS = (("top_geo", "Top GeoLoc"), ("top_asn", "Top ASN"))


def can_show(metrics: PolicyMetrics) -> bool:
    """Tell whether the policy has a handler that this screen shows something of."""
    return metrics.handler("packets", "net", "dns", "dhcp") is not None


def build(context: Context) -> Content:
    """Make the screen."""
    metrics = context.reading.metrics
    if not can_show(metrics):
        return Content((), nothing("no handler for packets, DNS or DHCP: press 8 for the other handlers"))
    packets, dns = packet_figures(metrics), dns_figures(metrics)
    panels = _panels(packets, dns)
    # Empty lists give their room away, unless there is nothing yet at all.
    panels = [panel for panel in panels if panel.rows] or panels
    above = _above(context, metrics)
    if context.height is None:
        return Content(panels, above)
    return Content(panels, above, most_rows=_most_rows(panels, context.height - len(above), context.width))


def _panels(packets: Figures | None, dns: Figures | None) -> list[Panel]:
    """Give the panels of the handlers that are there, in the order that pktvisor's users know."""
    panels = []
    if dns is not None:
        bases = _dns_bases(packets, dns)
        panels += [_dns_panel(key, title, dns.top(key), bases[base]) for key, title, base in DNS_PANELS]
        panels.append(top_panel("waited", "Most Waited For", dns.top("waited"), number=writer("time_us", Units())))
    deep = 0.0 if packets is None else packets.amount("deep")
    if packets is not None:
        panels += [_panel(key, title, packets.top(key), deep) for key, title in PACKET_PANELS]
    if dns is not None:
        panels.append(_panel("top_ports", "Top DNS UDP Ports", dns.top("top_ports"), bases["messages"]))
    if packets is not None:
        panels += [_panel(key, title, packets.top(key), deep) for key, title in LATER_PACKET_PANELS]
    return panels


def _dns_panel(key: str, title: str, entries: Sequence[TopEntry], base: float) -> Panel:
    role_of = (lambda name: CODE_ROLES.get(name, Role.VALUE)) if key == "top_rcode" else None
    return top_panel(key, title, entries, base=base, role_of=role_of or (lambda _: LIST_ROLES.get(key, Role.VALUE)))


def _panel(key: str, title: str, entries: Sequence[TopEntry], base: float) -> Panel:
    return top_panel(key, title, entries, base=base)


def _dns_bases(packets: Figures | None, dns: Figures) -> dict[str, float]:
    """Give what the shares in DNS panels are of: counts, less what sampling left out."""
    total = 0.0 if packets is None else packets.amount("total")
    ratio = 1.0 if packets is None or total == 0 else packets.amount("deep") / total
    messages = dns.number("total")
    bases = {
        "messages": dns.amount("xacts") if messages is None else messages,
        "replies": dns.amount("replies"),
        "xacts": dns.amount("xacts"),
    }
    return {name: float(int(value * ratio)) for name, value in bases.items()}


def _above(context: Context, metrics: PolicyMetrics) -> list[Line]:
    """Give the header and the graphs, with a line between on high screens."""
    is_low = context.height is not None and context.height < LOW
    header = header_lines(metrics, context.settings.units, context.width, is_tight=is_low)
    is_tall = context.height is not None and context.height >= TALL
    graphs = _graphs(context, rows=3 if is_tall else 1)
    gap: list[Line] = [((" ", Role.PLAIN),)]
    return [*header, *gap, *graphs, *gap] if is_tall and graphs else [*header, *graphs]


def _graphs(context: Context, rows: int) -> list[Line]:
    shown, history = context.settings.units, context.history
    graphs = [Graph("pkts", history.packets, per_second), Graph("DNS", history.messages, per_second)]
    if column_count(context.width) > 2:
        graphs.append(Graph("volume", history.volume, shown.volume))
    graphs += [
        Graph("failed", history.failed, in_percent),
        Graph("p90", history.answers, in_milliseconds),
    ]
    if column_count(context.width) > 2:
        graphs.append(Graph("NX", history.missing, in_percent))
    known = [graph for graph in graphs if not graph.series.is_empty]
    side_by_side = min(column_count(context.width), MOST_GRAPHS)
    lines = []
    for first in range(0, len(known), side_by_side):
        beside = known[first : first + side_by_side]
        lines += graph_lines(beside, now=context.now, cells=context.width, rows=rows)
    return lines


def _most_rows(panels: Sequence[Panel], height: int, width: int) -> int:
    """Give how many rows a panel gets at most, so that all are to be seen where there is room."""
    columns = column_count(width)
    bands = [[len(panel.rows) for panel in panels[at : at + columns]] for at in range(0, len(panels), columns)]

    def needed(most: int) -> int:
        rows = [max(1, min(most, max(band))) for band in bands]
        # A title each, and a blank line below panels that are not small.
        return sum(one + 1 + (one > MOST_TIGHT) for one in rows)

    return next((most for most in range(MOST_ROWS, LEAST_ROWS, -1) if needed(most) <= height), LEAST_ROWS)


VIEW = View("overview", "Overview", build)
