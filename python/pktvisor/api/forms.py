"""The forms that values and periods have in a metrics document: what the server writes, its schema, what clients know.

Counts and cardinalities are plain numbers; a top list is a list of its entries.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, NamedTuple

from pktvisor.api.keys import COUNT, NUMBER, Schema, count, flag, keys_of, number, schema_of, share, table, text


class Period(NamedTuple):
    """When a bucket or window began, in Unix seconds, and how many seconds it is long."""

    start_ts: Annotated[int, count("start_ts")]
    length: Annotated[int, count("length")]


@dataclass(frozen=True, slots=True)
class PeriodDetail:
    """What stands beside these where details are asked for."""

    is_closed: Annotated[bool, flag("is_closed")] = False
    """Whether it is complete."""
    ledger: Annotated[Mapping[str, int], table("ledger", COUNT)] = field(default_factory=dict)
    """What became of the input's packets in it, by name; entries of 0 are left out."""
    completeness: Annotated[float | None, share("completeness")] = None
    """The part of what came that was neither dropped nor malformed; null where nothing came."""


class QuantilesForm(NamedTuple):
    """Quantiles of values; where there are no values, there is no document."""

    p50: Annotated[float, number("p50")]
    p90: Annotated[float, number("p90")]
    p95: Annotated[float, number("p95")]
    p99: Annotated[float, number("p99")]


class RateForm(NamedTuple):
    """Quantiles of the counts of seconds; a second that goes by is told before there are any."""

    p50: Annotated[float | None, number("p50", is_optional=True)] = None
    p90: Annotated[float | None, number("p90", is_optional=True)] = None
    p95: Annotated[float | None, number("p95", is_optional=True)] = None
    p99: Annotated[float | None, number("p99", is_optional=True)] = None
    live: Annotated[int | None, count("live", is_optional=True)] = None
    """The last complete second of an open window."""


@dataclass(frozen=True, slots=True)
class HistogramForm:
    """Numbers of values up to each upper bound."""

    buckets: Annotated[Mapping[str, float], table("buckets", NUMBER)] = field(default_factory=dict)
    """By the bound as text; `+Inf` is that of all values."""


class TopEntryForm(NamedTuple):
    """One entry of a top list."""

    name: Annotated[str, text("name")] = ""
    estimate: Annotated[int, count("estimate")] = 0
    lat: Annotated[str | None, text("lat", is_optional=True)] = None
    """Latitude and longitude, of places only."""
    lon: Annotated[str | None, text("lon", is_optional=True)] = None
    client: Annotated[str | None, text("client", is_optional=True)] = None
    """Who asks for the name, which server answers, and with what result: further parts of what the entry counts."""
    server: Annotated[str | None, text("server", is_optional=True)] = None
    result: Annotated[str | None, text("result", is_optional=True)] = None
    lower_bound: Annotated[int | None, count("lower_bound", is_optional=True)] = None
    """The true count is between these two, which stand there where details are asked for."""
    upper_bound: Annotated[int | None, count("upper_bound", is_optional=True)] = None


QUANTILE_KEYS = tuple(key.path for key in keys_of(QuantilesForm).values())


@functools.cache
def schemas() -> Mapping[str, Schema]:
    """Give the schemas of the kinds' values."""
    return {
        "Counter": COUNT,
        "Cardinality": COUNT,
        "Rate": schema_of(RateForm),
        "Quantiles": schema_of(QuantilesForm),
        "Histogram": schema_of(HistogramForm),
        "TopList": {"type": "array", "items": schema_of(TopEntryForm)},
    }
