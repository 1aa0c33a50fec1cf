"""What there is to say of the process itself, for Prometheus: version, age, memory, exports, and what it takes.

Names that begin with `process_` are those of all programs that export to Prometheus.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from pktvisor import clock
from pktvisor.agent.running import RunningAgent
from pktvisor.api.documents import Exports, Memory
from pktvisor.metrics.snapshot import HandlerSnapshot, Sample, SecondsTotal, Total
from pktvisor.outputs.families import FamilyType
from pktvisor.server.context import Context
from pktvisor.server.counters import Counters

PROCESS = ""
"""Stands for the process among policies: its series have no label `policy`."""


class Declared(NamedTuple):
    """A family of metrics."""

    type: FamilyType
    help: str
    labels: tuple[str, ...] = ()


PROCESS_METRICS = {
    "pktvisor_build_info": Declared("gauge", "1, of the version that its label tells", ("version",)),
    "pktvisor_uptime_seconds": Declared("gauge", "Seconds since it started"),
    "pktvisor_memory_held_bytes": Declared("gauge", "Bytes of memory held, by what they are held for", ("of",)),
    "pktvisor_memory_budget_bytes": Declared("gauge", "Bytes of memory that may be held"),
    "pktvisor_memory_gave_way": Declared("gauge", "How much gave way to the memory budget since the start", ("of",)),
    "pktvisor_exports": Declared(
        "gauge", "What became of windows that are pushed, since the start, and how many wait", ("of", "to")
    ),
    "pktvisor_server_events_total": Declared("counter", "What the interface did, and what it refused", ("of",)),
    "pktvisor_hub_events_total": Declared("counter", "A hub: what came in, and what was removed or left out", ("of",)),
    "pktvisor_hub_agents": Declared("gauge", "A hub: agents, by whether they are live, stale or gone", ("state",)),
    "pktvisor_hub_windows_missing": Declared(
        "gauge", "A hub: windows of its agents that never came though later ones did"
    ),
    "pktvisor_hub_lake_hours_waiting": Declared("gauge", "A hub: sealed hours that are not in the lake yet"),
    "process_start_time_seconds": Declared("gauge", "When it started, in seconds since 1970"),
    "process_cpu_seconds_total": Declared("counter", "Processor time that it took, in seconds"),
    "process_open_fds": Declared("gauge", "Files that it has open"),
    "process_max_fds": Declared("gauge", "Files that it may have open"),
    "process_virtual_memory_bytes": Declared("gauge", "Bytes of its address space"),
    "process_resident_memory_bytes": Declared("gauge", "Bytes of memory that it takes"),
}
"""All of them, by name."""


def process_snapshots(context: Context) -> dict[str, list[HandlerSnapshot]]:
    """Give what there is to say of the process itself, beside policies."""
    samples = (
        *_memory_samples(context.agent.memory),
        *_export_samples(context.settings.exports()),
        *_life_samples(context.agent),
        *_server_samples(context.counters),
        *_usage_samples(context.agent.started),
        *_own_samples(context.agent),
    )
    return {PROCESS: [HandlerSnapshot("", "pktvisor", 0, 0, 0, 0, is_closed=False, samples=samples, is_of_totals=True)]}


def _memory_samples(memory: Memory) -> Iterator[Sample]:
    for name, held in memory.held.items():
        yield _sample("pktvisor_memory_held_bytes", held, of=name)
    if memory.budget_bytes is not None:
        yield _sample("pktvisor_memory_budget_bytes", memory.budget_bytes)
    for name, given in memory.gave_way.items():
        yield _sample("pktvisor_memory_gave_way", given, of=name)


def _export_samples(exports: Exports) -> Iterator[Sample]:
    for to, counters in exports.items():
        for name, value in counters.items():
            yield _sample("pktvisor_exports", value, of=name, to=to)


def _life_samples(agent: RunningAgent) -> Iterator[Sample]:
    yield _sample("pktvisor_build_info", 1, version=agent.version)
    yield _sample("pktvisor_uptime_seconds", int(clock.now() - agent.started))


def _server_samples(counters: Counters) -> Iterator[Sample]:
    for name, count in asdict(counters).items():
        yield _sample("pktvisor_server_events_total", Total(count), of=name)


def _own_samples(agent: RunningAgent) -> Iterator[Sample]:
    for name, value, labels in agent.own_metrics():
        yield _sample(name, value if PROCESS_METRICS[name].type == "gauge" else Total(value), **dict(labels))


def _usage_samples(started: float) -> Iterator[Sample]:
    yield _sample("process_start_time_seconds", int(started))
    used = resource.getrusage(resource.RUSAGE_SELF)
    yield _sample("process_cpu_seconds_total", SecondsTotal((used.ru_utime + used.ru_stime) * 1000))
    yield _sample("process_max_fds", resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    try:
        open_fds = sum(1 for _ in Path("/proc/self/fd").iterdir()) - 1  # without the one that looks
        sizes = Path("/proc/self/statm").read_text().split()
    except OSError:
        return  # for want of file descriptors, perhaps: what can't be told is left out
    page_bytes = resource.getpagesize()
    yield _sample("process_open_fds", open_fds)
    yield _sample("process_virtual_memory_bytes", int(sizes[0]) * page_bytes)
    yield _sample("process_resident_memory_bytes", int(sizes[1]) * page_bytes)


def _sample(name: str, value: int, **labels: str) -> Sample:
    declared = PROCESS_METRICS[name]
    return Sample(declared.type, (name,), name, declared.help, value, tuple(labels.items()))
