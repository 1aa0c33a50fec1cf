"""Compares answers key by key, each kind of metric within what its sketch may be off.

Quantiles of the C++ pktvisor come from KLL sketches with k = 200: exact up to 200 values, then within 1.65 % in rank,
most of the time; its histograms are read off the same sketches. Ours are exact up to 512 values, then
0.55 % off in value.
Its cardinalities are CPC sketches (2 %), ours HyperLogLog (1.6 %).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from pktvisor.metrics.snapshot import QUANTILES
from support.measuring import Measured

EXACT_VALUES = 200
RANK_TOLERANCE = 0.04
VALUE_TOLERANCE = 0.006
CARDINALITY_TOLERANCE = 0.03

PERIOD_KEYS = {"period.start_ts", "period.length"}


def differences(measured: Measured, theirs: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Give each difference as the place (`net_v2/net.out.rates.pps`) and a sentence."""
    document = measured.document()
    for instance in sorted(theirs.keys() | document.keys()):
        if instance not in document or instance not in theirs:
            yield instance, f"only {'ours' if instance in document else 'theirs'} is there"
            continue
        for schema in sorted(theirs[instance].keys() | document[instance].keys()):
            pair = (document[instance].get(schema, {}), theirs[instance].get(schema, {}))
            for path, sentence in _in_schema(measured, instance, *pair):
                yield f"{instance}/{schema}.{path}", sentence


def _in_schema(measured: Measured, instance: str, ours: Any, theirs: Any) -> Iterator[tuple[str, str]]:
    our_leaves, their_leaves = dict(_leaves(ours)), dict(_leaves(theirs))
    cardinalities = {path for path in our_leaves if ".cardinality." in f".{path}"}
    for path in sorted(our_leaves.keys() | their_leaves.keys()):
        if path not in our_leaves:
            yield path, f"only theirs is there: {their_leaves[path]}"
        elif path not in their_leaves:
            yield path, f"only ours is there: {our_leaves[path]}"
        else:
            our, their = our_leaves[path], their_leaves[path]
            match their:
                case list():
                    found = _in_top(measured, instance, path, our, their)
                case {"buckets": buckets}:
                    found = _in_histogram(measured, instance, path, buckets)
                case dict():
                    found = _in_quantiles(measured, instance, path, their)
                case _ if path in cardinalities:
                    found = None if abs(our - their) <= CARDINALITY_TOLERANCE * their else f"{our}, theirs {their}"
                case _:
                    found = None if our == their else f"{our}, theirs {their}"
            if found is not None:
                yield path, found


def _leaves(document: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Give metrics with their dotted paths; quantiles and histograms stay objects."""
    for key, value in document.items():
        if isinstance(value, dict) and not value.keys() & {"p50", "buckets"}:
            yield from _leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _in_top(measured: Measured, instance: str, path: str, ours: list[Any], theirs: list[Any]) -> str | None:
    """Equal estimates, and equal entries but for those that tie for the last places."""
    our_estimates = [entry["estimate"] for entry in ours]
    their_estimates = [entry["estimate"] for entry in theirs]
    if our_estimates != their_estimates:
        return f"estimates {our_estimates}, theirs {their_estimates}"
    least = min(their_estimates, default=0)
    our_sure = Counter(_entry(entry) for entry in ours if entry["estimate"] > least)
    their_sure = Counter(_entry(entry) for entry in theirs if entry["estimate"] > least)
    if our_sure != their_sure:
        return (
            f"entries {sorted((our_sure - their_sure).elements())}, theirs {sorted((their_sure - our_sure).elements())}"
        )
    in_full = measured.top_in_full(instance, path)
    strange = [entry for entry in theirs if in_full.get(entry["name"]) != entry["estimate"]]
    return f"entries of theirs that ours has not: {strange}" if strange and "lat" not in theirs[0] else None


def _entry(entry: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((key, str(value)) for key, value in entry.items()))


def _in_quantiles(measured: Measured, instance: str, path: str, theirs: dict[str, float]) -> str | None:
    ranks = [f"p{round(rank * 100)}" for rank in QUANTILES]
    if list(theirs) != ranks:
        return f"the quantiles {ranks}, theirs {list(theirs)}"
    exact, count = measured.quantiles(instance, path, QUANTILES)
    if count <= EXACT_VALUES:
        return None if exact == list(theirs.values()) else f"{exact}, theirs {list(theirs.values())}"
    low, _ = measured.quantiles(instance, path, [max(0.0, rank - RANK_TOLERANCE) for rank in QUANTILES])
    high, _ = measured.quantiles(instance, path, [min(1.0, rank + RANK_TOLERANCE) for rank in QUANTILES])
    for rank, least, most, value in zip(QUANTILES, low, high, theirs.values(), strict=True):
        if not least * (1 - VALUE_TOLERANCE) <= value <= most * (1 + VALUE_TOLERANCE):
            return f"{value} at rank {rank}, which is not between {least} and {most}"
    return None


def _in_histogram(measured: Measured, instance: str, path: str, theirs: dict[str, float]) -> str | None:
    bounds = sorted(int(bound) for bound in theirs if bound != "+Inf")
    ours, count = measured.counts_up_to(instance, path, bounds)
    if theirs["+Inf"] != count:
        return f"{count} values, theirs {theirs['+Inf']}"
    allowed = 0.5 if count <= EXACT_VALUES else RANK_TOLERANCE * count
    for bound, upto in zip(bounds, ours, strict=True):
        if abs(upto - theirs[str(bound)]) > allowed:
            return f"{upto} values up to {bound}, theirs {theirs[str(bound)]}"
    return None
