"""A hub that is killed at any moment loses nothing that it acknowledged, and counts nothing twice."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from support.daemon import Daemon
from support.fleet import CAPTURES, Fleet
from support.hub_crashes import Load, hub, killed_again_and_again

HOUR_S = 3600
AGENTS, MINUTES, ROUNDS = 24, 5, 5


def start_s() -> int:
    """The hour before the last one: it is sealed while windows still come."""
    return (int(time.time()) // HOUR_S - 2) * HOUR_S


def load(agents: int = AGENTS) -> Load:
    fleet = Fleet([CAPTURES / "dns_resolver.pcap"], start_s())
    return Load(fleet, [(number, minute) for minute in range(MINUTES) for number in range(agents)])


def of_one(fleet: Fleet) -> int:
    """DNS messages that an agent sees in a minute."""
    return sum(r.value or 0 for r in fleet.records(0) if (r.schema, r.path) == ("dns", "wire_packets.total"))


def total(running: Daemon, begin_s: int) -> int:
    asked = {"metric": "dns.wire_packets.total", "from": begin_s, "to": begin_s + HOUR_S, "step": HOUR_S}
    told: Any = running.get(f"/api/v1/history?{urlencode(asked)}")
    return sum(value for _, value in told["series"].get("", []))


def windows_of(running: Daemon) -> int:
    """Windows that the registry knows, of all agents."""
    told: dict[str, Any] = running.get("/api/v1/agents")
    return sum(one["windows"]["stored"] for one in told.values())


def test_a_hub_that_is_killed_under_load_loses_nothing_and_counts_nothing_twice(tmp_path: Path) -> None:
    sending = load()
    begin_s, one = sending.fleet.start_s, of_one(sending.fleet)
    last = killed_again_and_again(sending, tmp_path, rounds=ROUNDS, seed=11)
    try:
        assert sending.sent >= len(sending.windows)
        assert total(last, begin_s) == len(sending.windows) * one
        assert windows_of(last) == 2 * len(sending.windows), "handlers' windows, each once"
    finally:
        last.process.kill()
        last.process.communicate()
    again = hub(tmp_path)
    try:
        assert total(again, begin_s) == len(sending.windows) * one
    finally:
        assert again.stop() == 0
