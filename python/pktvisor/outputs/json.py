"""Snapshots as JSON documents: what the REST routes and the reader give.

A metric's path becomes nested objects below its handler's schema key. Metrics that have nothing to say yet (quantiles
of no values, an empty histogram) are absent; counters, cardinalities and top lists are always there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from pktvisor.api.forms import QUANTILE_KEYS, HistogramForm, Period, RateForm, TopEntryForm
from pktvisor.api.keys import document_of, keys_of
from pktvisor.metrics.snapshot import (
    HandlerSnapshot,
    HistogramValues,
    QuantileValues,
    Sample,
    Samples,
    TopEntry,
    TopValues,
    Value,
)
from pktvisor.outputs.json_pieces import later_at, pieces
from pktvisor.outputs.values import bound_text

Document = dict[str, object]
"""A JSON object."""

_NAME, _ESTIMATE = (keys_of(TopEntryForm)[field].path for field in ("name", "estimate"))


def encode(document: object) -> bytes:
    """Write a document whole, as `pieces` does."""
    return b"".join(pieces(document))


def policy_document(snapshots: Iterable[HandlerSnapshot]) -> Document:
    """Give a policy's metrics by handler instance, then schema key."""
    document: Document = {}
    for snapshot in snapshots:
        if snapshot.samples:
            write_handler(_object_at(document, snapshot.instance), snapshot)
    return document


def flat_document(snapshots: Iterable[HandlerSnapshot]) -> Document:
    """Give a policy's metrics by schema key alone; handlers of one schema share its object."""
    document: Document = {}
    for snapshot in snapshots:
        if snapshot.samples:
            write_handler(document, snapshot)
    return document


def period_document(snapshot: HandlerSnapshot) -> Document:
    """Give the window's start in Unix seconds and its length in seconds."""
    return document_of(Period(snapshot.start_ts, snapshot.length))


def write_handler(document: Document, snapshot: HandlerSnapshot) -> None:
    """Write a handler's metrics and period into `document`, below its schema key.

    Very many groups are written into it when it is written itself (`Later`).
    """
    root = _object_at(document, snapshot.schema)
    root["period"] = period_document(snapshot)
    if isinstance(snapshot.samples, Samples):
        write_samples(root, snapshot.samples.together())
        for path, read in snapshot.samples.groups():
            later_at(root, path).makers.append(partial(_write_group, read, len(path)))
    else:
        write_samples(root, snapshot.samples)


def _write_group(read: Callable[[], Iterable[Sample]], depth: int, document: Document) -> None:
    """Write the metrics of a group into the object that is so deep in the handler's."""
    write_samples(document, (sample._replace(path=sample.path[depth:]) for sample in read()))


def write_samples(document: Document, samples: Iterable[Sample]) -> None:
    """Write metrics into `document`, each at its path."""
    for sample in samples:
        value = _value(sample.value)
        if value is None:
            continue
        node = document
        for part in sample.path[:-1]:
            node = _object_at(node, part)
        node[sample.path[-1]] = value


def _object_at(parent: Document, key: str) -> Document:
    child = parent.setdefault(key, {})
    assert isinstance(child, dict), f"{key} is both a metric and a group of metrics"
    return child


def _value(value: Value) -> object:
    """Give a metric's value, or None where there is nothing to show."""
    match value:
        case int():
            return value
        case QuantileValues():
            return _quantiles(value)
        case HistogramValues():
            return _histogram(value)
        case TopValues():
            return [_entry(entry) for entry in value.entries]


def _quantiles(value: QuantileValues) -> Document | None:
    quantiles: dict[str, Any] = dict(zip(QUANTILE_KEYS, value.values, strict=False))
    return document_of(RateForm(**quantiles, live=value.live)) or None


def _histogram(value: HistogramValues) -> Document | None:
    if value.count == 0:
        return None
    buckets = {bound_text(bound): float(count) for bound, count in value.buckets}
    return document_of(HistogramForm(buckets | {"+Inf": float(value.count)}))


def _entry(entry: TopEntry) -> Document:
    if not entry.extra:  # as nearly all, of which there may be millions
        return {_NAME: entry.name, _ESTIMATE: entry.estimate}
    return document_of(TopEntryForm(entry.name, entry.estimate, **dict(entry.extra)))
