"""The recipes of the page on lakes, as they stand there, on what a hub has sealed."""

from __future__ import annotations

import os
import shutil
import subprocess
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.commands import BIN
from support.daemon import PATIENCE_S
from support.fleet import CAPTURES, Fleet
from support.hubs import Clock, running_hub

HOUR_S = 3600
START_S = 1_790_000_000 // HOUR_S * HOUR_S
FLEET = Fleet([CAPTURES / "dns_resolver.pcap"], START_S)
AGENTS = 3
PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "use-a-lake.md").read_text(encoding="utf-8")
USUAL = "/var/lib/pktvisor-hub"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a hub has kept of three agents."""
    directory, clock = tmp_path_factory.mktemp("hub"), Clock(START_S, HOUR_S + 400)
    with running_hub(directory, clock) as hub:
        for agent in range(AGENTS):
            hub.admission.take(FLEET.body(agent, 0), hub.now_ns())
        hub.look_after_hours()
    return directory


def recipe(title: str) -> str:
    """The code of a section."""
    section = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if not line or line.startswith("    ")]
    return textwrap.dedent("\n".join(lines))


def value(path: str) -> int:
    (found,) = [record.value for record in FLEET.records(0) if (record.schema, record.path) == ("dns", path)]
    return found or 0


def run(title: str, directory: Path) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(recipe(title).replace(USUAL, str(directory)), names)
    return names


def test_duckdb(directory: Path) -> None:
    expected = [(FLEET.name(agent), value("wire_packets.nxdomain")) for agent in range(AGENTS)]
    assert run("DuckDB", directory)["errors"] == expected


def test_polars(directory: Path) -> None:
    names = run("polars", directory)
    expected = {FLEET.name(agent): value("wire_packets.total") for agent in range(AGENTS)}
    assert dict(names["per_agent"].rows()) == expected
    assert round(names["different_names"]) == value("cardinality.qname"), "all agents saw the same names"


def test_postgresql(directory: Path, tmp_path: Path) -> None:
    with postgresql(tmp_path) as environment:
        commands = recipe("PostgreSQL").replace("pktvisor-hub sql", f"{BIN}/pktvisor-hub sql --data-dir {directory}")
        subprocess.run(["bash", "-euo", "pipefail", "-c", commands], env=environment, check=True, timeout=PATIENCE_S)
        query = "SELECT agent, answers FROM dns_answers WHERE rcode = 'wire_packets.nxdomain' ORDER BY agent"
        asked = subprocess.run(
            ["psql", "-At", "-c", query],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
    expected = [f"{FLEET.name(agent)}|{value('wire_packets.nxdomain')}" for agent in range(AGENTS)]
    assert asked.stdout.split() == expected


@contextmanager
def postgresql(folder: Path) -> Iterator[dict[str, str]]:
    """A real server on a socket in a folder; gives the environment that leads psql there."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs or shutil.which("psql") is None:
        pytest.skip("needs PostgreSQL")
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    data = Path(f"/tmp/pktvisor-tests-{os.getpid()}-postgresql")  # where another user gets to; its socket fits there
    data.mkdir(mode=0o700)
    if as_user:
        shutil.chown(data, "postgres", "postgres")
    control = [*as_user, str(programs[-1] / "pg_ctl"), "-D", f"{data}/kept", "-s", "-w", "-t", str(int(PATIENCE_S))]
    options = f"-c listen_addresses='' -c unix_socket_directories={data} -c fsync=off"
    try:
        subprocess.run([*control, "initdb", "-o", "-A trust --no-sync"], check=True, cwd="/", stdout=subprocess.DEVNULL)
        start = [*control, "-l", f"{data}/log", "-o", options, "start"]
        subprocess.run(start, check=True, cwd="/", stdout=subprocess.DEVNULL)
        try:
            yield {**os.environ, "PGHOST": str(data), "PGUSER": "postgres", "PGDATABASE": "postgres"}
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=True, cwd="/", stdout=subprocess.DEVNULL)
    finally:
        shutil.rmtree(data)
