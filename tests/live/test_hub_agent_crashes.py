"""Agents that are killed at any moment, under load: what they counted in windows that closed, the hub has once."""

from __future__ import annotations

import json
import random
import time
import urllib.error
from collections import Counter
from contextlib import suppress
from pathlib import Path

from pktvisor.hub.delivery import read_delivery
from pktvisor.hub.journal import JournalReader
from support.daemon import Daemon, daemon, eventually
from support.hub_crashes import hub
from support.hub_daemons import exports

LIVES, SEED = 3, 7
PERIODS = 10
NET = "default-default-net"
NANOSECONDS = 1_000_000_000


def options(port: int, folder: Path) -> tuple[str, ...]:
    """Windows of a second, which outlive the agent, and so does what waits for the hub."""
    kept = ("--state-dir", str(folder), "--window-length", "1", "--periods", str(PERIODS))
    return ("--hub", f"http://127.0.0.1:{port}", "--agent-name", "pop1", *kept, "mock")


def counted(agent: Daemon) -> dict[int, int]:
    """The packets of an agent's closed windows by their start; without those that began in the same second."""
    found: list[tuple[int, int]] = []
    for number in range(1, PERIODS):
        try:
            (window,) = agent.get(f"/api/v1/metrics/bucket/{number}").values()
        except urllib.error.HTTPError:
            break
        found.append((window["packets"]["period"]["start_ts"], window["packets"]["total"]))
    times = Counter(start for start, _ in found)
    return {start: total for start, total in found if times[start] == 1}


def queued(folder: Path) -> set[int]:
    """When the windows of packets began that were queued for the hub: those that wait, and those that were sent."""
    starts_ns: list[int] = []
    for path in folder.glob("*.window"):
        with suppress(FileNotFoundError):  # it has just been sent
            starts = json.loads(path.read_bytes().partition(b"\n")[0])["starts"]
            starts_ns += [starts[NET]] if NET in starts else []
    with suppress(FileNotFoundError):
        starts_ns += json.loads((folder / "queued").read_bytes()).get(NET, [])
    return {start_ns // NANOSECONDS for start_ns in starts_ns}


def kept(folder: Path) -> list[tuple[int, int]]:
    """When the windows began that a hub has on disk and counts, and their packets."""
    found = []
    for entry in JournalReader(folder / "journal").entries():
        delivery = read_delivery(entry.body)
        paths, values = delivery.table.column("path"), delivery.table.column("value")
        for at, run in enumerate(delivery.runs):
            if run.schema == "packets" and entry.taken >> at & 1:
                total = values[paths.index("total", run.first)]
                assert isinstance(total, int)
                found.append((run.start_ns, total))
    return found


class Site:
    """A hub that comes and goes, and the lives of an agent."""

    def __init__(self, folder: Path) -> None:
        self.directory, self.state = folder / "hub", folder / "state"
        self.hub = hub(self.directory)
        self.truth: dict[int, int] = {}
        """The packets of the agent's windows that closed, and were queued, by their start."""

    def kill_hub(self) -> None:
        self.hub.process.kill()
        self.hub.process.communicate()

    def live(self, seconds: float) -> None:
        """Have the agent live until windows have closed and are queued, then so long, and be killed."""
        spool = self.state / "hub"
        before = queued(spool)  # the agent may show some of them as they were saved, before they closed
        with daemon(*options(self.hub.port, self.state)) as agent:
            eventually(lambda: self._have_closed(agent, spool, before))
            time.sleep(seconds)

    def _have_closed(self, agent: Daemon, spool: Path, before: set[int]) -> bool:
        fresh = {start: total for start, total in counted(agent).items() if start not in before}
        if not fresh or not fresh.keys() <= queued(spool):
            return False
        self.truth |= fresh
        return True

    def send_rest(self) -> None:
        """Have the agent live until nothing waits."""
        with daemon(*options(self.hub.port, self.state)) as agent:
            eventually(lambda: self._is_all_sent(agent))

    def _is_all_sent(self, agent: Daemon) -> bool:
        told = exports(agent)
        return bool(told["sent"] and not told["queued"])


def test_an_agent_that_is_killed_loses_no_window_that_was_queued_and_sends_none_twice(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    site = Site(tmp_path)
    try:
        site.live(chance.random())
        site.kill_hub()
        site.live(chance.random())
        site.hub = hub(site.directory, "-p", str(site.hub.port))
        site.live(chance.random())
        site.send_rest()
    finally:
        site.kill_hub()
    found = kept(site.directory)
    assert len(site.truth) >= LIVES
    assert site.truth.items() <= {(start_ns // NANOSECONDS, total) for start_ns, total in found}
    assert len({start_ns for start_ns, _ in found}) == len(found), "none came twice"
