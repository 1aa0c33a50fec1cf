"""Figures that are kept."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import pytest

BENCHES = Path(__file__).parents[3] / "benches"
TABLES = """# Results over time

| date | commit | mix |
|---|---|---|
| [2026-11-24](2026-11-24.json) | 53b7d7d2a4 | 127 |

## Flow records and dnstap

| date | commit | netflow9 |
|---|---|---|

## The hub

Told of the hub.

| date | commit | agents |
|---|---|---|

What follows.
"""


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(BENCHES))
    monkeypatch.setattr(import_module("record"), "RESULTS", tmp_path)
    (tmp_path / "README.md").write_text(TABLES)
    return tmp_path


def keep(**values: float) -> Path:
    figure = import_module("figures").Figure
    kept: Path = import_module("record").keep(figure(name.replace("_", " "), one, "") for name, one in values.items())
    return kept


def lines(results: Path) -> list[list[str]]:
    """The lines of today, cell by cell."""
    found = [line.split(" | ") for line in (results / "README.md").read_text().splitlines()]
    return [cells for cells in found if cells[0].startswith("| [") and "2026-11-24" not in cells[0]]


def test_a_figure_stands_in_the_table_that_it_is_of(results: Path) -> None:
    keep(hub_agents=39_514)
    (line,) = lines(results)
    assert line[2] == "39,514"
    text = (results / "README.md").read_text()
    assert text.index("## The hub") < text.index("39,514") < text.index("What follows.")
    keep(mix=98.7)
    assert [one[2] for one in lines(results)] == ["98.7", "39,514"]


def test_a_later_run_of_a_day_replaces_what_it_has_measured_anew(results: Path) -> None:
    keep(hub_agents=39_514, hub_memory=42.5)
    kept = keep(hub_agents=41_000)
    (line,) = lines(results)
    assert line[2:4] == ["41,000", "42.5"]
    assert {name: one["value"] for name, one in json.loads(kept.read_text())["figures"].items()} == {
        "hub agents": 41_000,
        "hub memory": 42.5,
    }


def test_the_tables_that_are_kept_have_the_columns_of_their_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHES))
    text = (BENCHES / "results" / "README.md").read_text()
    for table in import_module("record").TABLES:
        head = text.partition(f"{table.heading}\n")[2].partition("\n|")[2].partition("\n")[0]
        assert len(head.split("|")) == len(table.columns) + 3


def test_a_line_names_the_commits_that_its_figures_are_of(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = import_module("record")
    for commit, name in (("aaaa", "hub_agents"), ("bbbb", "netflow9"), ("cccc", "hub_memory")):
        monkeypatch.setattr(record, "commit", lambda commit=commit: commit)
        keep(**{name: 1.0})
    assert [one[1] for one in lines(results)] == ["bbbb", "aaaa, cccc"]
