"""Records merged by what they are: over time, over agents, over releases.

Records of the same schema, version, path, labels, kind and meaning become one. Records of one source (a handler of an
agent's policy) are windows that follow each other; those of several sources saw the same time. What this release can't
merge, as it does not know the kind, stays as it is; what has the same name and another meaning stays apart, and that
is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pktvisor import _core
from pktvisor.errors import InputError
from pktvisor.windows.reading import core_metric
from pktvisor.windows.record import Record, ledger_fields

Key = tuple[Any, ...]

SOURCE = ("agent", "policy", "tap", "instance")
"""The fields that name where a record comes from."""

EXTREMES = ("minimum", "maximum")
"""Shapes whose value is exact, though that of a quantile of the same image is not."""


@dataclass(frozen=True)
class Merged:
    """Records merged."""

    records: list[Record]
    differences: list[str]
    """A sentence for each metric that not all sources count alike, or that could not be merged."""


def merge(records: Iterable[Record], *, apart_by: Sequence[str] = ()) -> Merged:
    """Merge records that mean the same; those that differ in the fields `apart_by` (as `agent`) stay apart.

    Merged records of a handler all tell of the same window: from the start of the oldest record to the end of the
    newest. Values do not hang on the order of the records. InputError where a record is damaged.
    """
    groups: dict[Key, list[Record]] = {}
    for record in sorted(records, key=_order):
        groups.setdefault((*_apart(record, apart_by), *_identity(record), *_definition(record)), []).append(record)
    definitions = _definitions(groups.values())
    handlers: dict[Key, list[Record]] = {}
    for group in groups.values():
        handlers.setdefault(_handler(group, apart_by, definitions), []).extend(group)
    windows = {handler: _whole_window(every) for handler, every in handlers.items()}
    merged: list[Record] = []
    for group in groups.values():
        metric = _merged(group)
        window = windows[_handler(group, apart_by, definitions)]
        merged += group if metric is None else [replace(group[-1], **window, **shown(metric, group[-1].shape))]
    return Merged(merged, [*_differences(definitions), *_unknown(groups.values())])


def _apart(record: Record, names: Sequence[str]) -> Key:
    return tuple(getattr(record, name) for name in names)


def _identity(record: Record) -> Key:
    return (record.schema, record.path, tuple(record.labels.items()), tuple(record.group))


def _definition(record: Record) -> Key:
    return (record.handler_version, record.kind, record.shape, record.items, record.meaning)


def _order(record: Record) -> Key:
    return (record.start_ns, *_source(record), record.number, record.end_ns)


def _source(record: Record) -> Key:
    return _apart(record, SOURCE)


Definitions = Mapping[Key, Mapping[Key, set[str]]]
"""By identity and definition, who has a metric."""


def _definitions(groups: Iterable[Sequence[Record]]) -> Definitions:
    found: dict[Key, dict[Key, set[str]]] = {}
    for group in groups:
        definitions = found.setdefault(_identity(group[0]), {})
        definitions.setdefault(_definition(group[0]), set()).update(_place(record) for record in group)
    return found


def _handler(group: Sequence[Record], apart_by: Sequence[str], definitions: Definitions) -> Key:
    """What makes metrics tell of one window: they are of the same handlers. One that others define in another way has a
    window of its own.
    """
    first, instances = group[0], frozenset(record.instance for record in group)
    handler = (*_apart(first, apart_by), first.schema, first.handler_version, instances)
    is_disputed = len(definitions[_identity(first)]) > 1
    return (*handler, *_identity(first), *_definition(first)) if is_disputed else handler


def _merged(records: list[Record]) -> _core.Metric | None:
    """Records of one metric as one; None where this release does not know the kind."""
    whole: _core.Metric | None = None
    for of_source in _by_source(records):
        for at, record in enumerate(of_source):
            metric = core_metric(record)
            if metric is None:
                return None
            whole = metric if whole is None else whole.merged(metric, is_same_window=at == 0)
    return whole


def _by_source(records: Iterable[Record]) -> list[list[Record]]:
    """The records of each source."""
    found: dict[Key, list[Record]] = {}
    for record in records:
        found.setdefault(_source(record), []).append(record)
    return list(found.values())


def _whole_window(records: Sequence[Record]) -> dict[str, Any]:
    """The window that several make: sources side by side, windows of a source one after the other."""
    names = {name: {getattr(record, name) for record in records} for name in SOURCE}
    return {
        **{name: found.pop() if len(found) == 1 else "" for name, found in names.items()},
        "number": max(record.number for record in records),
        "start_ns": min(record.start_ns for record in records),
        "end_ns": max(record.end_ns for record in records),
        "length_s": max(_length_s(of_source) for of_source in _by_source(records)),
        "is_closed": all(record.is_closed for record in records),
        "sample_percent": min(record.sample_percent for record in records),
        **ledger_fields(_ledger(records)),
    }


def _length_s(records: Iterable[Record]) -> int:
    """The length of the windows of one source, each of which has many records."""
    return sum({(record.number, record.start_ns): record.length_s for record in records}.values())


def _ledger(records: Iterable[Record]) -> dict[str, int]:
    """The ledgers of the inputs added; handlers over one input share its ledger, which counts once.

    Their windows begin together, but may have numbers of their own.
    """
    inputs = {(one.agent, one.policy, one.tap, one.start_ns): one.ledger for one in records}
    whole: dict[str, int] = {}
    for ledger in inputs.values():
        for name, count in ledger.items():
            whole[name] = whole.get(name, 0) + count
    return whole


def shown(metric: _core.Metric, shape: str) -> dict[str, Any]:
    """The fields of a record that a metric itself tells. InputError where its kind has no such shape."""
    error = None if shape in EXTREMES else metric.relative_error()
    return {"value": _number(metric, shape), "relative_error": error, "image": metric.image()}


def _number(metric: _core.Metric, shape: str) -> int | None:
    try:
        match shape:
            case "count":
                return metric.count()
            case "estimate":
                return round(metric.estimate())
            case "minimum" | "maximum":
                exponential = metric.exponential()
                extreme = exponential.min if shape == "minimum" else exponential.max
                return None if extreme is None else round(extreme)
            case _:
                return None
    except TypeError:
        raise InputError(f"a {metric.kind} has no shape {shape}") from None


def _differences(definitions: Definitions) -> list[str]:
    """Say of which metrics there are several definitions, and who has which."""
    told = {
        f"{schema} {path} does not mean the same everywhere and is not merged: {_parties(known.values())}"
        for (schema, path, *_), known in definitions.items()
        if len(known) > 1
    }
    return sorted(told)


def _unknown(groups: Iterable[Sequence[Record]]) -> list[str]:
    """Say which metrics this release does not know."""
    told = {
        f"{group[0].schema} {group[0].path} is a {group[0].kind}, which this release can't merge: it stays as it is"
        for group in groups
        if core_metric(group[0]) is None
    }
    return sorted(told)


def _parties(places: Iterable[set[str]]) -> str:
    return " / ".join(sorted(", ".join(sorted(alike)) for alike in places))


def _place(record: Record) -> str:
    return ":".join(part for part in (record.agent, record.policy, record.instance) if part) or "unnamed"
