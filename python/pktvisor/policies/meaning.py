"""What a metric is, and what it counts: the same words wherever, and whenever, that is the same.

Its *identity* names it: schema, version, path, labels, columns that it is kept apart by. Its *meaning* is a hash over
the rows, columns and filters that it is made of. So windows of other processes, policies and releases can be told apart
or put together metric by metric: the same identity and meaning is the same metric; the same identity with another
meaning is one that was filtered, sampled or defined in another way.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
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
OWN = ("kind", "entry", "purged")
"""What a metric's own settings say of what it counts, beside its feeds."""
NONE: frozenset[str] = frozenset()
EXCHANGE = "xact."
ONLY_EXCHANGE = frozenset({EXCHANGE})
"""Stands among names of verdicts where a column of exchanges is fed."""
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


class Meanings:
    """What the metrics of a plan's handlers mean.

    A plan says the same thing many times: a part that several metrics share is brought into its form, and written,
    once. Specs must not change meanwhile, and a part that names a metric by its number belongs to one handler alone, as
    the plan makes it.
    """

    def __init__(self, specs: Sequence[Spec]) -> None:
        self._specs = specs
        self._known: dict[tuple[int, int], str] = {}
        self._plain: dict[tuple[int, bool], tuple[Any, Any]] = {}
        """Canonical forms by identity of a value and sampling; it stands beside, so that its identity stays its own."""
        self._is_sampled = [spec["deep_sample_percent"] < 100 for spec in specs]
        self._named: dict[int, tuple[Any, frozenset[str]]] = {}
        self._texts: dict[int, tuple[Any, str]] = {}
        self._orders: dict[int, tuple[Any, str]] = {}
        self._rows: dict[tuple[int, frozenset[str]], dict[str, Any]] = {}
        self._matched: dict[tuple[int, bool], dict[str, Any]] = {}

    def of(self, number: int, metric: int) -> str:
        """A hash over all that decides what a metric of a handler counts, by their numbers in the plan."""
        known = self._known.get((number, metric))
        if known is None:
            substance = self._substance(number, metric)
            text = ",".join(f'"{key}":{self._text(substance[key])}' for key in sorted(substance))
            known = hashlib.sha256(f"{{{text}}}".encode()).hexdigest()[:HASH_DIGITS]
            self._known[number, metric] = known
        return known

    def _substance(self, number: int, metric: int) -> dict[str, Any]:
        spec = self._specs[number]
        told = spec["metrics"][metric]
        own = {key: self._canonical(told[key], number) for key in OWN if told.get(key) is not None}
        own["feeds"] = sorted((self._canonical(feed, number) for feed in told["feeds"]), key=self._order)
        if told.get("group") is not None:
            own["apart"] = self._canonical(spec["groups"][told["group"]], number)
        names = frozenset().union(*(self._names(part) for part in own.values()))
        if "purged" in own or EXCHANGE in names:
            own["exchanges"] = exchanges = self._exchanges(number, has_item="item" in own.get("purged", ()))
            names |= self._names(exchanges)
        return {**own, **self._rows_of(number, names & VERDICTS)}

    def _exchanges(self, number: int, *, has_item: bool) -> dict[str, Any]:
        """How a handler matches answers; the names of its settings stay, also where they say nothing. The text of an
        exchange matters where it is counted.
        """
        known = self._matched.get((number, has_item))
        if known is None:
            told = {key: value for key, value in self._specs[number]["exchanges"].items() if has_item or key != "text"}
            known = {key: self._canonical(value, number) for key, value in told.items()}
            self._matched[number, has_item] = known
        return known

    def _rows_of(self, number: int, verdicts: frozenset[str]) -> dict[str, Any]:
        """Which rows verdicts of a handler stand for."""
        known = self._rows.get((number, verdicts))
        if known is not None:
            return known
        spec = self._specs[number]
        rows: dict[str, Any] = {"table": spec["table"]}
        if verdicts:
            rows["select"] = self._canonical(spec["select"], number)
            if spec["behind"] is not None and spec["behind"] < number:  # the core refuses others
                rows["behind"] = self._rows_of(spec["behind"], frozenset({"passed"}))
        if verdicts & KEPT:
            rows["keep"] = self._canonical(spec["keep"], number)
        if verdicts & SAMPLED:
            rows["deep_sample_percent"] = spec["deep_sample_percent"]
        self._rows[number, verdicts] = rows
        return rows

    def _canonical(self, value: Any, number: int) -> Any:
        """A condition or column in the one form that stands for all that mean the same."""
        if not isinstance(value, list | dict):
            return value
        key = (id(value), self._is_sampled[number])
        known = self._plain.get(key)
        if known is None:
            known = self._plain[key] = (value, self._made_canonical(value, number))
        return known[1]

    def _made_canonical(self, value: list[Any] | dict[str, Any], number: int) -> Any:
        match value:
            case dict():
                told = {key: part for key, part in value.items() if part not in (None, ALWAYS)}
                return {key: self._canonical(part, number) for key, part in told.items()}
            case ["slow" | "listed" as operator, column, int(metric), bound]:
                return [operator, column, self.of(number, metric), bound]
            case [str(operator), *parts, list(constants)] if operator in CONSTANTS:
                return [operator, *(self._canonical(part, number) for part in parts), sorted(constants, key=_written)]
            case ["and" | "or" as operator, *parts]:
                return self._joined(operator, [self._canonical(part, number) for part in parts])
            case [str(verdict)] if not self._is_sampled[number]:
                return [WITHOUT_SAMPLING.get(verdict, verdict)]
            case _:
                return [self._canonical(part, number) for part in value]

    def _joined(self, operator: str, parts: list[Any]) -> Any:
        """Conditions joined, in an order of their own and each once."""
        flat: dict[str, Any] = {}
        for part in parts:
            for one in part[1:] if isinstance(part, list) and part[0] == operator else [part]:
                if operator == "or" or one != ALWAYS:
                    flat[self._order(one)] = one
        joined = [flat[key] for key in sorted(flat)]
        return (joined[0] if joined else ALWAYS) if len(joined) < 2 else [operator, *joined]

    def _order(self, value: Any) -> str:
        """What a canonical part is sorted by."""
        known = self._orders.get(id(value))
        if known is None:
            known = self._orders[id(value)] = (value, _written(value))
        return known[1]

    def _text(self, value: Any) -> str:
        """A canonical part as it goes into the hash."""
        known = self._texts.get(id(value))
        if known is None:
            known = self._texts[id(value)] = (value, json.dumps(value, sort_keys=True, separators=(",", ":")))
        return known[1]

    def _names(self, value: Any) -> frozenset[str]:
        """The verdicts that stand in a canonical part, and whether columns of exchanges do."""
        if isinstance(value, str):
            return ONLY_EXCHANGE if value.startswith("xact.") else NONE
        if not isinstance(value, list | dict):
            return NONE
        known = self._named.get(id(value))
        if known is None:
            known = self._named[id(value)] = (value, self._found_names(value))
        return known[1]

    def _found_names(self, value: list[Any] | dict[str, Any]) -> frozenset[str]:
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str) and value[0] in VERDICTS:
            return frozenset(value)
        parts = value.values() if isinstance(value, dict) else value
        return NONE.union(*(self._names(part) for part in parts))


def _written(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
