"""Flow records by exporter and interface (handler flow, version 1.0)."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pktvisor.handlers.base import Handler, HandlerSettings
from pktvisor.handlers.flow_devices import DeviceMap
from pktvisor.handlers.flow_filters import FILTERS, Filters
from pktvisor.handlers.flow_metrics import INTERFACE, INTERFACE_LABEL, WEIGHTS, of_devices, of_interfaces
from pktvisor.handlers.flow_summaries import BY_NETWORK, SUMMARIES, read_summary
from pktvisor.handlers.lookups import Lookup
from pktvisor.metrics.breakdown import GroupName, GroupValues, Open
from pktvisor.metrics.expressions import ALWAYS, Column, Condition, flow
from pktvisor.metrics.kinds import Metric, Reading, TopN
from pktvisor.metrics.labels import LabelKind, label
from pktvisor.metrics.snapshot import Value

if TYPE_CHECKING:
    from pktvisor import _core


LABELLED: Mapping[str, tuple[LabelKind, tuple[Column, ...]]] = {
    "flow.src": ("address", (flow.src,)),
    "flow.dst": ("address", (flow.dst,)),
    "flow.src_port": ("port", (flow.src_port, flow.protocol)),
    "flow.dst_port": ("port", (flow.dst_port, flow.protocol)),
    "flow.src_endpoint": ("endpoint", (flow.src, flow.src_port, flow.protocol)),
    "flow.dst_endpoint": ("endpoint", (flow.dst, flow.dst_port, flow.protocol)),
    "flow.conversation": ("conversation", (flow.src, flow.src_port, flow.dst, flow.dst_port, flow.protocol)),
}
"""What stands in for columns of lists where addresses are summarised or ports have names: a label and its parts."""


class Flow(Handler):
    """Version 1.0. A record counts for the interface it comes in by and for the one it leaves by."""

    type, schema, table = "flow", "flow", "flow"
    inputs = ("flow", "mock")
    without_database = "has no effect"
    options = (*FILTERS, *SUMMARIES, "device_map", "enrichment", "sample_rate_scaling", "recorded_stream")
    groups: Mapping[str, bool] = {
        "by_bytes": True,
        "by_packets": True,
        "cardinality": True,
        "conversations": False,
        "counters": True,
        "top_geo": False,
        "top_interfaces": False,
        "top_ips": True,
        "top_ips_ports": True,
        "top_ports": True,
        "top_tos": False,
    }

    def __init__(self, settings: HandlerSettings) -> None:
        super().__init__(settings)
        self._filters = Filters(settings.options)
        self._devices = DeviceMap.read(settings.options)
        self._weights = self._scaled_weights()
        self._summary = read_summary(settings.options)
        self._names_services = settings.names_services and "top_ports" in self.enabled
        self._metrics = {path: self._labelled(self._of_kept(metric)) for path, metric in self.declared().items()}

    @classmethod
    @functools.cache
    def declared(cls) -> Mapping[str, Metric]:
        return {metric.path: metric for metric in (*of_devices(), *of_interfaces())}

    def metrics(self) -> Mapping[str, Metric]:
        return self._metrics

    def _of_kept(self, metric: Metric) -> Metric:
        """A device's list of interfaces over the records of which no filter has taken these; all others as they are."""
        if not isinstance(metric, TopN) or metric.label != INTERFACE_LABEL:
            return metric
        key = (flow.in_interface.json, flow.out_interface.json).index(metric.column.json)
        return replace(metric, where=metric.where & self._filters.counts_by(key))

    def _labelled(self, metric: Metric) -> Metric:
        """A list of addresses, ports or both by what stands for these; all others as they are."""
        if not isinstance(metric, TopN) or not isinstance(metric.column.json, str):
            return metric
        kind, parts = LABELLED.get(metric.column.json, (None, ()))
        services = self._names_services and kind not in (None, "address")
        summary = None if kind in (None, "port") else self._summary
        if kind is None or not (services or summary):
            return metric
        return replace(metric, column=label(kind, *parts, services=services, summary=summary))

    def lookups(self) -> Iterator[Lookup]:
        yield from super().lookups()
        if self.flag(BY_NETWORK):
            yield Lookup(BY_NETWORK, "network", "has no effect")

    def keep(self) -> Condition:
        return self._filters.keep()

    def counts_by(self, by: Open, key: int) -> Condition:
        return self._filters.counts_by(key) if by == INTERFACE else ALWAYS

    def replacements(self) -> Mapping[str, Column]:
        return self._weights

    def _scaled_weights(self) -> Mapping[str, Column]:
        """Columns in place of the usual ones, which are scaled for samples (sFlow) and as exported for all others."""
        if not self.has("sample_rate_scaling"):
            return {}
        scaling = "scaled" if self.flag("sample_rate_scaling") else "sampled"
        return {f"flow.{weight}": Column(f"flow.{scaling}_{weight}") for weight in WEIGHTS}

    def group_name(self, by: Open, values: GroupValues | None) -> GroupName:
        return by.name(None if values is None else self._devices.named(values))

    def read(self, metric: Metric, groups: Sequence[_core.Group], number: int, reading: Reading) -> Value | None:
        """The value over groups of one name. Numbers of interfaces get names, which each device has for itself."""
        if not isinstance(metric, TopN) or metric.label != INTERFACE_LABEL:
            return super().read(metric, groups, number, reading)
        lists = [(group.metric(number), self._interface_names(group.values)) for group in groups]
        return metric.read_named(lists, reading)

    def _interface_names(self, values: GroupValues | None) -> functools.partial[str]:
        return functools.partial(self._devices.interface, None if values is None else values[0])
