"""What the handlers declare, as documents."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import Any

from pktvisor.api.catalogue import DeclaredHandler, DeclaredMetric, ShownHandler, ShownMetric
from pktvisor.api.keys import document_of
from pktvisor.handlers import handlers
from pktvisor.handlers.base import WINDOW_OPTIONS, Handler
from pktvisor.metrics.breakdown import Closed, Open
from pktvisor.metrics.kinds import Metric
from pktvisor.metrics.units import unit_of
from pktvisor.outputs.json import Document
from pktvisor.policies.instances import Module
from pktvisor.policies.policy import family_name
from pktvisor.policies.totals import total_name

DIRECTION = "*D*"
"""Stands in a path for the values of a closed breakdown: `in`, `out` and `unknown`."""


def sorted_handlers() -> list[type[Handler]]:
    """Give all handlers by type and version."""
    return [declared for _, declared in sorted(handlers().items())]


@functools.cache
def describe_handlers() -> list[Document]:
    """Give all handlers with their options, groups (and whether each is on by default) and metrics."""
    return [_describe(handler) for handler in sorted_handlers()]


def _describe(handler: type[Handler]) -> Document:
    return document_of(
        ShownHandler(
            type=handler.type,
            version=handler.version,
            schema=handler.schema,
            inputs=list(handler.inputs),
            options=[*handler.options, *WINDOW_OPTIONS],
            groups=dict(handler.groups),
            metrics=[document_of(metric) for metric in shown_metrics(handler)],
        )
    )


def declarations(modules: Iterable[Module]) -> Document:
    """Give what the handlers of a policy declare, by instance."""
    return {module.instance.name: _declared(module) for module in modules}


def _declared(module: Module) -> Document:
    handler = module.instance.handler
    metrics = [one for one in handler.metrics().values() if not one.is_hidden]
    shown = (DeclaredMetric(**_shown(handler, one), is_on=_is_on(handler, one)) for one in metrics)
    return document_of(
        DeclaredHandler(
            module=module.name,
            type=handler.type,
            version=handler.version,
            schema=handler.schema,
            groups={group: group in handler.enabled for group in handler.groups},
            metrics=[document_of(metric) for metric in shown],
        )
    )


def _is_on(handler: Handler, metric: Metric) -> bool:
    return handler.is_counted(metric) and handler.is_shown(metric)


def visible_metrics(handler: type[Handler]) -> list[Metric]:
    """Give the metrics of a handler that any output shows, as they are declared."""
    return [metric for metric in handler.declared().values() if not metric.is_hidden]


def shown_metrics(handler: type[Handler]) -> Iterator[ShownMetric]:
    """Give these metrics as clients see them."""
    for metric in visible_metrics(handler):
        yield ShownMetric(**_shown(handler, metric))


def _shown(handler: type[Handler] | Handler, metric: Metric) -> dict[str, Any]:
    """Give the fields of a metric as clients see it."""
    by = handler.breakdown(metric)
    lead = f"{DIRECTION}." if isinstance(by, Closed) else ""
    apart = [by.label] if isinstance(by, Closed) else list(by.labels) if isinstance(by, Open) else []
    if isinstance(by, Open):
        lead = "".join(f"{one.step}.*." for one in by.columns)
    name = family_name(handler, metric)
    return {
        "path": f"{handler.schema}.{lead}{metric.path}",
        "kind": metric.name,
        "help": metric.help,
        "unit": unit_of(metric),
        "prometheus": name,
        "total": total_name(name) if metric.has_total else None,
        "labels": [*apart, *metric.labels()],
        "groups": list(metric.groups),
    }
