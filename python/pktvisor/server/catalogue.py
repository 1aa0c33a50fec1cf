"""What the handlers declare, as documents."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Literal

from pktvisor.handlers import handlers
from pktvisor.handlers.base import WINDOW_OPTIONS, Handler
from pktvisor.metrics.kinds import Cardinality, Histogram, Last, Metric, Quantiles, Rate, TopN
from pktvisor.metrics.snapshot import Kind
from pktvisor.outputs.json import Document

ShownKind = Kind | Literal["last"]
"""Kinds as they are told; in snapshots a newest value is a counter."""

DIRECTION = "*D*"
"""Stands in a path for `in`, `out` and `unknown`."""


@dataclass(frozen=True, slots=True)
class ShownMetric:
    """A metric as clients see it."""

    path: str
    """Place in JSON, with the schema key and dots."""
    kind: ShownKind
    help: str
    prometheus: str
    labels: list[str]
    groups: list[str]


def sorted_handlers() -> list[type[Handler]]:
    """Give all handlers by type and version."""
    return [declared for _, declared in sorted(handlers().items())]


@functools.cache
def describe_handlers() -> list[Document]:
    """Give all handlers with their options, groups (and whether each is on by default) and metrics."""
    return [_describe(handler) for handler in sorted_handlers()]


def _describe(handler: type[Handler]) -> Document:
    return {
        "type": handler.type,
        "version": handler.version,
        "schema": handler.schema,
        "inputs": list(handler.inputs),
        "options": [*handler.options, *WINDOW_OPTIONS],
        "groups": dict(handler.groups),
        "metrics": [asdict(metric) for metric in shown_metrics(handler)],
    }


def shown_metrics(handler: type[Handler]) -> Iterator[ShownMetric]:
    """Give the metrics of a handler that any output shows, in the order of declaration."""
    for metric in handler.declared().values():
        if metric.is_hidden:
            continue
        is_apart = handler.direction is not None and metric.by_direction is not False
        yield ShownMetric(
            path=f"{handler.schema}.{f'{DIRECTION}.' if is_apart else ''}{metric.path}",
            kind=kind_of(metric),
            help=metric.help,
            prometheus="_".join((metric.prefix or handler.schema, *metric.path.split("."))),
            labels=[*(["direction"] if is_apart else []), *([metric.label] if isinstance(metric, TopN) else [])],
            groups=list(metric.groups),
        )


def kind_of(metric: Metric) -> ShownKind:
    """Give the kind of a metric."""
    match metric:
        case Histogram():
            return "histogram"
        case Quantiles():
            return "quantiles"
        case Last():
            return "last"
        case Rate():
            return "rate"
        case Cardinality():
            return "cardinality"
        case TopN():
            return "top"
        case _:
            return "counter"
