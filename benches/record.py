"""Keeping figures: one JSON file per day and a line in the table of benches/results/README.md."""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
from collections.abc import Iterable
from pathlib import Path

from figures import Figure, number
from traffic import REPOSITORY

RESULTS = Path(__file__).resolve().parent / "results"
COLUMNS = (
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
    """Merge the figures into today's file, and add or replace today's line of the table."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    path = RESULTS / f"{today}.json"
    known = json.loads(path.read_text())["figures"] if path.exists() else {}
    known |= {figure.name: figure.as_document() for figure in figures}
    document = {"date": today, "commit": commit(), "machine": machine(), "figures": known}
    path.write_text(json.dumps(document, indent=2) + "\n")
    write_line(today, {name: float(figure["value"]) for name, figure in known.items()})
    return path


def write_line(date: str, values: dict[str, float]) -> None:
    """One line per date, so that a later run of the same day replaces the earlier."""
    readme = RESULTS / "README.md"
    cells = [f"[{date}]({date}.json)", commit(), *(number(values.get(name)) for name in COLUMNS)]
    start = f"| [{date}]"
    lines = [line for line in readme.read_text().splitlines() if not line.startswith(start)]
    end = max(at for at, line in enumerate(lines) if line.startswith("|")) + 1
    readme.write_text("\n".join([*lines[:end], "| " + " | ".join(cells) + " |", *lines[end:]]) + "\n")
