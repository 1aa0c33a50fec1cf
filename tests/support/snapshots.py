"""Snapshots made by hand."""

from __future__ import annotations

from pktvisor.metrics.snapshot import (
    HandlerSnapshot,
    HistogramValues,
    Labels,
    QuantileValues,
    Sample,
    TopEntry,
    TopValues,
    Value,
)

START_TS = 1_700_000_000


def sample(kind: str, name: str, path: str, value: Value, labels: Labels = ()) -> Sample:
    """A metric `name` at the dotted `path`."""
    return Sample(
        kind=kind, path=tuple(path.split(".")), name=name, help=f"What {name} counts", value=value, labels=labels
    )


def counter(name: str, path: str, value: int, labels: Labels = ()) -> Sample:
    return sample("counter", name, path, value, labels)


def quantiles(*values: float, maximum: float = 0, count: int = 1, live: int | None = None) -> QuantileValues:
    return QuantileValues(values, maximum=maximum, total=0, count=count, live=live)


NO_QUANTILES = QuantileValues((), maximum=0, total=0, count=0)
NO_HISTOGRAM = HistogramValues((), count=0, total=0)


def histogram(buckets: dict[float, int], count: int) -> HistogramValues:
    return HistogramValues(tuple(buckets.items()), count=count, total=0)


def top(label: str, **estimates: int) -> TopValues:
    return TopValues(label, tuple(TopEntry(name, count, count, count) for name, count in estimates.items()))


def handler(
    *samples: Sample,
    instance: str = "default-default-dns",
    schema: str = "dns",
    start_ts: int = START_TS,
    length: int = 60,
    tap: str | None = "default",
    is_closed: bool = True,
    ledger: dict[str, int] | None = None,
) -> HandlerSnapshot:
    return HandlerSnapshot(
        instance=instance,
        schema=schema,
        start_ts=start_ts,
        length=length,
        start_ns=start_ts * 10**9,
        end_ns=(start_ts + length) * 10**9,
        is_closed=is_closed,
        samples=samples,
        tap=tap,
        ledger=ledger or {},
    )
