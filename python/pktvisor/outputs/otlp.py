"""Snapshots as OpenTelemetry metrics (OTLP, `ExportMetricsServiceRequest`).

A policy's window is one scope, `pktvisor/POLICY`; metrics have the names of the Prometheus families. Every value is of
one window: it is cumulative since the window's start, and a point with a later start is a reset, as OTLP defines it.
Counts may be sums, too, whose points tell what each closed window adds (delta temporality).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AGGREGATION_TEMPORALITY_CUMULATIVE,
    AGGREGATION_TEMPORALITY_DELTA,
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    ScopeMetrics,
    SummaryDataPoint,
)

from pktvisor.metrics.exponential import MOST_BUCKETS, ExponentialValues
from pktvisor.metrics.snapshot import QUANTILES, HandlerSnapshot, HistogramValues, QuantileValues, sum_name
from pktvisor.outputs.families import Family, Series, gather
from pktvisor.outputs.values import signed, unicode_text

NANOSECONDS = 1_000_000_000

UNITS = {"_us": "us", "_bytes": "By"}
"""Units in UCUM, by the ends of names that say them."""

Point = NumberDataPoint | SummaryDataPoint | ExponentialHistogramDataPoint | HistogramDataPoint


@dataclass(frozen=True)
class Resource:
    """Who sends."""

    version: str
    instance: str | None = None
    """What tells this agent from others: the name that it has there."""
    host: str | None = None
    """The name of its host."""

    @property
    def attributes(self) -> dict[str, str]:
        """Its attributes, by the names of OpenTelemetry's semantic conventions."""
        named = {
            "service.name": "pktvisor",
            "service.version": self.version,
            "service.instance.id": self.instance,
            "host.name": self.host,
        }
        return {name: value for name, value in named.items() if value is not None}


def request(scopes: Iterable[ScopeMetrics], resource: Resource) -> ExportMetricsServiceRequest:
    """Put windows into the message that a receiver takes."""
    message = ExportMetricsServiceRequest()
    metrics = message.resource_metrics.add()
    metrics.resource.attributes.extend(_attributes(resource.attributes))
    metrics.scope_metrics.extend(scopes)
    return message


class WindowTooLarge(Exception):
    """A window would take more bytes than it may."""


def scope(
    policy: str, snapshots: Iterable[HandlerSnapshot], *, with_deltas: bool = False, most_bytes: int | None = None
) -> ScopeMetrics:
    """Write one window of a policy. Without a value to tell it has no metrics. Raises `WindowTooLarge`, soon.

    With deltas, counts of closed windows are there as sums, too.
    """
    message = ScopeMetrics()
    message.scope.name = f"pktvisor/{unicode_text(policy)}"
    message.scope.attributes.extend(_attributes({"policy_name": policy}))
    size = 0
    for family in gather({policy: snapshots}):
        for metric in _metrics(family, with_deltas=with_deltas):
            size += metric.ByteSize()
            if most_bytes is not None and size > most_bytes:
                raise WindowTooLarge
            message.metrics.append(metric)
    return message


def _metrics(family: Family, *, with_deltas: bool) -> Iterator[Metric]:
    yield _metric(family)
    if with_deltas and family.adds_up:
        deltas = _deltas(family)
        if deltas.sum.data_points:
            yield deltas


def _deltas(family: Family) -> Metric:
    """Write what closed windows add to sums. An open one may be told again, and would count twice."""
    metric = Metric(name=sum_name(family.name), description=unicode_text(family.help), unit=_unit(family.name))
    metric.sum.aggregation_temporality = AGGREGATION_TEMPORALITY_DELTA
    metric.sum.is_monotonic = True
    for series in family.series:
        if series.snapshot.is_closed and isinstance(series.value, int):
            _fill_context(metric.sum.data_points.add(as_int=signed(series.value)), series)
    return metric


def _metric(family: Family) -> Metric:
    metric = Metric(name=family.name, description=unicode_text(family.help), unit=_unit(family.name))
    # A metric is of one kind: the exponential one only where it is known of all series.
    is_exponential = all(_exponential(series) is not None for series in family.series)
    for series in family.series:
        point = _add_point(metric, series, _exponential(series) if is_exponential else None)
        _fill_context(point, series)
    return metric


def _exponential(series: Series) -> ExponentialValues | None:
    return series.value.exponential if isinstance(series.value, HistogramValues) else None


def _unit(name: str) -> str:
    return next((unit for end, unit in UNITS.items() if name.endswith(end)), "")


def _add_point(metric: Metric, series: Series, exponential: ExponentialValues | None) -> Point:
    match series.value:
        case int() as value:
            return metric.gauge.data_points.add(as_int=signed(value))
        case QuantileValues() as values:
            return _add_summary(metric, values)
        case HistogramValues() as values if exponential is None:
            return _add_bounds(metric, values)
        case HistogramValues() as values:
            return _add_exponential(metric, values, exponential.at_most(MOST_BUCKETS))


def _add_summary(metric: Metric, values: QuantileValues) -> SummaryDataPoint:
    point = metric.summary.data_points.add(count=values.count, sum=values.total)
    for rank, quantile in zip(QUANTILES, values.values, strict=True):
        point.quantile_values.add(quantile=rank, value=quantile)
    return point


def _add_exponential(
    metric: Metric, values: HistogramValues, exponential: ExponentialValues
) -> ExponentialHistogramDataPoint:
    metric.exponential_histogram.aggregation_temporality = AGGREGATION_TEMPORALITY_CUMULATIVE
    point = metric.exponential_histogram.data_points.add(
        count=values.count,
        sum=values.total,
        scale=exponential.scale,
        zero_count=exponential.zero_count,
        zero_threshold=exponential.zero_threshold,
        min=exponential.minimum,
        max=exponential.maximum,
    )
    point.positive.offset = exponential.offset
    point.positive.bucket_counts.extend(exponential.counts)
    return point


def _add_bounds(metric: Metric, values: HistogramValues) -> HistogramDataPoint:
    """Write the counts at the bounds, where no others are known."""
    metric.histogram.aggregation_temporality = AGGREGATION_TEMPORALITY_CUMULATIVE
    point = metric.histogram.data_points.add(count=values.count, sum=values.total)
    before = 0
    for bound, upto in values.buckets:
        point.explicit_bounds.append(bound)
        point.bucket_counts.append(upto - before)
        before = upto
    point.bucket_counts.append(values.count - before)
    return point


def _fill_context(point: Point, series: Series) -> None:
    """Write what all kinds of points have: labels and the time."""
    window = series.snapshot
    point.attributes.extend(_attributes(series.labels))
    point.start_time_unix_nano = window.start_ns
    read_ns = 0 if window.is_closed else (window.start_ts + window.length) * NANOSECONDS
    point.time_unix_nano = max(window.start_ns, window.end_ns, read_ns)


def _attributes(labels: Mapping[str, str]) -> Iterable[KeyValue]:
    for name, value in labels.items():
        attribute = KeyValue(key=name)
        attribute.value.string_value = unicode_text(value)
        yield attribute
