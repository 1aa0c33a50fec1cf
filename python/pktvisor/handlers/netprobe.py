"""Whether and when targets answer probes (handler netprobe, version 1.0)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pktvisor.handlers.base import Handler, HandlerSettings
from pktvisor.metrics.breakdown import GroupColumn, Open
from pktvisor.metrics.expressions import Condition, probe
from pktvisor.metrics.kinds import Counter, Histogram, Maximum, Metric, Minimum, Quantiles

MOST_TARGETS = 1_000
DISTRIBUTIONS = frozenset({"histograms", "quantiles"})

SENT, ANSWERED, TIMED_OUT, LATE, NEVER_ANSWERED, FAILED, NOT_SENT, NAME_NOT_FOUND = (
    probe.event == number for number in range(8)
)


class Netprobe(Handler):
    """Version 1.0. Each target is counted by itself, under its name in the tap."""

    type, schema, table = "netprobe", "netprobe", "probe"
    peer_name = "NetProbe"
    inputs = ("netprobe",)
    by = Open((GroupColumn("target", probe.target, level="targets", is_complete=True),), MOST_TARGETS)
    options = ("recorded_stream", "xact_ttl_secs", "xact_ttl_ms")
    groups: Mapping[str, bool] = {"counters": True, "histograms": True, "quality": True, "quantiles": False}

    attempts = Counter(SENT, groups=("counters",), help="Total Net Probe attempts")
    successes = Counter(ANSWERED, groups=("counters",), help="Total Net Probe successes")
    packets_timeout = Counter(TIMED_OUT, groups=("counters",), help="Total Net Probe timeout transactions")
    dns_lookup_failures = Counter(
        NAME_NOT_FOUND, groups=("counters",), help="Total Net Probe failures when performing a DNS lookup"
    )
    connect_failures = Counter(
        FAILED | NOT_SENT,
        groups=("counters",),
        help="Total Net Probe failures when performing a TCP socket connection",
    )
    response_min_us = Minimum(
        probe.response_us,
        ANSWERED,
        groups=("counters",),
        help="Minimum response time measured in the reporting interval",
    )
    response_max_us = Maximum(
        probe.response_us,
        ANSWERED,
        groups=("counters",),
        help="Maximum response time measured in the reporting interval",
    )
    response_histogram_us = Histogram(
        probe.response_us, ANSWERED, groups=("histograms",), help="Net Probe histogram in microseconds"
    )
    response_quantiles_us = Quantiles(
        probe.response_us, ANSWERED, groups=("quantiles",), help="Net Probe quantile in microseconds"
    )
    # What the C++ agent doesn't tell.
    packets_late = Counter(
        LATE, groups=("quality",), help="Total Net Probe timeout transactions that were answered later"
    )
    packets_lost = Counter(
        NEVER_ANSWERED, groups=("quality",), help="Total Net Probe timeout transactions that were never answered"
    )
    jitter_us = Quantiles(
        probe.jitter_us,
        probe.has_jitter == 1,
        groups=("quality",),
        help="Quantiles of the difference between successive response times in microseconds",
    )

    def __init__(self, settings: HandlerSettings) -> None:
        super().__init__(settings)
        self._metrics = self.declared()
        if self.has("xact_ttl_ms") or self.has("xact_ttl_secs"):
            ttl_us = self.xact_ttl_ms * 1000
            rows = {ANSWERED: _in_time(ttl_us), TIMED_OUT: _too_late(ttl_us)}
            self._metrics = {name: _over(metric, rows) for name, metric in self._metrics.items()}

    def metrics(self) -> Mapping[str, Metric]:
        return self._metrics

    def is_counted(self, metric: Metric) -> bool:
        if isinstance(metric, Minimum) and not self.enabled & DISTRIBUTIONS:
            return False
        return super().is_counted(metric)

    def is_shown(self, metric: Metric) -> bool:
        return self.is_counted(metric)


def _over(metric: Metric, rows: Mapping[Condition, Condition]) -> Metric:
    """A metric over other rows than it declares, where these are replaced."""
    if isinstance(metric, Counter | Quantiles) and isinstance(metric.where, Condition):
        return replace(metric, where=rows.get(metric.where, metric.where))
    return metric


def _in_time(ttl_us: int) -> Condition:
    """Answers within a time of the handler's own, shorter or longer than the input's."""
    return (ANSWERED | LATE) & (probe.response_us < ttl_us)


def _too_late(ttl_us: int) -> Condition:
    """Probes without an answer in that time, each once. For a longer time than the input's it is told late."""
    too_slow = probe.response_us >= ttl_us
    is_shorter = probe.timeout_us >= ttl_us
    return (is_shorter & (TIMED_OUT | ANSWERED & too_slow)) | (~is_shorter & (NEVER_ANSWERED | LATE & too_slow))
