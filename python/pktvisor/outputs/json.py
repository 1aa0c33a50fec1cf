"""Snapshots as JSON documents: what the REST routes and the reader give.

A metric's path becomes nested objects below its handler's schema key. Metrics that have nothing to say yet (quantiles
of no values, an empty histogram) are absent; counters, cardinalities and top lists are always there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from pktvisor.api.forms import QUANTILE_KEYS, HistogramForm, Period, PeriodDetail, RateForm, TopEntryForm
from pktvisor.api.keys import document_of, keys_of
from pktvisor.metrics.completeness import completeness
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

_NAME, _ESTIMATE, _LOWER, _UPPER = (
    keys_of(TopEntryForm)[field].path for field in ("name", "estimate", "lower_bound", "upper_bound")
)


def encode(document: object) -> bytes:
    """Write a document whole, as `pieces` does."""
    return b"".join(pieces(document))


def policy_document(snapshots: Iterable[HandlerSnapshot], *, is_detailed: bool = False) -> Document:
    """Give a policy's metrics by handler instance, then schema key; see `write_handler`."""
    document: Document = {}
    for snapshot in snapshots:
        if snapshot.samples:
            write_handler(_object_at(document, snapshot.instance), snapshot, is_detailed=is_detailed)
    return document


def flat_document(snapshots: Iterable[HandlerSnapshot], *, is_detailed: bool = False) -> Document:
    """Give a policy's metrics by schema key alone; handlers of one schema share its object."""
    document: Document = {}
    for snapshot in snapshots:
        if snapshot.samples:
            write_handler(document, snapshot, is_detailed=is_detailed)
    return document


def period_document(snapshot: HandlerSnapshot, *, is_detailed: bool = False) -> Document:
    """Give the window's start in Unix seconds and its length in seconds; in detail, how complete it is, too."""
    period = document_of(Period(snapshot.start_ts, snapshot.length))
    if not is_detailed:
        return period
    ledger = {name: count for name, count in snapshot.ledger.items() if count}
    return {**period, **document_of(PeriodDetail(snapshot.is_closed, ledger, completeness(ledger)))}


def write_handler(document: Document, snapshot: HandlerSnapshot, *, is_detailed: bool = False) -> None:
    """Write a handler's metrics and period into `document`, below its schema key.

    In detail, entries of top lists have bounds, and the period tells how complete it is. Very many groups are written
    into it when it is written itself (`Later`).
    """
    root = _object_at(document, snapshot.schema)
    root["period"] = period_document(snapshot, is_detailed=is_detailed)
    if isinstance(snapshot.samples, Samples):
        write_samples(root, snapshot.samples.together(), is_detailed=is_detailed)
        for path, read in snapshot.samples.groups():
            later_at(root, path).makers.append(partial(_write_group, read, len(path), is_detailed=is_detailed))
    else:
        write_samples(root, snapshot.samples, is_detailed=is_detailed)


def _write_group(read: Callable[[], Iterable[Sample]], depth: int, document: Document, *, is_detailed: bool) -> None:
    """Write the metrics of a group into the object that is so deep in the handler's."""
    samples = (sample._replace(path=sample.path[depth:]) for sample in read())
    write_samples(document, samples, is_detailed=is_detailed)


def write_samples(document: Document, samples: Iterable[Sample], *, is_detailed: bool = False) -> None:
    """Write metrics into `document`, each at its path; in detail, with the bounds of top lists' entries."""
    entry = _detailed_entry if is_detailed else _entry
    for sample in samples:
        value = _value(sample.value, entry)
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


def _value(value: Value, entry: Callable[[TopEntry], Document]) -> object:
    """Give a metric's value, a top list by its entries, or None where there is nothing to show."""
    match value:
        case int():
            return value
        case QuantileValues():
            return _quantiles(value)
        case HistogramValues():
            return _histogram(value)
        case TopValues():
            return [entry(one) for one in value.entries]


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
    extra: dict[str, Any] = dict(entry.extra)
    return document_of(TopEntryForm(entry.name, entry.estimate, **extra))


def _detailed_entry(entry: TopEntry) -> Document:
    return {**_entry(entry), _LOWER: entry.lower_bound, _UPPER: entry.upper_bound}
