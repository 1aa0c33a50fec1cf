"""Questions about what agents saw over a time as a whole: the heaviest items with what is left of the list, and what
some agents saw and others did not.

Top lists answer by the bounds of their items: what is in a list was seen, and what another list tracks none of was not.
Cardinalities answer by inclusion and exclusion (|A without B| = |A or B| - |B|), whose error is that of the large
numbers, however small their difference is: where it exceeds the answer there is none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pktvisor import _core
from pktvisor.errors import ConfigError
from pktvisor.hub.by_agent import merged_apart
from pktvisor.hub.history import Key, Merging, Question, Stored, merged, records_at, told_of
from pktvisor.hub.minutes import Minutes
from pktvisor.hub.own_windows import UnknownError, Windows
from pktvisor.hub.sightings import MOST_ITEMS, item_of, sightings
from pktvisor.metrics.snapshot import TopEntry
from pktvisor.outputs.json import Document
from pktvisor.windows.reading import core_metric, top_values
from pktvisor.windows.record import Record

MOST_VALUES = 16
"""Values of a tag on each side."""
MOST_LISTED = 20_000
"""Items of all lists of an answer together."""
DEVIATIONS = 2
"""Standard deviations that an error is told as: 95 of 100 answers are nearer."""


@dataclass(frozen=True, slots=True)
class Merged:
    """A metric of some agents over a time."""

    record: Record
    """One of those that were merged: it says what the items are called."""
    core: _core.Metric

    def entries(self, count: int = MOST_ITEMS) -> Sequence[TopEntry]:
        """The heaviest items of a top list. InputError where it is none."""
        return top_values(self.record, self.core, count).entries

    @property
    def estimate(self) -> float:
        """How many there are, of a cardinality."""
        return self.core.estimate()

    @property
    def variance(self) -> float:
        """By how much that is off, squared."""
        return (self.core.estimate() * (self.core.relative_error() or 0.0)) ** 2

    def with_(self, other: Merged) -> Merged:
        """Both together."""
        return Merged(self.record, self.core.merged(other.core, is_same_window=False))


def heaviest(question: Question, stored: Stored, minutes: Minutes, windows: Windows | None = None) -> Document:
    """Give the heaviest items of a time as a whole, and what the others weigh together; with the agents' own windows
    also how many agents saw each. Raises as `merged` does.
    """
    whole, merging = merged(replace(question, is_whole=True), stored, minutes)
    found = _of_values(whole, merging, question.values or ("",))
    document = _frame(whole, told_of(merging, stored, minutes), "top")
    if found is None:
        return {**document, "total": 0, "items": [], "other": _bounded(0, 0, 0)}
    listed = _listed(found, whole)
    agents = {} if windows is None else _with_agents(whole, windows, found, listed["items"])
    return {**document, **agents, **listed}


def heaviest_apart(question: Question, windows: Windows) -> Document:
    """Give the heaviest items of a time as a whole of each agent, or of the agents with each value of a tag.

    Raises as `merged` and `merged_apart` do, and `ConfigError` where all have too many items together.
    """
    whole = replace(question, is_whole=True)
    if question.by_agent:
        merging, told = merged_apart(whole, windows)
    else:
        whole, merging = merged(whole, windows.stored, windows.minutes)
        told = told_of(merging, windows.stored, windows.minutes)
    found = {key.value: one for key, number in merging.points() if (one := _at(whole, key, number, merging))}
    if len(found) * question.top > MOST_LISTED:
        raise ConfigError(
            f"{len(found)} lists of {question.top} items are more than {MOST_LISTED} items: use "
            f"top={max(1, MOST_LISTED // len(found))}, or choose fewer"
        )
    series = {value: _listed(one, whole) for value, one in sorted(found.items())}
    return {**_frame(whole, told, "top"), "by": question.by, "series": series}


def _listed(found: Merged, question: Question) -> dict[str, Any]:
    """The heaviest items of a list, and what is left of it."""
    _check_kind(found, question, ("top",))
    entries = found.entries(question.top)
    total, unlisted = found.core.weights()
    return {
        "total": total,
        "items": [_entry(one) for one in entries],
        "other": _rest(total, entries),
        "unlisted_at_most": unlisted,
    }


def _with_agents(question: Question, windows: Windows, found: Merged, items: Sequence[Document]) -> Document:
    """Add to each item how many agents saw it; give of how many, or why that is not known."""
    keys = [item_of(row) for row in found.core.top(len(items))]
    try:
        told = sightings(question, windows, keys)
    except UnknownError as error:
        return {"agents": {"reason": str(error), **error.told}}
    for item, key in zip(items, keys, strict=True):
        item["agents"] = told.of(key)
    return {"agents": {"of": told.agents, "read": told.read}}


def _rest(total: int, entries: Sequence[TopEntry]) -> Document:
    """What all items weigh together that are not among these."""
    weights = (sum(one.estimate for one in entries), sum(one.upper_bound for one in entries))
    estimate, lower = (max(0, total - weight) for weight in weights)
    return _bounded(estimate, lower, max(0, total - sum(one.lower_bound for one in entries)))


def difference(question: Question, without: tuple[str, ...], stored: Stored, minutes: Minutes) -> Document:
    """Tell what agents whose tag has one of the question's values saw, and those with one of the others did not.

    Raises `ConfigError` where that makes no sense, or the metric can't tell, and as `merged` does.
    """
    _check_values(question, without)
    whole = replace(question, values=(*question.values, *without), is_whole=True)
    whole, merging = merged(whole, stored, minutes)
    sides = [_of_values(whole, merging, values) for values in (question.values, without)]
    kind = next((side.core.kind for side in sides if side is not None), "")
    document = {
        **_frame(whole, told_of(merging, stored, minutes), kind),
        "in": list(question.values),
        "not_in": list(without),
    }
    for side in sides:
        if side is not None:
            _check_kind(side, whole, ("top", "cardinality"))
    document.update(_unheard(question, without, sides))
    seen, unseen = sides
    if kind == "cardinality":
        return {**document, **_counted_difference(seen, unseen)}
    return {**document, **_listed_difference(seen, unseen, question.top)}


def _unheard(question: Question, without: Sequence[str], sides: Sequence[Merged | None]) -> Document:
    """Tell of whom there is nothing, which is no proof that they saw nothing."""
    silent = [
        value
        for values, side in zip((question.values, without), sides, strict=True)
        if side is None
        for value in values
    ]
    if not silent:
        return {}
    return {"reason": f"no agent with {question.tag}={' or '.join(silent)} measured {question.metric} then"}


def _check_values(question: Question, without: Sequence[str]) -> None:
    if not question.tag:
        raise ConfigError("tag must say by which tag agents are told apart, as tag=site")
    for name, values in (("in", question.values), ("not_in", without)):
        if not 1 <= len(values) <= MOST_VALUES:
            raise ConfigError(f"{name} must have 1 to {MOST_VALUES} values of the tag, with commas between them")
    if both := set(question.values) & set(without):
        raise ConfigError(f"{min(both)} can't be both in and not_in")


def _of_values(question: Question, merging: Merging, values: Sequence[str]) -> Merged | None:
    """A metric of the agents with one of some values of the tag, whichever handlers measured it; None for nothing."""
    found: Merged | None = None
    for key, number in merging.points():
        if key.value in values and (one := _at(question, key, number, merging)) is not None:
            found = one if found is None else found.with_(one)
    return found


def _at(question: Question, key: Key, number: int, merging: Merging) -> Merged | None:
    """A metric of one point, whichever handlers measured it; None for nothing."""
    found: Merged | None = None
    for record in records_at(question, key, number, merging):
        core = core_metric(record)
        if core is not None:
            one = Merged(record, core)
            found = one if found is None else found.with_(one)
    return found


def _check_kind(found: Merged, question: Question, kinds: Sequence[str]) -> None:
    if found.core.kind not in kinds:
        what = {"top": "top lists", "cardinality": "cardinalities"}
        names = " and ".join(what[kind] for kind in kinds)
        raise ConfigError(f"{question.metric} is a {found.core.kind}: only {names} know what they have seen")


def _frame(question: Question, told: Document, kind: str) -> Document:
    """What leads an answer."""
    return {
        "policy": question.policy,
        "metric": question.metric,
        "kind": kind,
        "tag": question.tag,
        "from": question.first_step * question.step,
        "to": question.end_step * question.step,
        **told,
    }


def _listed_difference(seen: Merged | None, unseen: Merged | None, most: int) -> Document:
    """The items of one list that another may not have, heaviest first, those first that it certainly has not."""
    others = set() if unseen is None else {(one.name, one.extra) for one in unseen.entries()}
    others_unlisted = 0 if unseen is None else unseen.core.weights()[1]
    items = () if seen is None else seen.entries()
    alone = [one for one in items if (one.name, one.extra) not in others]
    return {
        "is_certain": others_unlisted == 0,
        "items": [_entry(one) for one in alone[:most]],
        "more_items": max(0, len(alone) - most),
        "in_both": len(items) - len(alone),
        "unlisted_at_most": 0 if seen is None else seen.core.weights()[1],
        "elsewhere_at_most": others_unlisted,
    }


def _counted_difference(seen: Merged | None, unseen: Merged | None) -> Document:
    """How many only the first have seen, and how many both."""
    if seen is None or unseen is None:
        known = seen.estimate if seen is not None else 0.0
        error = DEVIATIONS * math.sqrt(seen.variance) if seen is not None else 0.0
        return {"only_in": _estimated(known, error), "in_both": _estimated(0.0, 0.0)}
    both = seen.with_(unseen)
    only = both.estimate - unseen.estimate
    shared = seen.estimate + unseen.estimate - both.estimate
    return {
        "only_in": _estimated(only, DEVIATIONS * math.sqrt(both.variance + unseen.variance)),
        "in_both": _estimated(shared, DEVIATIONS * math.sqrt(both.variance + seen.variance + unseen.variance)),
    }


def _estimated(estimate: float, error: float) -> Document:
    """An estimate with its error, or why there is none."""
    if error >= 0.5 and error > estimate:
        reason = f"the error ({error:.0f}) exceeds what it is the error of ({max(estimate, 0.0):.0f})"
        return {"estimate": None, "reason": reason, "at_most": round(max(estimate, 0.0) + error)}
    return {"estimate": round(estimate), "error": round(error)}


def _bounded(estimate: int, lower: int, upper: int) -> Document:
    return {"estimate": estimate, "lower": lower, "upper": upper}


def _entry(one: TopEntry) -> Document:
    return {"name": one.name, **_bounded(one.estimate, one.lower_bound, one.upper_bound), **dict(one.extra)}
