"""The neutral snapshot: what a handler measured in a window, before any output gives it a form.

Every output (JSON, Prometheus, OTLP, the terminal) renders this one model; no metric writes its own text.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from pktvisor.metrics.exponential import ExponentialValues

QUANTILES = (0.5, 0.9, 0.95, 0.99)
"""The quantiles that every output shows, as ranks."""

Labels = tuple[tuple[str, str], ...]
"""Label names with their values."""


@dataclass(frozen=True, slots=True)
class QuantileValues:
    """Quantiles of the values seen, or of the per-second counts of a rate."""

    values: tuple[float, ...]
    """One per entry of `QUANTILES`; whole numbers are given as `int`. Empty where nothing was seen."""
    maximum: float
    total: float
    """Sum of the values."""
    count: int
    live: int | None = None
    """A rate's last complete second; None where the window is closed or recorded, or the metric is no rate."""


@dataclass(frozen=True, slots=True)
class HistogramValues:
    """Cumulative counts at the bounds where there is something to count."""

    buckets: tuple[tuple[float, int], ...]
    """Upper bound and number of values up to it, ascending; without the bound of infinity."""
    count: int
    total: float
    exponential: ExponentialValues | None = None
    """The same values in buckets of equal relative width; None where only the counts at the bounds are known."""


class TopEntry(NamedTuple):
    """One heavy hitter."""

    name: str
    estimate: int
    lower_bound: int
    upper_bound: int
    extra: Labels = ()
    """Further labels, as `lat` and `lon` of a place."""

    def plus(self, other: TopEntry) -> TopEntry:
        """Both as one, by the name of this."""
        return TopEntry(
            self.name,
            self.estimate + other.estimate,
            self.lower_bound + other.lower_bound,
            self.upper_bound + other.upper_bound,
            self.extra,
        )


class TopValues(NamedTuple):
    """Heavy hitters, largest first."""

    label: str
    """Name of the label that the entries' names get, as `qname`."""
    entries: tuple[TopEntry, ...]


class Total(int):
    """A count since the process, or what counts in it, began; it never falls."""

    @property
    def shown(self) -> float:
        """The number in the unit that its name says."""
        return int(self)


class SecondsTotal(Total):
    """A time since then: whole milliseconds, shown in seconds."""

    @property
    def shown(self) -> float:
        return self / 1000


Value = int | QuantileValues | HistogramValues | TopValues


class Sample(NamedTuple):
    """One metric of one handler in one window."""

    kind: str
    """The name of its kind, for people: outputs go by the form of the value."""
    path: tuple[str, ...]
    """Where it stands below the schema key in JSON, as `("xact", "counts", "total")`."""
    name: str
    """Name of its Prometheus family, as `dns_xact_counts_total`."""
    help: str
    value: Value
    labels: Labels = ()
    """Labels that the declaration gives it, as `(("direction", "in"),)`."""
    adds_up: bool = False
    """Whether values of windows add up to a sum."""


def sum_name(name: str) -> str:
    """Give the name of the sum that values add up to which are known by a name in Prometheus."""
    return f"pktvisor_{name.removesuffix('_total')}"


class SampleGroup(NamedTuple):
    """What a handler measured of one group."""

    path: tuple[str, ...]
    """What leads its metrics' place in JSON."""
    read: Callable[[], Iterable[Sample]]
    """Gives its samples."""


class Samples(ABC):
    """The samples of very many groups, which are read when they are asked for, as often as that is: they always read
    the same, and never all stand in memory.
    """

    def __bool__(self) -> bool:
        """Whether there is any."""
        return next(iter(self), None) is not None

    def __iter__(self) -> Iterator[Sample]:
        """Give all, metric by metric."""
        return chain.from_iterable(self.metrics())

    @abstractmethod
    def metrics(self) -> Iterator[Iterable[Sample]]:
        """Give the samples of each metric, which can be read again as long as they are held."""

    @abstractmethod
    def together(self) -> Iterator[Sample]:
        """Give those of no group."""

    @abstractmethod
    def groups(self) -> Iterator[SampleGroup]:
        """Give the groups; who is done with one had better forget it."""


@dataclass(frozen=True, slots=True)
class HandlerSnapshot:
    """What one handler measured in one window."""

    instance: str
    """Name of the handler instance, as `default-default-dns`."""
    schema: str
    """Its key in JSON and the first part of its metric names, as `dns`."""
    start_ts: int
    """Start of the window, Unix seconds."""
    length: int
    """Length of the window in seconds."""
    end_ns: int
    start_ns: int
    is_closed: bool
    samples: tuple[Sample, ...] | Samples
    tap: str | None = None
    ledger: dict[str, int] = field(default_factory=dict)
    """What became of the input's packets in this window, by name; see the loss ledger in the docs."""
    is_of_totals: bool = False
    """It holds no window, but totals, which change all the time."""


SAMPLE_BYTES, VALUES_BYTES, BUCKET_BYTES, ENTRY_BYTES = 300, 350, 120, 300
"""What parts of snapshots take in memory, roughly: a sample, its quantiles, a bound of a histogram, a heavy hitter."""


def memory_bytes(snapshots: Sequence[HandlerSnapshot]) -> int:
    """Give roughly how much memory snapshots take."""
    held = [snapshot.samples for snapshot in snapshots if isinstance(snapshot.samples, tuple)]
    return sum(SAMPLE_BYTES + _value_bytes(sample.value) for samples in held for sample in samples)


def _value_bytes(value: Value) -> int:
    match value:
        case QuantileValues():
            return VALUES_BYTES
        case HistogramValues():
            return VALUES_BYTES + BUCKET_BYTES * len(value.buckets)
        case TopValues():
            return ENTRY_BYTES * len(value.entries)
        case _:
            return 0
