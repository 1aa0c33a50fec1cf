"""Window records made by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pktvisor.windows.record import VERSION, Record

COUNT = Record(
    record_version=VERSION,
    agent="here",
    policy="edge",
    tap="uplink",
    instance="edge-uplink-net",
    schema="packets",
    handler_version="1.0",
    path="total",
    labels={},
    group=(),
    family="packets_total",
    help="Count of packets",
    kind="counter",
    shape="count",
    items="",
    item_label="",
    words="",
    meaning="all packets",
    number=0,
    start_ns=1_700_000_000_000_000_000,
    end_ns=1_700_000_060_000_000_000,
    length_s=60,
    is_closed=True,
    sample_percent=100,
    value=7,
    relative_error=None,
    image=(7).to_bytes(8, "little"),
    seen=10,
    dropped=3,
    ledger={"seen": 10, "decoded": 7, "dropped_by_kernel": 3},
)


def any_record(**fields: Any) -> Record:
    """A counter of 7 packets, with some fields as they are given."""
    return replace(COUNT, **fields)


def count(value: int, **fields: Any) -> Record:
    """A counter."""
    return any_record(value=value, image=value.to_bytes(8, "little"), **fields)
