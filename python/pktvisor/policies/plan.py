"""From handlers to the plan that the core runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pktvisor.handlers.base import Exchanges, Handler
from pktvisor.handlers.custom import check_families
from pktvisor.metrics.expressions import Column
from pktvisor.metrics.kinds import Counter, Feed, LedgerCounter, Metric

DIRECTIONS = ("unknown", "in", "out")
"""Directions by their numbers in the core's columns."""
DIRECTION_ORDER = (1, 2, 0)

NEVER = ["not", ["true"]]


@dataclass(frozen=True)
class Placed:
    """A metric of a handler instance and where the core keeps it."""

    metric: Metric
    direction: int | None
    index: int


@dataclass(frozen=True)
class Instance:
    """A handler as a policy runs it."""

    name: str
    handler: Handler
    tap: str | None = None
    behind: int | None = None
    """Number of an instance before it in the plan: this one gets what that one's filters keep. Packets and messages
    that are kept take with them the messages that they completed, or the packets that completed them."""


class Plan:
    """The plan of a policy: the JSON that the core compiles, and where each metric stands in it.

    ConfigError where metrics that its handlers declare can't stand beside each other.
    """

    def __init__(self, instances: Sequence[Instance]) -> None:
        self.instances = tuple(instances)
        check_families(instance.handler for instance in self.instances)
        self.placed: list[list[Placed]] = []
        specs = []
        for instance in self.instances:
            placed = list(_placed(instance.handler))
            self.placed.append(placed)
            specs.append({"behind": instance.behind, **_handler_spec(instance.handler, placed)})
        self.json = json.dumps({"handlers": specs})


def _placed(handler: Handler) -> Iterator[Placed]:
    index = 0
    for metric in handler.metrics().values():
        if not handler.is_counted(metric):
            continue
        is_apart = handler.direction is not None and metric.by_direction is not False
        for direction in DIRECTION_ORDER if is_apart else (None,):
            yield Placed(metric, direction, index)
            index += 1


def _handler_spec(handler: Handler, placed: Sequence[Placed]) -> dict[str, Any]:
    rewrite = _Rewriter(handler, placed)
    exchanges = handler.exchanges()
    return {
        "table": handler.table,
        "ports": {"dns": handler.own_dns_ports} if handler.own_dns_ports else {},
        "select": rewrite.json((handler.at_ports() & handler.select()).json, None),
        "keep": rewrite.json(handler.keep().json, None),
        "deep_sample_percent": max(1, min(100, handler.settings.deep_sample_rate)),
        "exchanges": None if exchanges is None else _exchanges_spec(exchanges, rewrite),
        "metrics": [_metric_spec(handler, one, rewrite) for one in placed],
    }


def _exchanges_spec(exchanges: Exchanges, rewrite: _Rewriter) -> dict[str, Any]:
    def name(column: Column | None) -> Any:
        return None if column is None else column.json

    return {
        "key": name(exchanges.key),
        "apart_by": name(exchanges.apart_by),
        "is_reply": name(exchanges.is_reply),
        "bytes": name(exchanges.bytes),
        "address": name(exchanges.address),
        "pairing": name(exchanges.pairing),
        "question": name(exchanges.question),
        "ttl_ms": exchanges.ttl_ms,
        "observe": rewrite.json(exchanges.observe.json, None),
        "flags": [rewrite.json(flag.json, None) for flag in exchanges.flags],
    }


def _metric_spec(handler: Handler, placed: Placed, rewrite: _Rewriter) -> dict[str, Any]:
    metric = placed.metric
    if isinstance(metric, LedgerCounter):
        return {"kind": "ledger", "entry": metric.entry}
    feeds = [_feed_spec(handler, feed, placed, rewrite) for feed in metric.feeds()]
    spec: dict[str, Any] = {"kind": metric.kind, "feeds": feeds}
    if isinstance(metric, Counter) and metric.purged is not None:
        purged = metric.purged if placed.direction is None else handler.purged_of_direction(placed.direction)
        spec["purged"] = {"mask": purged.mask, "value": purged.value}
    return spec


def _feed_spec(handler: Handler, feed: Feed, placed: Placed, rewrite: _Rewriter) -> dict[str, Any]:
    where, column, weight = feed
    if placed.direction is not None and handler.direction is not None:
        where = where & (handler.direction == placed.direction)
    spec: dict[str, Any] = {"where": rewrite.json(where.json, placed.direction)}
    if column is not None:
        spec["column"] = rewrite.json(column.json, None)
    if weight is not None:
        spec["weight"] = rewrite.json(weight.json, None)
    return spec


class _Rewriter:
    """Puts a handler's settings into its declarations: parameters, columns in place of others, metrics by number."""

    def __init__(self, handler: Handler, placed: Sequence[Placed]) -> None:
        self._parameters: Mapping[str, int] = handler.parameters()
        self._replacements = {name: column.json for name, column in handler.replacements().items()}
        self._indexes = {(one.metric.path, one.direction): one.index for one in placed}

    def json(self, value: Any, direction: int | None) -> Any:
        match value:
            case ["slow", column, str(metric), percent]:
                index = self._indexes.get((metric, direction))
                return NEVER if index is None else ["slow", column, index, percent]
            case ["text" | "place" | "domain" | "cidr" as operator, column, *how, list(constants)]:
                return [operator, self.json(column, direction), *how, constants]
            case list():
                return [self.json(part, direction) for part in value]
            case str() if value.startswith("$"):
                return self._parameters[value[1:]]
            case str():
                return self._replacements.get(value, value)
            case _:
                return value
