"""Records read back into snapshots, so that every output renders them; no policy is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from pktvisor import _core
from pktvisor.errors import InputError
from pktvisor.metrics.expressions import Column
from pktvisor.metrics.kinds import (
    Cardinality,
    Counter,
    Histogram,
    Maximum,
    Metric,
    Minimum,
    Quantiles,
    Rate,
    Reading,
    TopN,
)
from pktvisor.metrics.mnemonics import mnemonics
from pktvisor.metrics.snapshot import HandlerSnapshot, Sample, TopValues
from pktvisor.windows.record import Record

NO_COLUMN = Column("")
"""Stands where a declaration has the column that fed the metric."""

TOP_COUNT = 10


def _top(record: Record) -> Metric:
    words = mnemonics(record.words)
    label, *beside = record.item_label.split(" ")
    return TopN(
        NO_COLUMN,
        label=label,
        beside=tuple(beside),
        render=str if words is None else words.name,
    )


_READERS: Mapping[str, Callable[[Record], Metric]] = {
    "count": lambda _: Counter(),
    "estimate": lambda _: Cardinality(NO_COLUMN),
    "rate": lambda _: Rate(),
    "quantiles": lambda _: Quantiles(NO_COLUMN),
    "histogram": lambda _: Histogram(NO_COLUMN),
    "top": _top,
    "minimum": lambda _: Minimum(NO_COLUMN),
    "maximum": lambda _: Maximum(NO_COLUMN),
}
"""By shape, a metric that reads it."""


def core_metric(record: Record) -> _core.Metric | None:
    """The metric of a record; None where this release has no such kind. InputError where the image is damaged."""
    try:
        return _core.Metric.from_image(record.kind, record.items, record.image)
    except ValueError:
        return None
    except _core.InputFault as fault:
        raise InputError(f"the image of {record.schema} {record.path} can't be read: {fault}") from fault


def cut(record: Record, most_items: int) -> Record:
    """A record as an agent sends it to a hub: of a top list the heaviest items alone."""
    metric = core_metric(record)
    return record if metric is None else replace(record, image=metric.cut(most_items).image())


def top_values(record: Record, core: _core.Metric, count: int) -> TopValues:
    """The heaviest items of a top list, named as the record says. InputError where it is no top list."""
    reading = Reading(is_running=False, top_count=count, pair_count=count)
    value = _top(record).read(core, reading) if core.kind == "top" else None
    if not isinstance(value, TopValues):
        raise InputError(f"{record.schema} {record.path} is no top list, but a {record.kind}")
    return value


def snapshots(records: Iterable[Record], *, top_count: int | None = None) -> list[HandlerSnapshot]:
    """What handlers measured, one snapshot for each instance and window, in the order of the records.

    Top lists have `top_count` entries; without it ten, and those of pairs more. Metrics of a kind or shape that this
    release does not know are left out. InputError where a record is damaged.
    """
    groups: dict[tuple[object, ...], list[Record]] = {}
    for record in records:
        key = (record.agent, record.policy, record.tap, record.instance, record.schema, record.number, record.start_ns)
        groups.setdefault(key, []).append(record)
    reading = Reading(is_running=False, top_count=TOP_COUNT)
    if top_count is not None:
        reading = reading._replace(top_count=top_count, pair_count=top_count)
    return [_snapshot(group, reading) for group in groups.values()]


def _snapshot(records: list[Record], reading: Reading) -> HandlerSnapshot:
    first = records[0]
    samples = (_sample(record, reading) for record in records)
    return HandlerSnapshot(
        instance=first.instance,
        schema=first.schema,
        start_ts=first.start_ns // 1_000_000_000,
        length=first.length_s,
        start_ns=first.start_ns,
        end_ns=first.end_ns,
        is_closed=first.is_closed,
        samples=tuple(sample for sample in samples if sample is not None),
        tap=first.tap or None,
        ledger=dict(first.ledger),
    )


def _sample(record: Record, reading: Reading) -> Sample | None:
    core, reader = core_metric(record), _READERS.get(record.shape)
    if core is None or reader is None:
        return None
    try:
        value = reader(record).read(core, reading)
    except TypeError:
        raise InputError(f"{record.schema} {record.path}: a {record.kind} has no shape {record.shape}") from None
    if value is None:
        return None
    return Sample(
        kind=record.kind if record.shape == "count" else _KINDS.get(record.shape, record.shape),
        path=(*record.group, *record.path.split(".")),
        name=record.family,
        help=record.help,
        value=value,
        labels=tuple(record.labels.items()),
        adds_up=record.kind == "counter" and record.shape == "count",
    )


_KINDS = {"estimate": "cardinality"}
"""What people call kinds by their shape, where the shape has another name."""
