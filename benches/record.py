"""Keeping figures: one JSON file per day and a line in the tables of benches/results/README.md."""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from figures import Figure, number
from traffic import REPOSITORY

RESULTS = Path(__file__).resolve().parent / "results"


class Section(NamedTuple):
    """A table of the results, by the heading that it stands under."""

    heading: str
    columns: Sequence[str]
    """Names of figures."""


TABLES = (
    Section(
        "# Results over time",
        (
            "mix",
            "attack",
            "victim",
            "mix with GeoIP",
            "mix instructions",
            "attack instructions",
            "victim instructions",
            "mix memory",
            "attack memory",
            "small file",
            "two workers",
            "daemon at rest",
        ),
    ),
    Section(
        "## Flow records and dnstap",
        ("netflow9", "ipfix", "sflow", "messages", "netflow9 memory", "waiting memory", "exporters memory"),
    ),
    Section("## Planning", ("planning of 25 handlers", "planning of 100 handlers", "planning of 200 handlers")),
    Section(
        "## The hub",
        (
            "hub agents",
            "hub memory",
            "hub delivery",
            "hub top list of a day by tag",
            "hub top list of a year by tag",
            "hub union",
            "hub items outside their bounds",
            "hub heaviest items shown",
        ),
    ),
    Section(
        "## The web page",
        (
            "page first paint",
            "page bytes",
            "page fleet frames",
            "page fleet mean frames",
            "page fleet slow frames",
            "page 1 viewers",
            "page 20 viewers",
        ),
    ),
)


def processor() -> str:
    """The processor's name, as the kernel tells it."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def commit() -> str:
    """The commit that was measured, with a plus sign if files were changed."""
    described = ["git", "-C", str(REPOSITORY), "describe", "--always", "--abbrev=10", "--dirty=+"]
    return subprocess.run(described, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_average_15_minutes": round(os.getloadavg()[2], 2),
    }


def keep(figures: Iterable[Figure]) -> Path:
    """Merge the figures into today's file, and add or replace today's line of their tables."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    path = RESULTS / f"{today}.json"
    before = json.loads(path.read_text()) if path.exists() else {"commit": "", "figures": {}}
    known = {name: {"commit": before["commit"], **figure} for name, figure in before["figures"].items()}
    known |= {figure.name: {**figure.as_document(), "commit": commit()} for figure in figures}
    document = {"date": today, "commit": commit(), "machine": machine(), "figures": known}
    path.write_text(json.dumps(document, indent=2) + "\n")
    write_line(today, known)
    return path


def write_line(date: str, figures: Mapping[str, Mapping[str, Any]]) -> None:
    """One line per date in each table that has some of the figures; a later run of the day replaces the earlier."""
    readme = RESULTS / "README.md"
    lines = readme.read_text().splitlines()
    for table in TABLES:
        if not figures.keys().isdisjoint(table.columns):
            _put(lines, table, date, {name: figures.get(name, {}) for name in table.columns})
    readme.write_text("\n".join(lines) + "\n")


def _put(lines: list[str], table: Section, date: str, figures: Mapping[str, Mapping[str, Any]]) -> None:
    """Put a date's line behind the others of its table, with the commits that its figures are of."""
    commits = dict.fromkeys(figure["commit"] for figure in figures.values() if figure)
    values = [number(figure.get("value")) for figure in figures.values()]
    cells = [f"[{date}]({date}.json)", ", ".join(commits), *values]
    line = "| " + " | ".join(cells) + " |"
    first = next(at for at in range(lines.index(table.heading), len(lines)) if lines[at].startswith("|"))
    end = next((at for at in range(first, len(lines)) if not lines[at].startswith("|")), len(lines))
    others = [one for one in lines[first:end] if not one.startswith(f"| [{date}]")]
    lines[first:end] = [*others, line]
