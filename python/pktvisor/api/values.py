"""The values in a metrics document, told apart by their shape alone: whatever handler wrote them, known or not."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from pktvisor.api.forms import QUANTILE_KEYS, HistogramForm, RateForm, TopEntryForm
from pktvisor.api.keys import Document, keys_of

LARGEST = 1e30
"""Beyond it a number is no count of anything."""
RATE_KEYS = frozenset(key.path for key in keys_of(RateForm).values())
LIVE_KEY = keys_of(RateForm)["live"].path
NAME_KEY, ESTIMATE_KEY, LOWER_KEY, UPPER_KEY = (
    keys_of(TopEntryForm)[name].path for name in ("name", "estimate", "lower_bound", "upper_bound")
)
ENTRY_KEYS = frozenset((NAME_KEY, ESTIMATE_KEY, LOWER_KEY, UPPER_KEY))
PLACE_KEYS = tuple(keys_of(TopEntryForm)[name].path for name in ("lat", "lon"))
BUCKETS_KEY = keys_of(HistogramForm)["buckets"].path


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Quantiles of values, or of a rate's seconds."""

    values: tuple[float | None, ...]
    """One per entry of `QUANTILE_KEYS`; None where the document has none."""
    live: float | None
    """A rate's last complete second; None where the window is closed, or the metric is no rate."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """Cumulative counts by upper bound, ascending; the last bound is infinity."""

    buckets: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class TopEntry:
    """One heavy hitter."""

    name: str
    estimate: float
    extra: tuple[tuple[str, str], ...] = ()
    """What else the document says of it, as `lat` and `lon`."""
    lower_bound: float | None = None
    """The true count is between these two; None where the document was not asked for in detail."""
    upper_bound: float | None = None

    @property
    def text(self) -> str:
        """All that it counts: its name, and what stands beside it, as a client. A place's name says what it is."""
        return " ".join((self.name, *(value for key, value in self.extra if key not in PLACE_KEYS)))


Value = float | Quantiles | Histogram | tuple[TopEntry, ...]


def number_at(document: Document, path: str) -> float | None:
    """Give the number at a dotted path, or None."""
    return _number(_at(document, path))


def quantiles_at(document: Document, path: str) -> Quantiles | None:
    """Give the quantiles at a dotted path, or None."""
    value = _at(document, path)
    return _quantiles(value) if isinstance(value, dict) and _is_quantiles(value) else None


def top_at(document: Document, path: str) -> tuple[TopEntry, ...] | None:
    """Give the top list at a dotted path, or None."""
    value = _at(document, path)
    return _top(value) if isinstance(value, list) else None


def read_value(value: object) -> Value | None:
    """Read a metric's value; None for an object of further metrics, and for what is no metric."""
    match value:
        case bool() | int() | float():
            return _number(value)
        case list():
            return _top(value)
        case dict() if isinstance(buckets := value.get(BUCKETS_KEY), dict):
            return _histogram(buckets)
        case dict() if _is_quantiles(value):
            return _quantiles(value)
        case _:
            return None


def leaves(document: Document, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Value]]:
    """Walk through all metrics of a document, each with its path."""
    for key, value in document.items():
        read = read_value(value)
        if read is not None:
            yield (*path, key), read
        elif isinstance(value, dict):
            yield from leaves(value, (*path, key))


def _at(document: Document, path: str) -> object:
    value: object = document
    for key in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def _is_quantiles(value: Document) -> bool:
    return bool(value) and RATE_KEYS.issuperset(value)


def _quantiles(value: Document) -> Quantiles:
    return Quantiles(tuple(_number(value.get(key)) for key in QUANTILE_KEYS), _number(value.get(LIVE_KEY)))


def _number(value: object) -> float | None:
    """Give a number that can be calculated with; JSON has others."""
    if isinstance(value, int | float) and -LARGEST < value < LARGEST:
        return float(value) if isinstance(value, bool) else value
    return None


def _histogram(buckets: Document) -> Histogram:
    bounds = []
    for text, count in buckets.items():
        number = _number(count)
        try:
            bound = float(text)
        except ValueError:
            continue
        if number is not None and not math.isnan(bound):
            bounds.append((bound, number))
    return Histogram(tuple(sorted(bounds)))


def _top(entries: list[object]) -> tuple[TopEntry, ...]:
    return tuple(_entry(entry) for entry in entries if isinstance(entry, dict) and NAME_KEY in entry)


def _entry(entry: Document) -> TopEntry:
    extra = tuple((key, str(value)) for key, value in entry.items() if key not in ENTRY_KEYS)
    estimate, *bounds = (_number(entry.get(key)) for key in (ESTIMATE_KEY, LOWER_KEY, UPPER_KEY))
    return TopEntry(str(entry[NAME_KEY]), estimate or 0, extra, *bounds)
