"""Captures measured by a policy, with what the sketches hold in full beside what they show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pktvisor import _core
from pktvisor.config.command_options import DEFAULT_LENGTH_S
from pktvisor.handlers import handler
from pktvisor.handlers.base import HandlerSettings
from pktvisor.inputs.filters import capture_filter
from pktvisor.metrics.snapshot import HandlerSnapshot
from pktvisor.outputs import prometheus
from pktvisor.outputs.json import policy_document
from pktvisor.policies.plan import Instance, Placed
from pktvisor.policies.policy import Policy
from pktvisor.policies.summary import open_databases, run_file

EVERYTHING = 1_000_000
"""More entries than any top list of a test holds."""


@dataclass(frozen=True)
class Wanted:
    """A handler to run."""

    name: str
    type: str
    version: str = "1.0"
    settings: HandlerSettings = field(default_factory=HandlerSettings)

    def instance(self, tap: str | None, input_type: str = "pcap") -> Instance:
        settings = replace(self.settings, input_type=input_type)
        return Instance(self.name, handler(self.type, self.version)(settings), tap)


@dataclass(frozen=True)
class Source:
    """A capture and how it is read."""

    path: Path
    hosts: str = ""
    filter_expression: str = ""
    geo_city: Path | None = None
    geo_asn: Path | None = None
    workers: int = 1
    reads_flows: bool = False
    """The capture holds the datagrams of exporters of flow records."""
    decapsulates: bool = False
    """Packets in tunnels are known by what is inside."""
    services: _core.Services | None = None
    """The registry that names ports."""

    @property
    def input_type(self) -> str:
        """What the file holds, by its name."""
        return "dnstap" if self.path.suffix in {".fstrm", ".dnstap"} else "pcap"


class Measured:
    """A policy that has read a capture. `first` and `last` number the windows to look at, the open one is 0."""

    def __init__(self, policy: Policy, report: _core.FileReport, first: int = 0, last: int | None = None) -> None:
        self.policy = policy
        self.report = report
        self.first = first
        self.last = policy.periods - 1 if last is None else last
        window = policy.core.read(self.first, self.last)
        assert window is not None, "the policy has no such window"
        self.window = window

    def snapshots(self) -> list[HandlerSnapshot]:
        """Give the windows as outputs get them."""
        if self.first == self.last:
            return self.policy.bucket(self.first, 0)
        return self.policy.window(self.last + 1, 0)

    def document(self) -> dict[str, Any]:
        """Give the windows as JSON by handler instance."""
        return policy_document(self.snapshots())

    def prometheus(self, policy: str = "golden") -> str:
        return prometheus.render({policy: self.snapshots()})

    def top_in_full(self, instance: str, path: str) -> dict[str, int]:
        """Give all entries that a top list tracks."""
        number, placed = self._find(instance, path)
        metric: Any = placed.metric
        rows = self.window.metric(number, placed.index).top(EVERYTHING)
        return {metric.render(row[0]): row[1] for row in rows}

    def quantiles(self, instance: str, path: str, ranks: Sequence[float]) -> tuple[list[float], int]:
        """Give the values at any ranks, and the number of values."""
        number, placed = self._find(instance, path)
        row = self.window.metric(number, placed.index).quantiles(ranks)
        return row[0], row[3]

    def counts_up_to(self, instance: str, path: str, bounds: Sequence[float]) -> tuple[list[int], int]:
        """Give a histogram's cumulative counts at any of its bounds, and the number of values."""
        number, placed = self._find(instance, path)
        cumulative, count, _ = self.window.metric(number, placed.index).histogram(bounds)
        return cumulative, count

    def sketch(self, instance: str, path: str) -> bytes:
        number, placed = self._find(instance, path)
        return self.window.metric(number, placed.index).image()

    def _find(self, instance: str, path: str) -> tuple[int, Placed]:
        """Find the metric at a dotted path below its schema key, the direction first where it is kept apart."""
        for number, one in enumerate(self.policy.plan.instances):
            if one.name != instance:
                continue
            for placed in self.policy.plan.placed[number]:
                if ".".join((*placed.name.path, placed.metric.path)) == path:
                    return number, placed
        raise AssertionError(f"{instance} has no metric {path}")


def policy_over(
    source: Source,
    wanted: Sequence[Wanted],
    *,
    periods: int,
    length_s: int = DEFAULT_LENGTH_S,
    tap: str | None = None,
) -> tuple[Policy, _core.FileReport]:
    """Read a capture through these handlers."""
    city, network = (None if path is None else str(path) for path in (source.geo_city, source.geo_asn))
    databases = open_databases(city, network)
    policy = Policy(
        "golden",
        [one.instance(tap, source.input_type) for one in wanted],
        periods=periods,
        length_s=length_s,
        is_recorded=True,
        databases=replace(databases, services=source.services),
    )
    report = run_file(
        str(source.path),
        policy,
        hosts=source.hosts,
        wanted=capture_filter(source.filter_expression),
        workers=source.workers,
        reads_flows=source.reads_flows,
        decapsulates=source.decapsulates,
        input_type=source.input_type,
    )
    return policy, report


def measure(source: Source, wanted: Sequence[Wanted], *, periods: int = 1, tap: str | None = None) -> Measured:
    """Read a capture through these handlers and look at all windows; with one period everything is in one."""
    return Measured(*policy_over(source, wanted, periods=periods, tap=tap))
