"""What a metric is, and what it counts: the same words wherever, and whenever, that is the same.

Its *identity* names it: schema, version, path, labels, columns that it is kept apart by. Its *meaning* is a hash over
the rows, columns and filters that it is made of. So windows of other processes, policies and releases can be told apart
or put together metric by metric: the same identity and meaning is the same metric; the same identity with another
meaning is one that was filtered, sampled or defined in another way.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pktvisor.handlers.base import Handler
from pktvisor.metrics.breakdown import Breakdown, GroupName, Open

Spec = Mapping[str, Any]
"""A handler of a plan, as the core reads it."""

ALWAYS = ["true"]
KEPT = frozenset({"passed", "filtered", "deep"})
"""Verdicts that hang on what a handler's filters keep."""
SAMPLED = frozenset({"sampled", "deep"})
"""Verdicts that hang on its sampling."""
VERDICTS = KEPT | SAMPLED | {"event"}
WITHOUT_SAMPLING = {"sampled": "event", "deep": "passed"}
"""What verdicts come to where every event is sampled."""
CONSTANTS = frozenset({"in", "text", "place", "domain", "cidr"})
"""Operators whose last part is a list of constants."""
HASH_DIGITS = 32


def identity(handler: Handler, path: str, name: GroupName, by: Breakdown | None) -> dict[str, Any]:
    """What names a metric in every release."""
    return {
        "schema": handler.schema,
        "version": handler.version,
        "path": path,
        "labels": [list(label) for label in name.labels],
        "by": list(by.labels) if isinstance(by, Open) else [],
    }


def meaning(specs: Sequence[Spec], number: int, metric: int) -> str:
    """A hash over all that decides what a metric of a handler counts, by their numbers in the plan."""
    text = json.dumps(_substance(specs, number, metric), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_DIGITS]


def _substance(specs: Sequence[Spec], number: int, metric: int) -> dict[str, Any]:
    spec = specs[number]
    told = spec["metrics"][metric]

    def plain(value: Any) -> Any:
        return _canonical(value, specs, number)

    own = {key: plain(told[key]) for key in ("kind", "entry", "purged") if told.get(key) is not None}
    own["feeds"] = sorted((plain(feed) for feed in told["feeds"]), key=_sorted_by)
    if told.get("group") is not None:
        own["apart"] = plain(spec["groups"][told["group"]])
    if "purged" in own or any(isinstance(part, str) and part.startswith("xact.") for part in _parts(own)):
        left_out = () if "item" in own.get("purged", ()) else ("text",)
        own["exchanges"] = {key: plain(value) for key, value in spec["exchanges"].items() if key not in left_out}
    verdicts = {name for name in VERDICTS if any(part == [name] for part in _parts(own))}
    return {**own, **_rows(specs, number, verdicts)}


def _rows(specs: Sequence[Spec], number: int, verdicts: set[str]) -> dict[str, Any]:
    """Which rows verdicts of a handler stand for."""
    spec = specs[number]
    rows: dict[str, Any] = {"table": spec["table"]}
    if verdicts:
        rows["select"] = _canonical(spec["select"], specs, number)
        if spec["behind"] is not None and spec["behind"] < number:  # the core refuses others
            rows["behind"] = _rows(specs, spec["behind"], {"passed"})
    if verdicts & KEPT:
        rows["keep"] = _canonical(spec["keep"], specs, number)
    if verdicts & SAMPLED:
        rows["deep_sample_percent"] = spec["deep_sample_percent"]
    return rows


def _canonical(value: Any, specs: Sequence[Spec], number: int) -> Any:
    """A condition or column in the one form that stands for all that mean the same."""
    match value:
        case dict():
            return {key: _canonical(part, specs, number) for key, part in value.items() if part not in (None, ALWAYS)}
        case ["slow" | "listed" as operator, column, int(metric), bound]:
            return [operator, column, meaning(specs, number, metric), bound]
        case [str(operator), *parts, list(constants)] if operator in CONSTANTS:
            return [operator, *(_canonical(part, specs, number) for part in parts), sorted(constants, key=_sorted_by)]
        case ["and" | "or" as operator, *parts]:
            return _joined(operator, [_canonical(part, specs, number) for part in parts])
        case [str(verdict)] if specs[number]["deep_sample_percent"] >= 100:
            return [WITHOUT_SAMPLING.get(verdict, verdict)]
        case list():
            return [_canonical(part, specs, number) for part in value]
        case _:
            return value


def _joined(operator: str, parts: list[Any]) -> Any:
    """Conditions joined, in an order of their own and each once."""
    flat: dict[str, Any] = {}
    for part in parts:
        for one in part[1:] if isinstance(part, list) and part[0] == operator else [part]:
            if operator == "or" or one != ALWAYS:
                flat[_sorted_by(one)] = one
    joined = [flat[key] for key in sorted(flat)]
    return (joined[0] if joined else ALWAYS) if len(joined) < 2 else [operator, *joined]


def _sorted_by(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _parts(value: Any) -> Iterator[Any]:
    """A value and all that it is made of."""
    yield value
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _parts(part)
