"""What a policy's counters counted since it began: sums over all its windows, the open one included, which never fall.

The core adds a window when it ends, and what is open when it is asked: nothing is lost, however seldom that is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from pktvisor.metrics.kinds import Metric
from pktvisor.metrics.snapshot import HandlerSnapshot, Sample, Total, sum_name
from pktvisor.policies.ledger_totals import ledger_samples
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy, WindowReader, family_name


class PolicyTotals:
    """The totals of a policy at one moment."""

    def __init__(self, policy: Policy, now_ns: int) -> None:
        self._policy = policy
        self._window = policy.core.totals(now_ns)
        self._reader = WindowReader(policy, self._window, is_merged=False, now_ns=now_ns)

    def handlers(self) -> Iterator[HandlerSnapshot]:
        """Give those of each handler."""
        for number, instance in enumerate(self._policy.plan.instances):
            if not instance.handler.is_silent:
                samples = tuple(self._samples(number, instance))
                yield replace(self._reader.snapshot(instance, samples), is_of_totals=True)

    def ledger(self, tap: str) -> HandlerSnapshot:
        """Give what became of the packets of its input, a tap."""
        ledger = self._window.ledger()
        return HandlerSnapshot("", "input", 0, 0, 0, 0, False, tuple(ledger_samples(ledger)), tap, is_of_totals=True)

    def _samples(self, number: int, instance: Instance) -> Iterator[Sample]:
        reader, handler = self._reader, instance.handler
        owners: dict[str, Metric] = {}
        for placed in reader.placed(number):
            if not (placed.metric.has_total and reader.is_shown(number, handler, placed)):
                continue
            name = total_name(family_name(handler, placed.metric))
            # Of two metrics that a policy calls `x` and `x_total`, the first has the name.
            if owners.setdefault(name, placed.metric) is placed.metric:
                for sample in reader.samples_of(number, handler, placed):
                    assert isinstance(sample.value, int)
                    yield sample._replace(name=name, value=Total(sample.value))


def total_name(name: str) -> str:
    """Give the name in Prometheus of the total of a counter that is known by a name there."""
    return f"{sum_name(name)}_total"


def added(snapshots: Iterable[HandlerSnapshot]) -> Iterator[HandlerSnapshot]:
    """Give the totals of handlers of one schema as those of one handler, as `merge_like_handlers` shows them."""
    by_schema: dict[str, list[HandlerSnapshot]] = {}
    for snapshot in snapshots:
        by_schema.setdefault(snapshot.schema, []).append(snapshot)
    for schema, alike in by_schema.items():
        samples: dict[object, Sample] = {}
        for sample in (sample for snapshot in alike for sample in snapshot.samples):
            key = (sample.name, sample.labels)
            samples[key] = _sum(samples[key], sample) if key in samples else sample
        yield replace(alike[0], instance=f"{schema}_merged", tap=None, samples=tuple(samples.values()))


def _sum(one: Sample, other: Sample) -> Sample:
    assert isinstance(one.value, int)
    assert isinstance(other.value, int)
    return one._replace(value=Total(one.value + other.value))
