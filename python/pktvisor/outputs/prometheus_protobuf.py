"""Snapshots as Prometheus protobuf messages (`io.prometheus.client.MetricFamily`), each with its length before it.

Names, labels and values are those of the Prometheus text, but for numbers not being cut to six digits. A histogram
carries its classic buckets and, where the exponential ones are known, a native histogram; the scraper chooses.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from google.protobuf.proto import serialize_length_prefixed

from pktvisor.metrics.exponential import MOST_BUCKETS, ExponentialValues
from pktvisor.metrics.snapshot import QUANTILES, HistogramValues, Labels, QuantileValues, Total
from pktvisor.outputs.families import Family, Policies, Series, gather
from pktvisor.outputs.prometheus_messages import TYPES, MetricFamily
from pktvisor.outputs.values import signed, unicode_text


def render(policies: Policies, *, static: Labels = (), with_handler: bool = True) -> bytes:
    """Write the windows of policies, given by name. What the arguments mean is said at `prometheus.render`."""
    return b"".join(messages(policies, static=static, with_handler=with_handler))


def messages(policies: Policies, *, static: Labels = (), with_handler: bool = True) -> Iterator[bytes]:
    """Write the same family after family."""
    for family in gather(policies, with_handler=with_handler):
        output = BytesIO()
        serialize_length_prefixed(_family(family, static), output)
        yield output.getvalue()


def _family(family: Family, static: Labels) -> Any:
    message: Any = MetricFamily(name=family.name, help=unicode_text(family.help), type=TYPES[family.type.upper()])
    for series in family.series:
        _add_metric(message, series, static)
    return message


def _add_metric(family: Any, series: Series, static: Labels) -> None:
    metric = family.metric.add()
    leading = [pair for pair in static if pair[0] not in series.labels]
    for name, value in (*leading, *sorted(series.labels.items())):
        metric.label.add(name=name, value=unicode_text(value))
    match series.value:
        case Total() as total:
            metric.counter.value = total.shown
        case int() as number:
            metric.gauge.value = number
        case QuantileValues() as values:
            _fill_summary(metric.summary, values)
        case HistogramValues() as values:
            _fill_histogram(metric.histogram, values)


def _fill_summary(summary: Any, values: QuantileValues) -> None:
    summary.sample_count = values.count
    summary.sample_sum = values.maximum
    for rank, value in zip(QUANTILES, values.values, strict=True):
        summary.quantile.add(quantile=rank, value=value)


def _fill_histogram(histogram: Any, values: HistogramValues) -> None:
    histogram.sample_count = values.count
    histogram.sample_sum = values.total
    for bound, count in (*values.buckets, (math.inf, values.count)):
        histogram.bucket.add(upper_bound=bound, cumulative_count=count)
    if values.exponential is not None:
        _fill_native(histogram, values.exponential.at_most(MOST_BUCKETS))


def _fill_native(histogram: Any, values: ExponentialValues) -> None:
    histogram.schema = values.scale
    histogram.zero_threshold = values.zero_threshold
    histogram.zero_count = values.zero_count
    end, before = 0, 0
    # Prometheus numbers a bucket by its upper bound, OpenTelemetry by its lower one.
    for begin, counts in _runs(values.counts, values.offset + 1):
        histogram.positive_span.add(offset=begin - end, length=len(counts))
        end = begin + len(counts)
        for count in counts:
            histogram.positive_delta.append(signed(count) - before)
            before = signed(count)


def _runs(counts: tuple[int, ...], first: int) -> Iterator[tuple[int, list[int]]]:
    """Give the runs of buckets that are not empty: index of the first, and their counts."""
    run: list[int] = []
    for index, count in enumerate((*counts, 0), first):
        if count:
            run.append(count)
        elif run:
            yield index - len(run), run
            run = []
