"""A hub that copies to a lake and is killed on the way: everything is in the tables once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import polars

from pktvisor import clock
from pktvisor.hub.hub import Hub, HubSettings
from support.daemon import daemon, eventually
from support.fleet import CAPTURES, Fleet

HOUR_S = 3600
HOURS = 4


def test_a_hub_that_is_killed_while_it_copies_copies_everything_once(tmp_path: Path) -> None:
    start_s = int(clock.now()) // HOUR_S * HOUR_S - 12 * HOUR_S
    fleet, sealed, lake = Fleet([CAPTURES / "dns_resolver.pcap"], start_s), tmp_path / "hub", tmp_path / "lake"
    before = Hub(HubSettings(sealed))
    for hour in range(HOURS):
        before.admission.take(fleet.body(hour, hour * 60), before.now_ns())
    before.look_after_hours()
    before.stop()
    for pattern in ("windows/day=*/**/*.parquet", "windows/_delta_log/*.json", "merged/**/*.parquet"):
        with copies(sealed, lake) as running:
            more_files(lake, pattern)
            running.process.kill()
    with copies(sealed, lake) as running:
        eventually(lambda: counters(running)["lake_hours_waiting"] == 0)
        assert running.stop() == 0
    found = Counter(polars.read_delta(str(lake / "windows"))["agent"])
    assert found == {fleet.name(hour): len(fleet.records(hour)) for hour in range(HOURS)}
    assert "sandbox" not in running.log.replace("this kernel has no Landlock", "")


def more_files(folder: Path, pattern: str) -> None:
    """Wait for one more file."""
    there = len(list(folder.glob(pattern)))
    eventually(lambda: len(list(folder.glob(pattern))) > there)


def copies(sealed: Path, lake: Path) -> Any:
    return daemon("--data-dir", str(sealed), "--lake", f"file://{lake}", command="pktvisor-hub")


def counters(running: Any) -> dict[str, int]:
    counted: dict[str, int] = running.get("/api/v1/hub")["counters"]
    return counted
