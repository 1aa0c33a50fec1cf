"""An hour is sealed once, whatever happens meanwhile, and what is in several files adds up."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pktvisor.errors import InputError
from pktvisor.hub import hours
from pktvisor.hub.history import Question, answer
from pktvisor.hub.hub import Hub, HubSettings
from pktvisor.hub.journal import segment_paths
from pktvisor.hub.minutes import Minutes
from pktvisor.hub.remerging import MOST_OPEN_MINUTES
from pktvisor.hub.sql import views
from support.fleet import CAPTURES, Fleet
from support.hubs import Clock, killed

HOUR_S = 3600
START_S = 1_790_000_000 // HOUR_S * HOUR_S
FLEET = Fleet([CAPTURES / "dns_resolver.pcap"], START_S)
ONE = sum(r.value or 0 for r in FLEET.records(0) if (r.schema, r.path) == ("dns", "wire_packets.total"))
"""DNS messages that an agent sees in a minute."""


@pytest.fixture
def clock() -> Clock:
    return Clock(START_S)


def take(hub: Hub, number: int, minute: int) -> None:
    hub.admission.take(FLEET.body(number, minute), hub.now_ns())


def history(hub: Hub, **asked: Any) -> Any:
    wanted = {"metric": "dns.wire_packets.total", "from_s": START_S, "to_s": START_S + HOUR_S, "step_s": HOUR_S}
    question = Question("default", **{**wanted, **asked})
    return answer(question, hub.stored, hub.minutes)["series"]


def total(hub: Hub) -> int:
    points = history(hub).get("", [])
    return sum(value for _, value in points)


def later(clock: Clock, hub: Hub) -> None:
    """An hour and six minutes after the first one began."""
    clock.after_s = HOUR_S + 400
    look(hub, 1e6)


def look(hub: Hub, now_s: float) -> None:
    """Have the hub do what is due, all of it."""
    hub.tick(now_s)
    hub.wait_for_sealing()


def test_an_hour_is_sealed_and_reads_as_before(hub: Hub, clock: Clock) -> None:
    for number in range(4):
        for minute in (0, 1, 15):
            take(hub, number, minute)
    by_site = history(hub, step_s=600, tag="site")
    later(clock, hub)
    assert list(hub.sealed) == [START_S // HOUR_S]
    assert total(hub) == 12 * ONE
    assert history(hub, step_s=600, tag="site") == by_site
    assert by_site["fra"] == [[START_S, 2 * ONE], [START_S + 600, ONE]]
    assert not any(path.stat().st_size > 8 for path in segment_paths(hub.settings.directory / "journal")[:-1])


def test_the_files_are_parquet_that_anything_reads(hub: Hub, clock: Clock) -> None:
    take(hub, 0, 0)
    take(hub, 1, 0)
    later(clock, hub)
    files = f"{hub.settings.directory}/sealed/windows/**/*.parquet"
    query = (
        "SELECT agent, tags['site'], value FROM read_parquet(?) WHERE path = 'wire_packets.total' AND schema = 'dns'"
    )
    rows = duckdb.execute(f"{query} ORDER BY agent", [files]).fetchall()
    assert rows == [("agent00000", "ams", ONE), ("agent00001", "fra", ONE)]


def test_late_windows_are_a_further_file(hub: Hub, clock: Clock) -> None:
    take(hub, 0, 0)
    later(clock, hub)
    take(hub, 1, 0)
    clock.after_s += 700
    look(hub, 2e6)
    assert total(hub) == 2 * ONE
    assert len(hub.hours.files(hours.MERGED, [START_S // HOUR_S], step_s=60)) == 2


@pytest.mark.parametrize("step", range(6))
def test_a_hub_that_is_killed_while_it_seals_loses_nothing_and_counts_nothing_twice(
    hub: Hub, clock: Clock, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It dies at the sync of a file, at a rename, before and after the registry knows."""
    for number in range(3):
        take(hub, number, 0)
    clock.after_s = HOUR_S + 400
    with monkeypatch.context() as patch:
        die_at(patch, hub, step)
        with pytest.raises(Dies):
            hub.seal(START_S // HOUR_S)
    after = killed(hub)
    assert total(after) == 3 * ONE
    look(after, 1e6)
    assert total(after) == 3 * ONE
    assert list(after.sealed) == [START_S // HOUR_S]
    after.stop()


class Dies(BaseException):
    """Stands for SIGKILL: nobody cleans up behind it."""


def die_at(patch: pytest.MonkeyPatch, hub: Hub, step: int) -> None:
    """Have the process die at the step-th of the things that sealing does to the disk."""

    def dies(*_: object, **__: object) -> None:
        raise Dies

    patch.setattr(Path, "unlink", lambda *_, **__: None)
    match step:
        case 0:
            patch.setattr(hours, "_joined", dies)
        case 1:
            patch.setattr(os, "fsync", dies)
        case 2:
            patch.setattr(Path, "replace", dies)
        case 3:
            patch.setattr(hours, "sync_directory", dies)
        case 4:
            patch.setattr(hub.registry, "_write", dies)
        case 5:
            patch.setattr(hub.journal, "drop_through", dies)


def test_a_registry_that_fails_leaves_no_file_that_would_count_twice(
    hub: Hub, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(hub, 0, 0)
    later(clock, hub)
    take(hub, 1, 0)

    def fails(*_: object, **__: object) -> None:
        raise InputError("no room for the registry")

    clock.after_s += 700
    with monkeypatch.context() as patch:
        patch.setattr(hub.registry, "flush", fails)
        look(hub, 2e6)
    take(hub, 2, 0)
    clock.after_s += 700
    look(hub, 3e6)
    assert total(hub) == 3 * ONE


def test_a_delivery_that_the_disk_damaged_is_left_out_and_counted(hub: Hub, clock: Clock) -> None:
    for number in range(3):
        take(hub, number, 0)
    (segment,) = segment_paths(hub.settings.directory / "journal")
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 1
    segment.write_bytes(content)
    later(clock, hub)
    assert total(hub) == 2 * ONE
    assert hub.counters["journal_deliveries_damaged"] == 1


def test_an_hour_of_many_minutes_is_read_back_with_few_of_them_open(
    hub: Hub, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    most_open = []
    add = Minutes.add

    def counted(minutes: Minutes, *arguments: Any) -> None:
        add(minutes, *arguments)
        most_open.append(sum(one.is_open for one in minutes._minutes.values()))

    for minute in range(12):
        take(hub, 0, minute)
    monkeypatch.setattr(Minutes, "add", counted)
    later(clock, hub)
    assert max(most_open) <= MOST_OPEN_MINUTES + 1
    assert total(hub) == 12 * ONE


def test_a_disk_that_is_full_leaves_the_hour_for_later(hub: Hub, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    take(hub, 0, 0)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        later(clock, hub)
    assert hub.sealed == {}
    assert total(hub) == ONE
    look(hub, 2e6)
    assert list(hub.sealed) == [START_S // HOUR_S]
    assert total(hub) == ONE


def test_hours_that_are_too_old_or_too_many_go_whole(tmp_path: Path, clock: Clock) -> None:
    hub = Hub(HubSettings(tmp_path, kept_days=2, most_disk_bytes=1), now_ns=clock)
    take(hub, 0, 0)
    later(clock, hub)
    assert hub.hours.hours() == []
    assert hub.removed_for_room > 0
    hub.stop()


def test_sql_reads_what_is_sealed_and_what_is_not(hub: Hub, clock: Clock) -> None:
    take(hub, 0, 0)
    later(clock, hub)
    take(hub, 0, 65)
    query = "SELECT count(*), sum(value) FROM windows WHERE schema = 'dns' AND path = 'wire_packets.total'"
    with views(hub.settings.directory) as (connection, _):
        assert connection.execute(query).fetchall() == [(2, 2 * ONE)]
        distinct = "SELECT sketch_distinct(list(image)) FROM windows WHERE path = 'cardinality.qname'"
        ((estimate,),) = connection.execute(distinct).fetchall()
    (alone,) = [r.value for r in FLEET.records(0) if r.path == "cardinality.qname"]
    assert round(estimate) == alone, "both saw the same names"


def unacknowledged(hub: Hub, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Have a delivery come to the journal whose sync fails."""

    def broken(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", broken)
        with pytest.raises(InputError, match="Input/output error"):
            take(hub, number, 0)


def test_what_an_hour_was_sealed_without_counts_when_it_comes_again_before_a_kill(
    hub: Hub, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(hub, 0, 0)
    take(hub, 0, HOUR_S // 60)  # its hour is not sealed and keeps the journal
    unacknowledged(hub, monkeypatch, 1)
    later(clock, hub)
    take(hub, 1, 0)
    after = killed(hub)
    clock.after_s += 700
    look(after, 2e6)
    assert total(after) == 2 * ONE
    after.stop()


def test_what_an_hour_was_sealed_without_counts_when_it_comes_again_after_a_kill(
    hub: Hub, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(hub, 0, 0)
    take(hub, 0, HOUR_S // 60)
    unacknowledged(hub, monkeypatch, 1)
    later(clock, hub)
    after = killed(hub)
    for _ in range(2):
        take(after, 1, 0)
        clock.after_s += 700
        look(after, clock.after_s * 1e3)
        assert total(after) == 2 * ONE
    after.stop()
