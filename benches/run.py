"""Measure the file reader on the standard files, beside other tools, and print the figures as a table.

python benches/run.py                     everything, in a few minutes
python benches/run.py --only time start   some sections
python benches/run.py --record            also keep the figures in benches/results
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import flow
import measure
import memory
import others
import planning
import record
import traffic
from figures import Figure, table
from traffic import REPOSITORY, Capture

HOSTS = "10.0.0.0/8"
VICTIM = "198.51.100.1/32"
"""The server that all queries of the attack go to."""
GEO_FOLDER = REPOSITORY / "tests" / "fixtures" / "geo"
INSTRUCTION_PACKETS = 100_000
OTHERS_PACKETS = 200_000
MEGABYTE = 1_000_000


class Task(NamedTuple):
    """A capture, summarised as whoever has these hosts sees it."""

    name: str
    capture: Capture
    hosts: str = HOSTS


class Bench:
    """The reader's command line and the captures, shared by all sections."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.reader = str(options.reader)
        self.runs: int = options.runs
        self.core: set[int] = {options.core}

    @cached_property
    def captures(self) -> Sequence[Capture]:
        """Both standard captures, made when a section first needs them."""
        return traffic.standard_captures()

    @property
    def mix(self) -> Capture:
        return self.captures[0]

    @property
    def tasks(self) -> Sequence[Task]:
        mix, attack = self.captures
        return [Task("mix", mix), Task("attack", attack), Task("victim", attack, VICTIM)]

    def command(self, capture: Capture, *options: str, hosts: str = HOSTS) -> list[str]:
        """The reader's command line: one summary of the whole capture."""
        return [self.reader, "--periods", "1", "-H", hosts, *options, str(capture.path)]

    def per_packet_ns(self, whole: measure.Cost, start: measure.Cost, packets: int) -> float:
        """CPU time per packet in nanoseconds, without what a small file costs."""
        return (whole.cpu_seconds - start.cpu_seconds) * 1e9 / (packets - traffic.SMALL_PACKETS)


def time_section(bench: Bench) -> list[Figure]:
    """CPU time per packet and peak memory of all tasks."""
    figures = []
    for name, capture, hosts in bench.tasks:
        traffic.warm(capture.path)
        parts = {"whole": capture, "small": traffic.small(capture)}
        commands = {part: bench.command(cut, hosts=hosts) for part, cut in parts.items()}
        costs = measure.interleaved(commands, bench.runs, bench.core)
        ns = bench.per_packet_ns(costs["whole"], costs["small"], capture.packets)
        figures.append(Figure(name, ns, "ns/packet", f"{capture.packets / 1e6:.1f} M packets"))
        figures.append(Figure(f"{name} memory", costs["whole"].peak_rss_bytes / MEGABYTE, "MB peak"))
    return figures


def geo_section(bench: Bench) -> list[Figure]:
    """How much longer the mix takes with both MaxMind databases."""
    databases = {"--geo-city": find_database("city"), "--geo-asn": find_database("asn")}
    geo = [word for option, path in databases.items() for word in (option, str(path))]
    start = traffic.small(bench.mix)
    commands = {
        "plain": bench.command(bench.mix),
        "plain start": bench.command(start),
        "geo": bench.command(bench.mix, *geo),
        "geo start": bench.command(start, *geo),
    }
    costs = measure.interleaved(commands, bench.runs, bench.core)
    plain = costs["plain"].cpu_seconds - costs["plain start"].cpu_seconds
    located = costs["geo"].cpu_seconds - costs["geo start"].cpu_seconds
    return [Figure("mix with GeoIP", located / plain, "times mix")]


def find_database(kind: str) -> Path:
    """The test database of one kind, city or asn."""
    found = sorted(path for path in GEO_FOLDER.glob("*.mmdb") if kind in path.name.lower())
    if not found:
        raise measure.CommandError(f"no {kind} database in {GEO_FOLDER}")
    return found[0]


def start_section(bench: Bench) -> list[Figure]:
    """Elapsed time from start to finish for a file of a few packets."""
    command = bench.command(traffic.small(bench.mix))
    cost = measure.interleaved({"small": command}, max(bench.runs, 9), bench.core)["small"]
    return [
        Figure("small file", cost.elapsed_seconds, "s elapsed", f"{cost.cpu_seconds:.3f} s CPU"),
        Figure("small file memory", cost.peak_rss_bytes / MEGABYTE, "MB peak"),
    ]


def workers_section(bench: Bench) -> list[Figure]:
    """How much sooner two workers on two cores are done than one worker, without what a small file takes.

    Other programs can only make a run longer, so that the shortest of each kind are compared. The note says
    what two processes with one worker each do at once: the most that the machine gives.
    """
    cores = set(sorted(os.sched_getaffinity(0))[:2])
    if len(cores) < 2:
        raise measure.CommandError("two workers need two cores")
    files = {"": bench.mix, " start": traffic.small(bench.mix)}
    commands = {
        f"{workers}{part}": bench.command(capture, "--workers", workers)
        for workers in ("1", "2")
        for part, capture in files.items()
    }
    traffic.warm(bench.mix.path)
    costs = measure.interleaved(commands, max(bench.runs, 9), cores, measure.least_of)
    one, two = (costs[workers].elapsed_seconds - costs[f"{workers} start"].elapsed_seconds for workers in ("1", "2"))
    cpu = f"CPU {costs['1'].cpu_seconds:.2f} s and {costs['2'].cpu_seconds:.2f} s"
    alone = costs["1"].elapsed_seconds
    together = min(measure.side_by_side(commands["1"], cores) for _ in range(bench.runs))
    limit = f"; two processes at once do {2 * alone / together:.2f} times the work of one"
    return [Figure("two workers", one / two, "times faster", f"{one:.2f} s and {two:.2f} s, {cpu}{limit}")]


def instructions_section(bench: Bench) -> list[Figure]:
    """Instructions per packet: callgrind's count of a cut, less that of a few packets."""
    return [
        Figure(f"{task.name} instructions", instructions_per_packet(bench, task), "per packet") for task in bench.tasks
    ]


def instructions_per_packet(bench: Bench, task: Task) -> float:
    """What callgrind counts for a cut, less that of a few packets; by one worker."""
    cut, small = traffic.cut(task.capture, INSTRUCTION_PACKETS), traffic.small(task.capture)
    commands = (bench.command(part, "--workers", "1", hosts=task.hosts) for part in (cut, small))
    whole, start = (measure.instructions(command, bench.core) for command in commands)
    return (whole - start) / (cut.packets - small.packets)


def floods_section(bench: Bench) -> list[Figure]:
    """How many times the instructions of a DNS query a DHCP request takes, both of distinct clients."""
    question, request = (instructions_per_packet(bench, Task(flood.name, flood)) for flood in traffic.floods())
    return [Figure("DHCP requests", request / question, "times a query", f"{request:,.0f} and {question:,.0f}")]


def others_section(bench: Bench) -> list[Figure]:
    """CPU time per packet of other tools and of the reader on the same cut."""
    figures = []
    for capture in bench.captures:
        cut, small = traffic.cut(capture, OTHERS_PACKETS), traffic.small(capture)
        programs: dict[str, tuple[Sequence[str], Sequence[str], str]] = {
            other.name: (other.command(cut.path), other.command(small.path), other.task) for other in others.installed()
        }
        programs["pktvisor-reader"] = (bench.command(cut), bench.command(small), "all default metrics")
        for name, (whole, start, task) in programs.items():
            costs = measure.interleaved({"whole": whole, "start": start}, min(bench.runs, 3), bench.core)
            ns = bench.per_packet_ns(costs["whole"], costs["start"], cut.packets)
            figures.append(Figure(f"{capture.name}, {name}", ns, "ns/packet", task))
    return figures


SECTIONS: dict[str, Callable[[Bench], list[Figure]]] = {
    "time": time_section,
    "geo": geo_section,
    "start": start_section,
    "workers": workers_section,
    "instructions": instructions_section,
    "floods": floods_section,
    "others": others_section,
    "flow": flow.flow_section,
    "flow-instructions": flow.flow_instructions_section,
    "flow-others": flow.flow_others_section,
    "memory": memory.memory_section,
    "planning": planning.planning_section,
}


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--reader", default=REPOSITORY / ".venv" / "bin" / "pktvisor-reader", help="the program to measure"
    )
    parser.add_argument("--runs", type=int, default=5, help="runs per figure, of which the median counts")
    parser.add_argument(
        "--core", type=int, default=max(os.sched_getaffinity(0)), help="the core that everything is pinned to"
    )
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS), help="the sections to run")
    parser.add_argument("--record", action="store_true", help="keep the figures in benches/results")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Run the sections; one that fails is told about and does not stop the others."""
    options = parse(arguments)
    bench = Bench(options)
    figures: list[Figure] = []
    failures = 0
    for name in options.only:
        print(f"measuring: {name}", file=sys.stderr)
        try:
            figures += SECTIONS[name](bench)
        except (measure.CommandError, subprocess.CalledProcessError, OSError) as error:
            failures += 1
            print(f"{name}: {error}", file=sys.stderr)
    print(table(figures))
    if options.record:
        record.keep(figures)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
