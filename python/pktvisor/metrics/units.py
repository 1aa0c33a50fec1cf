"""The units of what metrics measure, as columns tell them."""

from __future__ import annotations

from pktvisor.metrics.expressions import schema
from pktvisor.metrics.kinds import Metric

TIME = "microseconds"


def unit_of(metric: Metric) -> str:
    """Give the unit of what is added or measured; a list's entries are in that of its weight. Empty for numbers."""
    for _, column, weight in metric.feeds():
        measured = weight if metric.shape == "top" else None if metric.shape == "estimate" else column
        known = schema().get(str(measured.json)) if measured is not None else None
        return "" if known is None else known.unit
    return ""
