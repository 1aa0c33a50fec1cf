"""Agents that send top lists and other metrics of which every item is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pktvisor import _core
from pktvisor.hub.hub import Hub
from pktvisor.outputs.hub_body import Identity
from pktvisor.windows.record import Record
from pktvisor.windows.tables import record_table
from support.fleet import CAPTURES, NANOSECONDS, Fleet

START_S = 1_790_000_400 // 3600 * 3600
FLEET = Fleet([CAPTURES / "dns_resolver.pcap"], START_S)
TOP = "dns.top_qname3"


def frequent(names: dict[str, int], most_items: int = 0) -> bytes:
    """A top list of names with their weights, cut to the heaviest where `most_items` says so."""
    import datasketches

    sketch = datasketches.frequent_strings_sketch(12)
    for name, weight in names.items():
        sketch.update(name, weight)
    metric = _core.Metric.from_image("top", "text", sketch.serialize())
    return (metric.cut(most_items) if most_items else metric).image()


def send(hub: Hub, agent: str, site: str, minute: int = 0, item_label: str = "qname", **images: bytes) -> None:
    """Let an agent send images of metrics, by the last part of their places; what items of lists are is their label."""
    start_ns = (START_S + minute * 60) * NANOSECONDS
    window: dict[str, Any] = {
        "agent": agent,
        "number": minute,
        "start_ns": start_ns,
        "end_ns": start_ns + 60 * NANOSECONDS,
        "length_s": 60,
        "is_closed": True,
        "item_label": item_label,
    }
    found = {one.path.rpartition(".")[2]: one for one in FLEET.records(0) if one.schema == "dns"}
    records: list[Record] = [replace(found[name], image=image, **window) for name, image in images.items()]
    identity = Identity(agent, f"boot of {agent}", "5.0.0", (("site", site),))
    hub.admission.take(record_table(records, identity.metadata()).write(), hub.now_ns())
