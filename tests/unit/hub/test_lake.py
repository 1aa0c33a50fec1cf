"""What is sealed is in the lake's tables once, on disk and in S3, whatever happens on the way."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars
import pytest
from deltalake import DeltaTable

from pktvisor.config.urls import read_lake_url
from pktvisor.errors import InputError
from pktvisor.hub import lake as copying
from pktvisor.hub import lakes
from pktvisor.hub.delta import LakeTable
from pktvisor.hub.hub import Hub
from pktvisor.hub.lake import Lake
from support.daemon import eventually
from support.fleet import CAPTURES, Fleet
from support.hubs import Clock, killed, running_hub
from support.s3_servers import BUCKET, s3_server

HOUR_S, DAY_S = 3600, 86_400
START_S = 1_790_000_000 // HOUR_S * HOUR_S
FLEET = Fleet([CAPTURES / "dns_resolver.pcap"], START_S)
ONE = len(FLEET.records(0))
"""Records that an agent sends of a minute."""


@pytest.fixture
def clock() -> Clock:
    return Clock(START_S)


@pytest.fixture
def hub(tmp_path: Path, clock: Clock) -> Iterator[Hub]:
    with running_hub(tmp_path / "hub", clock) as hub:
        yield hub


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with s3_server(tmp_path_factory.mktemp("s3")) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(params=["file", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "file":
        return f"file://{tmp_path}/lake"
    request.getfixturevalue("bucket")
    return f"s3://{BUCKET}/{tmp_path.name}"


@pytest.fixture
def disk(tmp_path: Path) -> str:
    return f"file://{tmp_path}/lake"


def lake_of(hub: Hub, url: str) -> Lake:
    return Lake(hub, lakes.place(read_lake_url(url)))


def seal(hub: Hub, clock: Clock, *minutes: int, agent: int = 0) -> None:
    """Take an agent's windows of some minutes, and seal their hours six minutes after the last one."""
    clock.after_s = max(clock.after_s + 700, (max(minutes) // 60 + 1) * HOUR_S + 400)
    for minute in minutes:
        hub.admission.take(FLEET.body(agent, minute), hub.now_ns())
    hub.tick(clock.after_s * 1e3)
    hub.wait_for_sealing()


def rows(url: str, table: str = "windows") -> polars.DataFrame:
    return polars.read_delta(f"{url}/{table}")


def test_the_tables_have_what_the_sealed_files_have(hub: Hub, clock: Clock, url: str) -> None:
    seal(hub, clock, 0, 1)
    lake_of(hub, url).step()
    for table in ("windows", "merged"):
        files = polars.read_parquet(f"{hub.settings.directory}/sealed/{table}/**/*.parquet", hive_partitioning=True)
        assert sorted(map(repr, rows(url, table).select(files.columns).rows())) == sorted(map(repr, files.rows()))


def test_late_windows_are_added_in_a_commit_of_their_own(hub: Hub, clock: Clock, url: str) -> None:
    lake = lake_of(hub, url)
    for agent in range(3):
        seal(hub, clock, 0, agent=agent)
        lake.step()
    assert rows(url).group_by("agent").len().sort("agent").rows() == [(FLEET.name(n), ONE) for n in range(3)]
    assert lake.counters()["lake_commits"] == 6


def test_days_come_into_the_table_once_their_hours_are_merged(hub: Hub, clock: Clock, url: str) -> None:
    lake = lake_of(hub, url)
    seal(hub, clock, 0, 65)
    lake.step()
    for agents, days_later in ((1, 2.0), (2, 2.5)):
        clock.after_s = days_later * DAY_S
        hub.look_after_hours()
        assert hub.rolled
        lake.step()
        sums = rows(url, "merged").filter(polars.col("path") == "wire_packets.total", polars.col("tag") == "")
        total = 2 * agents * sum(one.value or 0 for one in FLEET.records(0) if one.path == "wire_packets.total")
        told = sums.group_by("step_s").agg(polars.col("value").sum()).sort("step_s").rows()
        assert told == [(60, total), (600, total), (HOUR_S, total), (DAY_S, total)]
        seal(hub, clock, 0, 65, agent=1)
    assert lake.counters()["lake_hours_waiting"] == 0
    again = lake_of(killed(hub), url)
    again.step()
    assert again.counters()["lake_commits"] == 0


def test_a_hub_that_starts_anew_copies_nothing_again(hub: Hub, clock: Clock, url: str) -> None:
    seal(hub, clock, 0)
    lake_of(hub, url).step()
    after = killed(hub)
    lake = lake_of(after, url)
    assert lake.counters()["lake_hours_waiting"] == 2, "the tables have not been asked yet"
    lake.step()
    assert lake.counters()["lake_hours_waiting"] == lake.counters()["lake_commits"] == 0
    assert len(rows(url)) == ONE
    after.stop()


def test_a_commit_whose_answer_was_lost_is_not_made_twice(
    hub: Hub, clock: Clock, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal(hub, clock, 0)
    lake, append = lake_of(hub, url), LakeTable.append

    def unanswered(*arguments: Any) -> None:
        append(*arguments)
        raise InputError("the connection broke")

    with monkeypatch.context() as patch:
        patch.setattr(LakeTable, "append", unanswered)
        with pytest.raises(InputError, match="connection broke"):
            lake.step()
    lake.step()
    assert len(rows(url)) == ONE


def test_several_hubs_write_to_one_table(hub: Hub, clock: Clock, url: str, tmp_path: Path) -> None:
    other_clock = Clock(START_S)
    with running_hub(tmp_path / "other", other_clock) as other:
        seal(hub, clock, 0)
        seal(other, other_clock, 0, agent=1)
        both = [lake_of(one, url) for one in (hub, other)]
        for lake in both:
            lake.step()
        for one, its_clock, agent in ((hub, clock, 2), (other, other_clock, 3)):
            seal(one, its_clock, 0, agent=agent)
        for lake in both:
            lake.step()
    assert rows(url)["agent"].n_unique() == 4
    assert len(rows(url)) == 4 * ONE


def test_nothing_waits_for_a_lake_that_is_away(
    hub: Hub, clock: Clock, disk: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(copying, "FIRST_DELAY_S", 0.01)
    monkeypatch.setattr(copying, "LOOK_S", 0.01)
    caplog.set_level(logging.INFO)
    is_away = [True]
    append = LakeTable.append

    def away(*arguments: Any) -> None:
        if is_away:
            raise InputError("the bucket is away")
        append(*arguments)

    monkeypatch.setattr(LakeTable, "append", away)
    seal(hub, clock, 0)
    lake = lake_of(hub, disk)
    lake.start()
    try:
        eventually(lambda: lake.counters()["lake_failures"] >= 3)
        seal(hub, clock, 65)
        assert len(hub.sealed) == 2
        is_away.clear()
        eventually(lambda: lake.counters()["lake_hours_waiting"] == 0)
    finally:
        lake.stop()
    assert len(rows(disk)) == 2 * ONE
    assert [record.levelname for record in caplog.records if record.name.endswith("lake")] == ["WARNING", "INFO"]


def test_one_damaged_file_holds_up_no_other(hub: Hub, clock: Clock, disk: str) -> None:
    seal(hub, clock, 0, 65)
    first, _ = hub.hours.files("windows", sorted(hub.sealed))
    first.write_bytes(b"no Parquet")
    lake = lake_of(hub, disk)
    with pytest.raises(InputError):
        lake.step()
    assert len(rows(disk)) == ONE
    assert lake.counters()["lake_hours_waiting"] == 1


def test_hours_that_were_removed_before_they_were_copied_are_counted(hub: Hub, clock: Clock, disk: str) -> None:
    seal(hub, clock, 0)
    for hour in hub.sealed:
        hub.hours.remove("windows", hour)
    assert lake_of(hub, disk).counters()["lake_hours_waiting"] == 1, "what went before it began is not missed"
    lake = lake_of(hub, disk)
    seal(hub, clock, 65)
    for hour in hub.sealed:
        hub.hours.remove("windows", hour)
    lake.step()
    assert lake.counters()["lake_hours_lost"] == 1
    lake.step()
    assert lake.counters()["lake_hours_lost"] == 1


def test_numbers_without_a_sign_find_room(hub: Hub, clock: Clock, disk: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "LARGEST", 100)
    seal(hub, clock, 0)
    lake_of(hub, disk).step()
    assert rows(disk)["value"].max() == 100


def test_the_table_is_one_that_others_keep_small(hub: Hub, clock: Clock, disk: str) -> None:
    """Compaction and clean-up by others leave what the hub knows of its commits."""
    lake = lake_of(hub, disk)
    for agent in range(3):
        seal(hub, clock, 0, agent=agent)
        lake.step()
    table = DeltaTable(f"{disk}/windows")
    assert table.optimize.compact()["numFilesAdded"] == 1
    table.create_checkpoint()
    table.vacuum(0, dry_run=False, enforce_retention_duration=False)
    lake = lake_of(hub, disk)
    lake.step()
    assert lake.counters()["lake_commits"] == 0
    assert len(rows(disk)) == 3 * ONE


@pytest.mark.parametrize("fault", ["a directory is a file", "there is no bucket"])
def test_what_fails_is_told_in_one_sentence(hub: Hub, clock: Clock, tmp_path: Path, fault: str, bucket: None) -> None:
    if fault == "there is no bucket":
        seal(hub, clock, 0)
        with pytest.raises(InputError, match=r"^s3://other/windows: .*bucket") as told:
            lake_of(hub, "s3://other").step()
    else:
        (tmp_path / "taken").touch()
        with pytest.raises(InputError, match="can't be made: ") as told:
            lake_of(hub, f"file://{tmp_path}/taken/lake")
    assert "\n" not in str(told.value)
    assert "\x1b" not in str(told.value)
