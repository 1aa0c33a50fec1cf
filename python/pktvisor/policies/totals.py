"""What a policy's counters counted since it began: sums over all its windows, the open one included, which never fall.

The core adds a window when it ends, and what is open when it is asked: nothing is lost, however seldom that is.
Those of groups are summed in `policies.group_totals`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from pktvisor import _core
from pktvisor.metrics.breakdown import Open
from pktvisor.metrics.kinds import Metric
from pktvisor.metrics.snapshot import HandlerSnapshot, Sample, Total, sum_name
from pktvisor.policies.group_totals import GroupTotals
from pktvisor.policies.ledger_totals import ledger_samples
from pktvisor.policies.plan import Instance, Placed
from pktvisor.policies.policy import Policy, WindowReader, family_name, sample_of


class PolicyTotals:
    """Reads the totals of a policy. What does not change is worked out once: scrapers ask often."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        instances = policy.plan.instances
        self.groups = GroupTotals(policy)
        self._named = [tuple(_named(policy, at)) for at in range(len(instances))]

    def read(self, now_ns: int) -> tuple[list[HandlerSnapshot], dict[str, int]]:
        """Give those of each handler at this moment, and what became of the packets of its input, by name."""
        self.groups.look()
        window = self._policy.core.totals(now_ns)
        reader = WindowReader(self._policy, window, is_merged=False, now_ns=now_ns)
        handlers = []
        for number, instance in enumerate(self._policy.plan.instances):
            if not instance.handler.is_silent:
                samples = tuple(self._samples(reader, window, number, instance))
                handlers.append(replace(reader.snapshot(instance, samples), is_of_totals=True))
        return handlers, window.ledger()

    def _samples(self, reader: WindowReader, window: _core.Window, number: int, instance: Instance) -> Iterator[Sample]:
        grouped = self.groups.of_metrics(number, instance.handler)
        for placed, (kind, path, name, text, _, labels, adds_up) in self._named[number]:
            if isinstance(placed.by, Open):
                for group, count in grouped[placed.index].items():
                    yield Sample(kind, (*group.path, *path), name, text, Total(count), group.labels, adds_up)
            elif placed.number is None or reader.is_shown(number, instance.handler, placed):
                total = Total(window.metric(number, placed.index).count())
                yield Sample(kind, path, name, text, total, labels, adds_up)
        yield from self.groups.left_out(number)


def _named(policy: Policy, number: int) -> Iterator[tuple[Placed, Sample]]:
    """Give the metrics of a handler that have totals, each as a sample of nothing."""
    handler = policy.plan.instances[number].handler
    owners: dict[str, Metric] = {}
    for placed in policy.plan.placed[number]:
        if placed.metric.has_total and handler.is_shown(placed.metric):
            name = total_name(family_name(handler, placed.metric))
            # Of two metrics that a policy calls `x` and `x_total`, the first has the name.
            if owners.setdefault(name, placed.metric) is placed.metric:
                yield placed, sample_of(handler, placed, Total(0), placed.name)._replace(name=name)


def ledger_snapshot(ledger: Mapping[str, int], tap: str) -> HandlerSnapshot:
    """Give what became of the packets of a tap as metrics of no handler."""
    return HandlerSnapshot("", "input", 0, 0, 0, 0, False, tuple(ledger_samples(ledger)), tap, is_of_totals=True)


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
