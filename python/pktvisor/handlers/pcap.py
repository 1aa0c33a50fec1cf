"""What the capture itself lost (handler pcap, version 1.0)."""

from __future__ import annotations

from pktvisor.handlers.base import Handler
from pktvisor.metrics.kinds import LedgerCounter


class Pcap(Handler):
    """Version 1.0. Its counters are entries of the input's loss ledger."""

    type, schema, table = "pcap", "pcap", "packet"
    options = ("recorded_stream",)

    tcp_reassembly_errors = LedgerCounter(
        "evicted.tcp_segments", help="Count of TCP segments that could not be put in order"
    )
    os_drops = LedgerCounter("dropped_by_kernel", help="Count of packets that the operating system dropped")
    if_drops = LedgerCounter(
        "dropped_by_interface", help="Count of packets that the interface dropped, missed, or lost in its queue"
    )
