"""From handlers to the plan that the core runs."""

from __future__ import annotations

import json
import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from pktvisor.handlers.base import Exchanges, Handler
from pktvisor.handlers.families import check_families
from pktvisor.metrics.breakdown import TOGETHER_NAME, Breakdown, Closed, GroupName, Open
from pktvisor.metrics.expressions import Column
from pktvisor.metrics.kinds import Feed, Metric

NEVER = ["not", ["true"]]


@dataclass(frozen=True)
class Placed:
    """A metric of a handler instance and where the core keeps it."""

    metric: Metric
    index: int
    """Its number in the handler."""
    by: Breakdown | None = None
    """What it is kept apart by."""
    number: int | None = None
    """The value of a closed breakdown that this is the metric of."""

    @property
    def name(self) -> GroupName:
        """How outputs name its value of a closed breakdown."""
        if isinstance(self.by, Closed) and self.number is not None:
            return self.by.name(self.number)
        return TOGETHER_NAME


class Instance(NamedTuple):
    """A handler as a policy runs it."""

    name: str
    handler: Handler
    tap: str | None = None
    behind: int | None = None
    """Number of an instance before it in the plan: this one gets what that one's filters keep. Packets and messages
    that are kept take with them the messages that they completed, or the packets that completed them."""


class Plan:
    """The plan of a policy: the JSON that the core compiles, and where each metric stands in it.

    Where windows are saved (`is_saved`), the core is told what metrics mean, too; where there are steps (`is_stepped`),
    what only these show is counted. ConfigError where metrics that its handlers declare can't stand beside each other.
    """

    def __init__(self, instances: Sequence[Instance], *, is_saved: bool = True, is_stepped: bool = False) -> None:
        self.instances = tuple(instances)
        check_families(instance.handler for instance in self.instances)
        self.placed: list[list[Placed]] = []
        self._specs: list[dict[str, Any]] = []
        for instance in self.instances:
            placed = list(_placed(instance.handler, is_stepped=is_stepped))
            self.placed.append(placed)
            self._specs.append({"behind": instance.behind, **_handler_spec(instance.handler, placed)})
        if is_saved:
            self._name_metrics()
        self.json = json.dumps({"handlers": self._specs})

    @cached_property
    def meanings(self) -> list[list[str]]:
        """What the metrics of each handler count, see `policies.meaning`."""
        from pktvisor.policies.meaning import Meanings

        meanings = Meanings(self._specs)
        return [[meanings.of(at, one.index) for one in placed] for at, placed in enumerate(self.placed)]

    @cached_property
    def stepped(self) -> list[list[Placed]]:
        """The metrics of each handler that steps keep: none of an open breakdown."""
        return [
            [one for one in placed if not isinstance(one.by, Open) and instance.handler.is_stepped(one.metric)]
            for instance, placed in zip(self.instances, self.placed, strict=True)
        ]

    def _name_metrics(self) -> None:
        from pktvisor.policies.meaning import identity

        for spec, instance, placed, meanings in zip(
            self._specs, self.instances, self.placed, self.meanings, strict=True
        ):
            for metric, one, means in zip(spec["metrics"], placed, meanings, strict=True):
                metric["identity"] = identity(instance.handler, one.metric.path, one.name, one.by)
                metric["meaning"] = means


def _placed(handler: Handler, *, is_stepped: bool) -> Iterator[Placed]:
    index = 0
    for metric in handler.metrics().values():
        if not (handler.is_counted(metric) or (is_stepped and handler.is_stepped(metric))):
            continue
        by = handler.breakdown(metric)
        for number in by.order if isinstance(by, Closed) else (None,):
            yield Placed(metric, index, by, number)
            index += 1


def _handler_spec(handler: Handler, placed: Sequence[Placed]) -> dict[str, Any]:
    rewrite = _Rewriter(handler, placed)
    exchanges = handler.exchanges()
    opened = list(dict.fromkeys(one.by for one in placed if isinstance(one.by, Open)))
    return {
        "table": handler.table,
        "ports": dict(handler.own_ports),
        "select": rewrite.json((handler.at_ports() & handler.select()).json, None),
        "keep": rewrite.json(handler.keep().json, None),
        "deep_sample_percent": max(1, min(100, handler.settings.deep_sample_rate)),
        "exchanges": None if exchanges is None else _exchanges_spec(exchanges, rewrite),
        "groups": [_groups_spec(by, rewrite) for by in opened],
        "metrics": [_metric_spec(handler, one, rewrite, opened) for one in placed],
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
        **({"text": [column.json for column in exchanges.text]} if exchanges.text else {}),
        "pairing": name(exchanges.pairing),
        "question": name(exchanges.question),
        "ttl_ms": exchanges.ttl_ms,
        "observe": rewrite.json(exchanges.observe.json, None),
        "flags": [rewrite.json(flag.json, None) for flag in exchanges.flags],
    }


def _groups_spec(by: Open, rewrite: _Rewriter) -> dict[str, Any]:
    keys = ((one.column for one in by.columns), *by.also)
    first, *others = ([rewrite.json(column.json, None) for column in key] for key in keys)
    also_by = {"also_by": others} if others else {}
    return {"by": first, **also_by, "most": by.most}


def _metric_spec(handler: Handler, placed: Placed, rewrite: _Rewriter, opened: Sequence[Open]) -> dict[str, Any]:
    metric = placed.metric
    feeds = [spec for feed in metric.feeds() for spec in _feed_specs(handler, feed, placed, rewrite)]
    spec: dict[str, Any] = {"kind": metric.core_kind, "feeds": feeds, **metric.plan_settings()}
    if isinstance(placed.by, Open):
        spec["group"] = opened.index(placed.by)
    if "purged" in spec and placed.number is not None:
        purged = handler.purged_of(placed.number)
        spec["purged"] |= {"mask": purged.mask, "value": purged.value}
    return spec


def _feed_specs(handler: Handler, feed: Feed, placed: Placed, rewrite: _Rewriter) -> Iterator[dict[str, Any]]:
    """One feed; of a breakdown with several keys one for each by which the metric counts."""
    if not isinstance(placed.by, Open):
        yield _feed_spec(feed, placed, rewrite)
        return
    where, column, weight = feed
    for key in placed.by.keys if placed.metric.key is None else (placed.metric.key,):
        rows = where & handler.counts_by(placed.by, key)
        by_key = {"key": key} if key else {}
        yield {**_feed_spec((rows, column, weight), placed, rewrite), **by_key}


def _feed_spec(feed: Feed, placed: Placed, rewrite: _Rewriter) -> dict[str, Any]:
    where, column, weight = feed
    if placed.number is not None and isinstance(placed.by, Closed):
        where = where & placed.by.condition(placed.number)
    spec: dict[str, Any] = {"where": rewrite.json(where.json, placed.number)}
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
        self._indexes = {(one.metric.path, one.number): one.index for one in placed}
        self._known: dict[tuple[int, int | None], tuple[Any, Any]] = {}
        """What was rewritten, by identity: declarations share conditions. The value stands beside, so that its identity
        stays its own.
        """

    def json(self, value: Any, number: int | None) -> Any:
        if not isinstance(value, list):
            return self._rewritten(value, number)
        known = self._known.get((id(value), number))
        if known is None:
            known = self._known[id(value), number] = (value, self._rewritten(value, number))
        return known[1]

    def _rewritten(self, value: Any, number: int | None) -> Any:
        match value:
            case ["slow" | "listed" as name, column, str(metric), bound]:
                index = self._indexes.get((metric, number))
                return NEVER if index is None else [name, column, index, bound]
            case ["text" | "place" | "domain" | "cidr" as name, column, *how, list(constants)]:
                return [name, self.json(column, number), *how, constants]
            case list():
                parts = [self.json(part, number) for part in value]
                # What nothing is put into stays one object for all handlers: what it means is worked out once.
                return value if all(map(operator.is_, parts, value)) else parts
            case str() if value.startswith("$"):
                return self._parameters[value[1:]]
            case str():
                return self._replacements.get(value, value)
            case _:
                return value
