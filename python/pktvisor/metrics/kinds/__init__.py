"""The kinds of metrics, as handlers declare them: one kind, one file.

A metric is said once: what it counts, over which rows, in which metric group, under which name. JSON, Prometheus, OTLP,
merge, docs and group switches follow from that one line.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil

from pktvisor.metrics.kinds.base import Feed, Metric, Reading
from pktvisor.metrics.kinds.cardinality import Cardinality
from pktvisor.metrics.kinds.counter import Counter
from pktvisor.metrics.kinds.extremes import Maximum, Minimum
from pktvisor.metrics.kinds.histogram import Histogram
from pktvisor.metrics.kinds.last import Last
from pktvisor.metrics.kinds.ledger_counter import LedgerCounter
from pktvisor.metrics.kinds.quantiles import Quantiles
from pktvisor.metrics.kinds.rate import Rate
from pktvisor.metrics.kinds.top_n import TopN

__all__ = [
    "Cardinality",
    "Counter",
    "Feed",
    "Histogram",
    "Last",
    "LedgerCounter",
    "Maximum",
    "Metric",
    "Minimum",
    "Quantiles",
    "Rate",
    "Reading",
    "TopN",
    "declarable_kinds",
]


@functools.cache
def declarable_kinds() -> dict[str, type[Metric]]:
    """The kinds that policies can declare, by their keys in YAML; a file in this folder is all that a kind takes."""
    found: dict[str, type[Metric]] = {}
    for module in pkgutil.iter_modules(__path__):
        for value in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if isinstance(value, type) and issubclass(value, Metric) and value.declarable is not None:
                found[value.declarable.key] = value
    order = ("counter", "rate", "top_n", "cardinality", "quantiles", "histogram")
    return dict(sorted(found.items(), key=lambda one: (order.index(one[0]) if one[0] in order else len(order), one[0])))
