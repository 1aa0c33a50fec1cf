"""JSON schemas of the metric documents, from the handlers' declarations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pktvisor.api.catalogue import ShownMetric
from pktvisor.api.forms import schemas
from pktvisor.api.keys import Schema, reference
from pktvisor.handlers.base import Handler
from pktvisor.metrics.breakdown import by_direction
from pktvisor.metrics.expressions import packet
from pktvisor.metrics.kinds.base import Shape
from pktvisor.server.catalogue import DIRECTION, shown_metrics, sorted_handlers, visible_metrics

COMPONENT_OF: Mapping[Shape, str] = {
    "count": "Counter",
    "estimate": "Cardinality",
    "rate": "Rate",
    "quantiles": "Quantiles",
    "histogram": "Histogram",
    "top": "TopList",
    "minimum": "Counter",
    "maximum": "Counter",
}
"""The schema of a value, by its shape."""


def metric_components() -> dict[str, Schema]:
    """Give the schemas of the kinds, of each handler's metrics, and of all of them by schema key."""
    found = dict(schemas())
    versions: dict[str, list[Schema]] = {}
    for handler in sorted_handlers():
        name = f"{handler.type}_{handler.version}"
        found[name] = handler_schema(handler)
        versions.setdefault(handler.schema, []).append(reference(name))
    # Both versions of a handler may stand side by side below one key (`merge_like_handlers`).
    properties = {key: {"allOf": known} for key, known in versions.items()}
    found["Metrics"] = {"type": "object", "properties": properties, "additionalProperties": {"type": "object"}}
    return found


def handler_schema(handler: type[Handler]) -> Schema:
    """Give the schema of what stands below a handler's schema key. Which metrics are there depends on its groups."""
    root: dict[str, Any] = {"type": "object", "properties": {"period": reference("Period")}}
    for shown, metric in zip(shown_metrics(handler), visible_metrics(handler), strict=True):
        _place(root, shown, metric.shape)
    return root


def _place(root: dict[str, Any], metric: ShownMetric, shape: Shape) -> None:
    _, *parts = metric.path.split(".")
    branches = (
        [[direction, *parts[1:]] for direction in by_direction(packet.direction).names]
        if parts[0] == DIRECTION
        else [parts]
    )
    for *parents, leaf in branches:
        node = root
        for name in parents:
            node = node["properties"].setdefault(name, {"type": "object", "properties": {}})
        node["properties"][leaf] = {**reference(COMPONENT_OF[shape]), "description": metric.help}
