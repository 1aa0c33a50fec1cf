from __future__ import annotations

import math

import pytest

from pktvisor.api.values import (
    Histogram,
    Quantiles,
    TopEntry,
    leaves,
    number_at,
    quantiles_at,
    read_value,
    top_at,
)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (3, 3),
        (2.5, 2.5),
        (True, 1.0),
        ("text", None),
        (None, None),
        ({}, None),
        ({"total": 1}, None),
        ({"p50": 1, "p99": 4}, Quantiles((1, None, None, 4), None)),
        ({"live": 0, "p50": 1, "p90": 2, "p95": 3, "p99": 4}, Quantiles((1, 2, 3, 4), 0)),
        ({"buckets": {"+Inf": 3.0, "10": 2.0, "2": 1.0}}, Histogram(((2, 1), (10, 2), (math.inf, 3)))),
        ({"buckets": {"odd": 1, "2": None}}, Histogram(())),
        ([], ()),
        ([{"name": "a", "estimate": 2, "lat": "1.5"}], (TopEntry("a", 2, (("lat", "1.5"),)),)),
        ([{"name": "a"}, "odd", {"estimate": 1}], (TopEntry("a", 0),)),
    ],
)
def test_a_value_is_known_by_its_shape(value: object, read: object) -> None:
    assert read_value(value) == read


def test_values_are_found_at_dotted_paths() -> None:
    document = {"xact": {"counts": {"total": 5}, "times": {"p50": 1}, "top_slow": [{"name": "a", "estimate": 1}]}}
    assert number_at(document, "xact.counts.total") == 5
    assert quantiles_at(document, "xact.times") == Quantiles((1, None, None, None), None)
    assert top_at(document, "xact.top_slow") == (TopEntry("a", 1),)


@pytest.mark.parametrize("path", ["gone", "xact.gone", "xact.counts.total.deeper", "xact"])
def test_what_is_not_there_is_none(path: str) -> None:
    document = {"xact": {"counts": {"total": 5}}}
    assert number_at(document, path) is None
    assert quantiles_at(document, path) is None
    assert top_at(document, path) is None


def test_all_metrics_are_walked_with_their_paths() -> None:
    document = {"a": 1, "b": {"c": {"p50": 2}, "d": {"e": []}}, "note": "no metric"}
    assert dict(leaves(document)) == {
        ("a",): 1,
        ("b", "c"): Quantiles((2, None, None, None), None),
        ("b", "d", "e"): (),
    }
