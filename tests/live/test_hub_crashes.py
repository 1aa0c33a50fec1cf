"""A hub that is killed at any moment loses nothing that it acknowledged, and counts nothing twice."""

from __future__ import annotations

import time
from pathlib import Path

from support.fleet import CAPTURES, Fleet
from support.hub_crashes import Load, hub, killed_again_and_again
from support.hub_daemons import stored, total

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


def test_a_hub_that_is_killed_under_load_loses_nothing_and_counts_nothing_twice(tmp_path: Path) -> None:
    sending = load()
    begin_s, one = sending.fleet.start_s, of_one(sending.fleet)
    last = killed_again_and_again(sending, tmp_path, rounds=ROUNDS, seed=11)
    try:
        assert sending.sent >= len(sending.windows)
        assert total(last, begin_s) == len(sending.windows) * one
        assert stored(last) == 2 * len(sending.windows), "handlers' windows, each once"
    finally:
        last.process.kill()
        last.process.communicate()
    again = hub(tmp_path)
    try:
        assert total(again, begin_s) == len(sending.windows) * one
    finally:
        assert again.stop() == 0
