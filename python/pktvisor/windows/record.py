"""The window record: one metric, of one group where it is kept apart, in one window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal

VERSION = 1
"""Version of the record. One that only adds fields keeps it."""

MOST_RECORDS = 100_000
"""Records of the groups of a breakdown in a window: with more, those of the lightest groups are left out."""

Form = Literal["text", "texts", "labels", "counts", "number", "fraction", "time", "flag", "bytes"]
"""What a field holds, for those who write it down."""


@dataclass(frozen=True)
class FieldInfo:
    """A field of the record."""

    name: str
    form: Form
    is_optional: bool
    meaning: str


def _field(form: Form, meaning: str, *, is_optional: bool = False) -> Any:
    return field(metadata={"form": form, "meaning": meaning, "is_optional": is_optional})


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One metric in one window. Each field says what it means; `docs/reference/window-record.md` lists them."""

    record_version: int = _field("number", "Version of this record")
    agent: str = _field("text", "Name of the agent; empty where records of several were merged")
    policy: str = _field("text", "Name of the policy; empty where several were merged")
    tap: str = _field("text", "Name of the tap; empty where there is none, or several were merged")
    instance: str = _field("text", "Name of the handler in its policy; empty where several were merged")
    schema: str = _field("text", "Key of the handler in JSON and first part of its metric names, as `dns`")
    handler_version: str = _field("text", "Version of the handler, as `1.0`")
    path: str = _field("text", "Place of the metric below the schema, with dots, as `wire_packets.total`")
    labels: Mapping[str, str] = _field(
        "labels", "Labels of the metric in their order: its direction, or the values of the columns it is kept apart by"
    )
    group: Sequence[str] = _field(
        "texts", "What leads the path in JSON where the metric is kept apart, outermost first"
    )
    family: str = _field("text", "Name in Prometheus, as `dns_wire_packets_total`")
    help: str = _field("text", "One sentence about the metric, for people")
    kind: str = _field("text", "What is kept: `counter`, `last`, `cardinality`, `distribution`, `rate` or `top`")
    shape: str = _field(
        "text",
        "How it is shown: `count`, `estimate`, `rate`, `quantiles`, `histogram`, `top`, `minimum` or `maximum`; "
        "records of a kind or shape that a reader does not know are to be kept as they are",
    )
    items: str = _field(
        "text",
        "What the items of a top list are: `text`, `address`, `number`, `small_number` or `place`; empty for "
        "other kinds",
    )
    item_label: str = _field(
        "text",
        "Name of the label of a top list's items, as `qname`; of items of several parts the names of all, and of the "
        "items the parts, with spaces between; empty for other kinds",
    )
    words: str = _field(
        "text", "Column whose words stand for the items where these are numbers, as `dns.rcode`; empty where none do"
    )
    meaning: str = _field(
        "text",
        "Hash of what is counted: rows, columns, filters, sampling. Records whose schema, version, path, labels, "
        "kind and meaning are equal may be merged, wherever they come from",
    )
    number: int = _field(
        "number",
        "Number of the window in its policy; where it was sent to a hub, of those that its handler sent. It only ever "
        "grows",
    )
    start_ns: int = _field("time", "Start of the window")
    end_ns: int = _field("time", "End of the window; of an open one the time of its newest row")
    length_s: int = _field("number", "Length of the window in seconds; windows without gaps add up")
    is_closed: bool = _field("flag", "Whether the window is complete")
    sample_percent: int = _field("number", "Percentage of the rows that were looked into deeply")
    value: int | None = _field(
        "number",
        "The number, where it is one: a count, a sum, the newest value, the smallest or largest one, or an estimate, "
        "rounded",
        is_optional=True,
    )
    relative_error: float | None = _field(
        "fraction",
        "By how much the value is off, relative to itself: of a cardinality one standard deviation, of a "
        "distribution's quantiles the most. A top list has bounds for each item in its image",
        is_optional=True,
    )
    image: bytes = _field("bytes", "All that is kept of the metric, in the form of its kind")
    seen: int = _field(
        "number",
        "Packets that there were for the input in the window, those included that the kernel or the agent dropped",
    )
    dropped: int = _field("number", "Packets that the interface, the kernel or the agent itself dropped unread")
    ledger: Mapping[str, int] = _field(
        "counts", "What became of the input's packets, by name; entries of 0 are left out"
    )


def record_fields() -> list[FieldInfo]:
    """The fields of the record, in their order."""
    return [
        FieldInfo(one.name, one.metadata["form"], one.metadata["is_optional"], one.metadata["meaning"])
        for one in fields(Record)
    ]


def ledger_fields(ledger: Mapping[str, int]) -> dict[str, Any]:
    """The fields that tell how much of the input a window knows."""
    told = {name: count for name, count in ledger.items() if count}
    dropped = sum(count for name, count in told.items() if name.startswith("dropped"))
    return {"seen": told.get("seen", 0), "dropped": dropped, "ledger": told}
