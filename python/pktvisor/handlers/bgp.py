"""BGP messages by type (handler bgp, version 1.0)."""

from __future__ import annotations

from pktvisor.config.ports import port_keys
from pktvisor.handlers.base import Handler
from pktvisor.metrics.expressions import EVENT, FILTERED, SAMPLED, bgp
from pktvisor.metrics.kinds import Counter, Rate

READ = bgp.parsed == 1


class Bgp(Handler):
    """Version 1.0. Each message counts; one that can't be read, or is of another type, is in the total alone."""

    type, schema, table = "bgp", "bgp", "bgp"
    options = ("recorded_stream", *port_keys("bgp"))

    total = Counter(path="wire_packets.total", help="Count of total BGP messages")
    open = Counter(
        READ & (bgp.type == 1), path="wire_packets.open", help="Count of BGP messages with message type OPEN"
    )
    update = Counter(
        READ & (bgp.type == 2), path="wire_packets.update", help="Count of BGP messages with message type UPDATE"
    )
    notification = Counter(
        READ & (bgp.type == 3),
        path="wire_packets.notification",
        help="Count of BGP messages with message type NOTIFICATION",
    )
    keepalive = Counter(
        READ & (bgp.type == 4),
        path="wire_packets.keepalive",
        help="Count of BGP messages with message type KEEPALIVE",
    )
    routerefresh = Counter(
        READ & (bgp.type == 5),
        path="wire_packets.routerefresh",
        help="Count of BGP messages with message type ROUTE-REFRESH",
    )
    filtered = Counter(within=FILTERED, path="wire_packets.filtered", help="Count of BGP messages dropped by filters")
    events = Counter(within=EVENT, path="wire_packets.events", help="Count of all BGP messages")
    deep_samples = Counter(
        within=SAMPLED, path="wire_packets.deep_samples", help="Count of BGP messages sampled for deep inspection"
    )
    rate_total = Rate(path="rates.total", help="Rate of all BGP messages per second")
    rate_events = Rate(path="rates.events", within=EVENT, help="Rate of all BGP messages per second")
