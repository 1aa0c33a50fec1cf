"""SQL over what a hub keeps: views that are always there, and functions that say what they want."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from pktvisor.cli import hub_sql
from pktvisor.errors import InputError
from pktvisor.hub.hub import Hub
from pktvisor.hub.sql import views
from support.fleet import CAPTURES, Fleet
from support.hubs import Clock, running_hub

START_S = 1_790_000_000 // 3600 * 3600
FLEET = Fleet([CAPTURES / "dns_resolver.pcap"], START_S)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with running_hub(tmp_path, Clock(START_S)) as hub:
        hub.admission.take(FLEET.body(0, 0), hub.now_ns())
        yield hub


def ask(hub: Hub, query: str) -> list[tuple[object, ...]]:
    with views(hub.settings.directory) as (connection, _):
        rows: list[tuple[object, ...]] = connection.execute(query).fetchall()
        return rows


def test_before_the_first_hour_is_sealed_merged_is_empty(hub: Hub) -> None:
    assert ask(hub, "SELECT path, value, image, tag, tag_value, agents, step_s, day, hour FROM merged") == []


def test_what_is_not_sealed_has_its_day_and_hour_as_what_is(hub: Hub) -> None:
    ((day, hour),) = ask(hub, "SELECT DISTINCT day::VARCHAR, hour FROM windows")
    assert (day, hour) == ("2026-09-21", START_S % 86400 // 3600)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        (
            "sketch_top(list(image), -1) FROM windows WHERE path = 'top_qname2'",
            "sketch_top gives 0 items or more, not -1",
        ),
        (
            "sketch_quantile(list(image), 99) FROM windows WHERE path = 'xact.in.quantiles_us'",
            "sketch_quantile wants a share from 0 to 1, such as 0.99, not 99",
        ),
        (
            "sketch_distinct(list(image)) FROM windows WHERE path = 'top_qname2'",
            "sketch_distinct got an image of something else: narrow down what it reads, as by schema and path (",
        ),
    ],
)
def test_functions_say_what_they_want(hub: Hub, query: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        ask(hub, f"SELECT {query}")
    assert str(caught.value).startswith(sentence)


def test_no_statement_is_a_mistake(capfd: pytest.CaptureFixture[str]) -> None:
    assert hub_sql.main([" "]) == 1
    assert capfd.readouterr().err == "there is no statement: write one, as 'SELECT count(*) FROM windows'\n"


def test_a_registry_of_a_later_release_is_not_guessed_at(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "registry.sqlite") as connection:
        connection.execute("PRAGMA user_version=99")
    with pytest.raises(InputError, match="was written by a later release"), views(tmp_path):
        pass


def test_who_may_only_read_may_ask(tmp_path: Path) -> None:
    with running_hub(tmp_path, Clock(START_S)) as hub:
        hub.admission.take(FLEET.body(0, 0), hub.now_ns())
    before = sorted(tmp_path.iterdir())
    assert tmp_path / "registry.sqlite-wal" not in before
    with views(tmp_path) as (connection, _):
        assert connection.execute("SELECT count(*) > 0 FROM windows").fetchall() == [(True,)]
        assert sorted(tmp_path.iterdir()) == before, "nothing is made beside the registry"
