"""What a policy counted in each step of the last hour, as a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from pktvisor.api.keys import (
    COUNT,
    NUMBER,
    Document,
    Schema,
    count,
    listed,
    record,
    reference,
    table,
    text,
)

Counts = Sequence[int | None]
"""A count of each step; None of steps in which no input was at work."""

COUNT_OR_NULL: Schema = {"type": ["integer", "null"], "minimum": 0}
SHARE_OR_NULL: Schema = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
COUNTS: Schema = {"type": "array", "items": COUNT_OR_NULL}
BUCKETS: Schema = record(
    {
        "bounds": {"type": "array", "items": NUMBER},
        "counts": {"type": "array", "items": {"type": ["array", "null"], "items": COUNT}},
    }
)


@dataclass(frozen=True, slots=True)
class HandlerSeries:
    """What one handler counted in each step. All lists are equally long; null stands where no input was at work."""

    schema: Annotated[str, text("schema")]
    """Key of its metrics, as `dns`."""
    counters: Annotated[Mapping[str, Counts], table("counters", COUNTS)] = field(default_factory=dict)
    """By the place in JSON, with the schema key and dots, as `dns.in.xacts`."""
    histograms: Annotated[Mapping[str, Document], table("histograms", BUCKETS)] = field(default_factory=dict)
    """Likewise: `bounds`, ascending, and for each step how many values were up to each bound and above the one before;
    the last count is of those above all bounds.
    """
    ledger: Annotated[Mapping[str, Counts], table("ledger", COUNTS)] = field(default_factory=dict)
    """What became of the packets of its input, by name; what was always 0 is left out."""
    completeness: Annotated[Sequence[float | None], listed("completeness", SHARE_OR_NULL)] = ()
    """The part of what came that was neither dropped nor malformed; null also where nothing came."""


@dataclass(frozen=True, slots=True)
class Series:
    """`GET /api/v1/policies/{name}/series`."""

    step_s: Annotated[int, count("step_s")] = 0
    """Seconds that a step lasts."""
    start: Annotated[int, count("start")] = 0
    """When the first step began, in Unix seconds."""
    handlers: Annotated[Mapping[str, Document], table("handlers", reference("HandlerSeries"))] = field(
        default_factory=dict
    )
    """Documents of `HandlerSeries` by handler."""
