"""What the handlers declare, as documents."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from pktvisor.handlers import handlers
from pktvisor.handlers.base import WINDOW_OPTIONS, Handler
from pktvisor.metrics.breakdown import Closed, Open
from pktvisor.outputs.json import Document

DIRECTION = "*D*"
"""Stands in a path for the values of a closed breakdown: `in`, `out` and `unknown`."""


@dataclass(frozen=True, slots=True)
class ShownMetric:
    """A metric as clients see it."""

    path: str
    """Place in JSON, with the schema key and dots."""
    kind: str
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
        by = handler.breakdown(metric)
        lead = f"{DIRECTION}." if isinstance(by, Closed) else ""
        apart = [by.label] if isinstance(by, Closed) else list(by.labels) if isinstance(by, Open) else []
        if isinstance(by, Open):
            lead = "".join(f"{label}.*." for label in by.labels)
        yield ShownMetric(
            path=f"{handler.schema}.{lead}{metric.path}",
            kind=metric.name,
            help=metric.help,
            prometheus="_".join((metric.prefix or handler.schema, *metric.path.split("."))),
            labels=[*apart, *metric.labels()],
            groups=list(metric.groups),
        )
