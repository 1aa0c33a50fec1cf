"""A hub and an agent whose disk fills up: nothing that was acknowledged is lost, and both go on when there is room."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from support.daemon import PATIENCE_S, Daemon, daemon, eventually
from support.fleet import CAPTURES, Fleet
from support.hub_crashes import HEADERS, Load
from support.hub_daemons import exports, stored, total
from support.small_disks import SmallDisk, small_disk

HOUR_S = 3600
AGENTS, MINUTES = 8, 4
KILOBYTES = 4096


def running_hub(disk: SmallDisk) -> AbstractContextManager[Daemon]:
    """A hub on a disk, which is killed in the end."""
    return daemon("--data-dir", str(disk.mounted / "hub"), command="pktvisor-hub", within=disk.within)


def agent_options(disk: SmallDisk, port: int) -> tuple[str, ...]:
    """An agent on the same disk, with windows of a second."""
    spool = ("--hub-spool", str(disk.mounted / "spool"))
    return ("--hub", f"http://127.0.0.1:{port}", "--agent-name", "pop1", "--window-length", "1", *spool)


def refusal(port: int, body: bytes) -> tuple[int, str | None, bytes]:
    """What a hub without room says of a delivery."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/windows", body, HEADERS)
    with pytest.raises(urllib.error.HTTPError) as told:
        urllib.request.urlopen(request, timeout=PATIENCE_S)
    with told.value as error:
        return error.code, error.headers["retry-after"], error.read()


def fill_under_load(disk: SmallDisk, load: Load, agent: Daemon) -> None:
    """Have the disk full for a while as the hub takes windows, and the agent sends some."""
    eventually(lambda: exports(agent)["sent"])
    disk.fill()
    eventually(lambda: exports(agent)["queued"] > 2)
    with load.running():
        eventually(lambda: load.answers.count(503) > AGENTS)
        status, retry_after, told = refusal(load.port, load.fleet.body(AGENTS, 0))
        assert (status, retry_after) == (503, "5")
        assert b"can't be written: No space left on device" in told
        assert not load.is_done
        disk.make_room()
        eventually(lambda: load.is_done and not exports(agent)["queued"])


def test_hub_and_agent_whose_disk_fills_up_lose_nothing(tmp_path: Path) -> None:
    fleet = Fleet([CAPTURES / "dns_resolver.pcap"], (int(time.time()) // HOUR_S - 2) * HOUR_S)
    load = Load(fleet, [(number, minute) for minute in range(MINUTES) for number in range(AGENTS)])
    one = sum(r.value or 0 for r in fleet.records(0) if (r.schema, r.path) == ("dns", "wire_packets.total"))
    with small_disk(tmp_path, kilobytes=KILOBYTES) as disk:
        with running_hub(disk) as hub:
            load.port = hub.port
            with daemon(*agent_options(disk, hub.port), "mock", within=disk.within) as agent:
                fill_under_load(disk, load, agent)
                counted = exports(agent)
                assert agent.stop() == 0
        assert (counted["dropped"], counted["damaged"], counted["refused"], counted["missed"]) == (0, 0, 0, 0)
        assert "windows for the hub can't be written to the spool and wait in memory" in agent.log
        assert "windows for the hub are written to the spool again" in agent.log
        with running_hub(disk) as hub:
            assert total(hub, fleet.start_s) == len(load.windows) * one
            assert stored(hub) > counted["sent"], "of several handlers each"
