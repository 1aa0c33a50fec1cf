"""A policy's windows as records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pktvisor import _core
from pktvisor.metrics.breakdown import Breakdown, GroupName, Open
from pktvisor.policies.plan import Instance, Placed
from pktvisor.policies.policy import NANOSECONDS, Policy, Range, WindowReader, family_name
from pktvisor.windows.merging import shown
from pktvisor.windows.record import MOST_RECORDS, VERSION, Record, ledger_fields


def bucket_records(policy: Policy, number: int, *, agent: str, now_ns: int) -> list[Record]:
    """The records of one window: 0 is the open one. PeriodError where there is no such window."""
    return _of_range(policy, policy.bucket_range(number), agent, now_ns)


def merged_records(policy: Policy, number: int, *, agent: str, now_ns: int) -> list[Record]:
    """The records of the newest windows merged. PeriodError for less than two or more than are kept."""
    return _of_range(policy, policy.window_range(number), agent, now_ns)


def window_records(
    policy: Policy,
    window: _core.Window,
    *,
    agent: str,
    now_ns: int = 0,
    most_items: int | None = None,
    most_records: int | None = None,
) -> list[Record]:
    """The records of a window: of each handler all metrics that outputs show, once for each group.

    Top lists are cut to their `most_items` heaviest; their estimates stay as they are, and their bounds become wider.
    The groups of a breakdown have `most_records` records, `MOST_RECORDS` where nobody says.
    """
    most_records = MOST_RECORDS if most_records is None else most_records
    return list(_Recorder(policy, window, agent, now_ns, most_items, most_records).records())


def ended_records(
    policy: Policy, number: int, *, agent: str, now_ns: int, most_items: int, most_records: int | None = None
) -> list[Record] | None:
    """The records of a window by its number; None where it is no more. One that is open counts as closed now."""
    window = policy.core.window(number)
    if window is None:
        return None
    records = window_records(
        policy, window, agent=agent, now_ns=now_ns, most_items=most_items, most_records=most_records
    )
    if window.is_closed:
        return records
    return [_closed(record, record.end_ns if policy.is_recorded else max(now_ns, record.end_ns)) for record in records]


def _closed(record: Record, end_ns: int) -> Record:
    """A record of an open window as if that had closed at this time."""
    length_s = end_ns // NANOSECONDS - record.start_ns // NANOSECONDS
    return replace(record, end_ns=end_ns, length_s=length_s, is_closed=True)


def _of_range(policy: Policy, windows: Range, agent: str, now_ns: int) -> list[Record]:
    window = policy.core_window(windows, now_ns)
    return [] if window is None else window_records(policy, window, agent=agent, now_ns=now_ns)


MOST_GROUPS_SHOWN = 10_000
"""Groups that the core gives, the heaviest."""


class _Recorder:
    """Writes the records of one window."""

    def __init__(
        self,
        policy: Policy,
        window: _core.Window,
        agent: str,
        now_ns: int,
        most_items: int | None,
        most_records: int,
    ) -> None:
        self._policy, self._window, self._agent = policy, window, agent
        self._most_items, self._most_records = most_items, most_records
        self._reader = WindowReader(policy, window, is_merged=False, now_ns=now_ns)
        ledger = window.ledger()
        ledger["evicted.groups"] += sum(self._left_out())
        self._ledger_fields = ledger_fields(ledger)

    def _left_out(self) -> Iterator[int]:
        """How many groups of each breakdown have no records."""
        for number, placed in enumerate(self._policy.plan.placed):
            indices = {one.by: one.index for one in placed if isinstance(one.by, Open)}
            for by, index in indices.items():
                groups, *_ = self._window.group_sizes(number, index)
                yield max(0, groups - self._most_groups(number, by))

    def _most_groups(self, number: int, by: Breakdown | None) -> int:
        """How many groups of a breakdown have records: as many as all its metrics have room for."""
        metrics = sum(one.by == by for one in self._policy.plan.placed[number])
        return min(MOST_GROUPS_SHOWN, self._most_records // metrics)

    def records(self) -> Iterator[Record]:
        for number, instance in enumerate(self._policy.plan.instances):
            if not instance.handler.is_silent:
                about = self._about(instance)
                for placed in self._policy.plan.placed[number]:
                    if self._reader.is_shown(number, instance.handler, placed):
                        meaning = self._policy.plan.meanings[number][placed.index]
                        for name, core in self._values(number, placed):
                            metric = _metric_fields(instance, placed, name)
                            kept: dict[str, Any] = {"kind": core.kind, "items": core.items, "meaning": meaning}
                            yield Record(**metric, **kept, **shown(core, placed.metric.shape), **about)

    def _values(self, number: int, placed: Placed) -> Iterator[tuple[GroupName, _core.Metric]]:
        for name, core in self._whole_values(number, placed):
            yield name, core if self._most_items is None else core.cut(self._most_items)

    def _whole_values(self, number: int, placed: Placed) -> Iterator[tuple[GroupName, _core.Metric]]:
        """The metric with the name of its group; of an open breakdown one for each group."""
        if not isinstance(placed.by, Open):
            yield placed.name, self._window.metric(number, placed.index)
            return
        at = self._window.grouped_number(number, placed.index)
        groups = self._reader.groups_of(number, placed)
        most = self._most_groups(number, placed.by)
        for group in (*groups[:most], *(one for one in groups[most:] if one.values is None)):
            yield placed.by.name(group.values), group.metric(at)

    def _about(self, instance: Instance) -> dict[str, Any]:
        """The fields that all metrics of a handler share."""
        snapshot = self._reader.snapshot(instance, ())
        return {
            "record_version": VERSION,
            "agent": self._agent,
            "policy": self._policy.name,
            "tap": instance.tap or "",
            "instance": instance.name,
            "number": self._window.number,
            "start_ns": snapshot.start_ns,
            "end_ns": snapshot.end_ns,
            "length_s": snapshot.length,
            "is_closed": self._window.is_closed,
            "sample_percent": max(1, min(100, instance.handler.settings.deep_sample_rate)),
            **self._ledger_fields,
        }


def _metric_fields(instance: Instance, placed: Placed, name: GroupName) -> dict[str, Any]:
    """The fields that tell what a metric is."""
    metric, handler = placed.metric, instance.handler
    return {
        "schema": handler.schema,
        "handler_version": handler.version,
        "path": metric.path,
        "labels": dict(name.labels),
        "group": name.path,
        "family": family_name(handler, metric),
        "help": metric.help,
        "shape": metric.shape,
        "item_label": " ".join(metric.labels()),
        "words": metric.words(),
    }
