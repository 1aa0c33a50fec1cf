"""Measure the hub: what it takes in per minute on one core, what a delivery takes, how soon it answers.

    python benches/hub.py [--agents 1000] [--record]
    python benches/hub.py --only bytes       what a delivery is made of
    python benches/hub.py --only truth       what it answers against what a fleet of skewed traffic really did

A fleet in this process makes the deliveries before; the hub runs in a process of its own, on one core.
Deliveries come in as from its HTTP route, without HTTP.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import record
import traffic
from figures import Figure, table
from hub_fleet import HOUR_S, PIECE_PACKETS, hours_ago, made, peak_bytes, pieces, read, write
from hub_history import FEW_AGENTS, ask_day, ask_year, day_begin_s, day_made, note_of
from traffic import REPOSITORY

MEGABYTE = 1_000_000
MINUTES = 3
RATE = 3
"""How many times as many agents as for other sections send where it is measured how many a core can take."""
RUNS = 3
MINUTE_PACKETS = 1_000_000
TRUTH_MINUTES = (0, 61)
"""The first is sealed, the second in memory."""
SHOWN = 100
UNIONS = {"dns.cardinality.qname": "names", "packets.cardinality.src_ips_in": "clients"}
"""Cardinalities, and what the fleet calls that of which they are."""


def in_a_process(work: str, core: int, *arguments: object) -> dict[str, Any]:
    """Run a part of this file in a process of its own, on one core; give what it tells."""
    command = ["taskset", "-c", str(core), sys.executable, __file__, "--work", work, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def take_all(deliveries: str, folder: str) -> dict[str, Any]:
    """Take deliveries in, minute by minute, as the hub does."""
    from pktvisor.hub.hub import Hub, HubSettings

    hub = Hub(HubSettings(Path(folder)))
    count, before = 0, time.process_time()
    began = time.monotonic()
    for body in read(Path(deliveries)):
        hub.admission.take(body, time.time_ns())
        count += 1
    hub.minutes.close_before(int(time.time()) // 60)
    hub.flush()
    assert hub.counters["deliveries"] == count
    assert hub.counters["windows_refused"] == 0
    told = {"count": count, "cpu_s": time.process_time() - before, "elapsed_s": time.monotonic() - began}
    peak = peak_bytes()
    hub.stop()
    return {**told, "peak_bytes": peak}


def ask_truth(deliveries: str, folder: str) -> dict[str, Any]:
    """Take deliveries in, seal the first hour, and ask for what the fleet knows, too."""
    from pktvisor.hub.history import Question, answer
    from pktvisor.hub.hub import Hub, HubSettings
    from pktvisor.hub.sets import heaviest

    hub = Hub(HubSettings(Path(folder)))
    for body in read(Path(deliveries)):
        hub.admission.take(body, time.time_ns())
    first_s = min(hub.minutes.numbers()) * 60
    hub.seal(first_s // HOUR_S)
    time_s = (first_s, first_s + 2 * HOUR_S)
    before = time.monotonic()
    question = Question("default", "dns.top_qname3", *time_s, top=SHOWN)
    heaviest(question, hub.stored, hub.minutes)
    answer_s = time.monotonic() - before
    before = time.monotonic()
    top = heaviest(question, hub.stored, hub.minutes, hub.windows)
    agents_s = time.monotonic() - before
    unions = {}
    for metric in UNIONS:
        for tag in ("", "site"):
            whole = Question("default", metric, *time_s, HOUR_S, tag, is_whole=True)
            told: Any = answer(whole, hub.stored, hub.minutes)
            unions.update({f"{metric} {site}": points[0][1] for site, points in told["series"].items()})
    peak = peak_bytes()
    hub.stop()
    return {"items": top["items"], "unions": unions, "answer_s": answer_s, "agents_s": agents_s, "peak_bytes": peak}


WORK: dict[str, Callable[[str, str], dict[str, Any]]] = {
    "take": take_all,
    "day": ask_day,
    "year": ask_year,
    "truth": ask_truth,
}


def intake(agents: int, core: int, folder: Path) -> list[Figure]:
    """Deliveries of some minutes, of several times as many agents: what a core is to take at least."""
    count, size = write(made(RATE * agents, range(MINUTES), hours_ago(1)), folder / "deliveries")
    runs = [in_a_process("take", core, folder / "deliveries", folder / f"hub {run}") for run in range(RUNS)]
    least = min(runs, key=lambda told: float(told["cpu_s"]))
    note = f"{RATE * agents} agents, {MINUTES} minutes: {least['cpu_s']:.1f} s of CPU, the least of {RUNS}"
    return [
        Figure("hub agents", count / least["cpu_s"] * 60, "per minute and core", note),
        Figure("hub memory", max(told["peak_bytes"] for told in runs) / MEGABYTE, "MB peak", "of the same"),
        Figure(
            "hub delivery",
            size / count / 1000,
            "kB",
            f"net and dns of {PIECE_PACKETS} packets of mix, top lists cut to 384",
        ),
    ]


def day(agents: int, core: int, folder: Path) -> list[Figure]:
    """A day of hours, each with one minute of all agents; the last, in memory, with all minutes of some."""
    write(day_made(agents), folder / "day")
    told = in_a_process("day", core, folder / "day", folder / "hub of a day")
    kept = f"{agents} agents, {told['hours']} sealed hours with a minute each, 60 minutes in memory"
    return [
        Figure("hub top list of a day by tag", told["answer_s"], "s elapsed", f"{kept}; {note_of(told)}"),
        Figure("hub merged window", told["cell_bytes"] / 1000, "kB", "of all agents or of a site, whatever its length"),
        Figure(
            "hub agents, sealed",
            60 / (told["taken_s"] + told["sealed_s"]),
            "per minute and core",
            f"taken in ({told['taken_s'] * 1000:.1f} ms of CPU each), then sealed ({told['sealed_s'] * 1000:.1f} ms)",
        ),
        Figure("hub memory, sealing", told["peak_bytes"] / MEGABYTE, "MB peak", "of the same"),
    ]


def year(agents: int, core: int, folder: Path) -> list[Figure]:
    """A year of days, each with one minute of some agents."""
    agents = min(agents, FEW_AGENTS)
    told = in_a_process("year", core, agents, folder / "hub of a year")
    kept = f"{agents} agents, {told['days']} days with a minute each"
    return [Figure("hub top list of a year by tag", told["answer_s"], "s elapsed", f"{kept}; {note_of(told)}")]


def of_bytes(agents: int, core: int, folder: Path) -> list[Figure]:
    """What deliveries are made of: an agent's windows of a piece of mix, of a minute of it, and of its DNS alone."""
    del agents, core, folder
    minute = traffic.cut(traffic.standard_captures()[0], MINUTE_PACKETS).path
    return [
        *parts("mix", pieces()[0]),
        *parts("minute of mix", minute),
        *parts("resolver", minute, filter_expression="udp port 53"),
    ]


def parts(name: str, capture: Path, filter_expression: str = "") -> Iterator[Figure]:
    """A delivery, and the sections that it is packed in."""
    sys.path.insert(0, str(REPOSITORY / "tests"))
    from pktvisor.windows.reading import cut
    from pktvisor.windows.tables import record_table
    from support.fleet import records_of_capture

    for most_items in (384, 256, 128):
        records = records_of_capture(capture, filter_expression=filter_expression)
        table = record_table([cut(record, most_items) for record in records], {})
        note = f"{len(table.write()) / 1000:.1f} kB as an Arrow stream"
        yield Figure(f"{name}, lists of {most_items}", len(table.pack()) / 1000, "kB", note)
        if most_items == 384:
            for section, content, size in table.packed_parts():
                yield Figure(f"{name}: {section}", size / 1000, "kB", f"of {len(content) / 1000:.1f}")


def truth(agents: int, core: int, folder: Path) -> list[Figure]:
    """What a hub tells of a fleet whose names follow Zipf's law, against what the fleet did."""
    sys.path.insert(0, str(REPOSITORY / "tests"))
    from support.zipf_fleet import ZipfFleet

    fleet = ZipfFleet(day_begin_s())
    write((fleet.body(number, minute) for minute in TRUTH_MINUTES for number in range(agents)), folder / "truth")
    told = in_a_process("truth", core, folder / "truth", folder / "hub of truth")
    true = {"": fleet.truth, **fleet.by_site}
    counts = {f"{metric} {site}": len(getattr(true[site], of)) for metric, of in UNIONS.items() for site in true}
    errors = [told["unions"][name] / count - 1 for name, count in counts.items()]
    mean = math.sqrt(sum(error**2 for error in errors) / len(errors))
    note = f"{agents} agents, {fleet.truth.total:,} queries of {len(fleet.truth.names):,} names"
    return [
        Figure("hub items outside their bounds", len(fleet.truth.outside(told["items"])), "of 100", note),
        Figure("hub heaviest items shown", fleet.truth.present(told["items"], SHOWN), "of 100"),
        Figure(
            "hub union", mean * 100, "% error", f"root mean square of {len(errors)}, {max(map(abs, errors)):.1%} most"
        ),
        Figure("hub top list of two hours", told["answer_s"], "s elapsed", "one sealed, one in memory"),
        Figure("hub items with agents miscounted", len(fleet.miscounted(told["items"])), "of 100"),
        Figure("hub top list with agents", told["agents_s"], "s elapsed", "of the same two hours"),
        Figure("hub memory, truth", told["peak_bytes"] / MEGABYTE, "MB peak"),
    ]


SECTIONS = {"intake": intake, "day": day, "year": year, "bytes": of_bytes, "truth": truth}


def main(arguments: Sequence[str]) -> int:
    """Measure each section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS), help="some sections")
    parser.add_argument("--agents", type=int, default=1000, help="agents of the fleet (default: 1000)")
    parser.add_argument("--core", type=int, default=0, help="the core that the hub runs on (default: 0)")
    parser.add_argument("--record", action="store_true", help="keep the figures in benches/results")
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.work:
        work, deliveries, folder = options.work
        print(json.dumps(WORK[work](deliveries, folder)))
        return 0
    figures: list[Figure] = []
    for name in options.only:
        with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
            figures += SECTIONS[name](options.agents, options.core, Path(folder))
    print(table(figures))
    if options.record:
        record.keep(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
