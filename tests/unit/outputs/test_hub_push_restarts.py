"""Windows that a process leaves for the hub, and what the next one makes of them."""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path

import pytest

from pktvisor.outputs import hub_queued, hub_spool
from pktvisor.outputs.hub_push import HubPusher
from support.hub_worlds import AGAIN, World, keys, next_world, values
from support.parts import FakePart


def test_the_next_process_sends_what_the_former_left_under_its_own_key(tmp_path: Path) -> None:
    world = World(replies=[AGAIN] * 9, folder=tmp_path)
    pusher = world.pusher()
    world.live(pusher, 61)
    pusher.finish()
    pusher.stop()
    later = next_world(world)
    later.live(later.pusher(), 61)
    assert [keys(body)[0][1:] for _, body in later.sent] == [
        ("b00t", "edge", "edge-net", 0),
        ("b00t", "edge", "edge-net", 1),
        ("next", "edge", "edge-net", 0),
    ]


def test_windows_that_a_former_process_has_queued_are_not_sent_again_where_they_are_restored(tmp_path: Path) -> None:
    world = World(folder=tmp_path, windows_outlive=True)
    pusher = world.pusher()
    world.live(pusher, 121)
    world.part.close()  # and nobody looks any more
    pusher.stop()
    assert world.values == [0, 1]
    later = next_world(world, part=FakePart(newest=3), windows_outlive=True)
    later.live(later.pusher(), 61)
    assert [(*keys(body)[0][1:], values(body)[0]) for _, body in later.sent] == [
        ("next", "edge", "edge-net", 0, 2),
        ("next", "edge", "edge-net", 1, 3),
    ]


def test_a_window_that_closed_after_it_was_saved_is_not_sent_again(tmp_path: Path) -> None:
    world = World(folder=tmp_path, windows_outlive=True)
    pusher = world.pusher()
    world.live(pusher, 121)
    pusher.stop()
    assert world.values == [0, 1]
    later = next_world(world, part=FakePart(newest=1, values={1: 99}), windows_outlive=True)  # saved while 1 was open
    later.live(later.pusher(), 121)
    assert later.values == [2]


def test_the_open_window_is_left_to_the_next_process_where_windows_outlive_this_one(tmp_path: Path) -> None:
    world = World(folder=tmp_path, windows_outlive=True)
    pusher = world.pusher()
    world.live(pusher, 61)
    pusher.finish()
    pusher.stop()
    assert world.values == [0]


def fill_disk(disk: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for module in (hub_queued, hub_spool):
        disk.setattr(module, "replace_own", full)


def kill(pusher: HubPusher) -> None:
    """Let its process end at once: nothing is written any more, and others may use the folder."""
    assert pusher._spool._lock is not None
    os.close(pusher._spool._lock)


def test_an_agent_that_is_killed_while_its_disk_is_full_sends_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(folder=tmp_path, windows_outlive=True)
    pusher = world.pusher()
    world.live(pusher, 61)
    with monkeypatch.context() as disk:
        fill_disk(disk)
        world.live(pusher, 181)
        assert world.values == [0], "what is not noted is not sent"
        kill(pusher)
    # The next process has what was saved before the disk was full, and what has come since.
    later = next_world(world, part=FakePart(newest=2), windows_outlive=True)
    later.live(later.pusher(), 121)
    assert world.values + later.values == [0, 1, 2, 3]


def test_what_waits_while_the_disk_is_full_goes_in_order_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(folder=tmp_path, windows_outlive=True)
    pusher = world.pusher()
    with caplog.at_level(logging.INFO), monkeypatch.context() as disk:
        fill_disk(disk)
        world.live(pusher, 181)
        assert (world.values, pusher.counters()["queued"]) == ([], 3)
        disk.undo()
        world.live(pusher, 61)
    assert world.values == [0, 1, 2, 3]
    assert caplog.messages == [
        "windows for the hub can't be written to the spool and wait in memory: [Errno 28] No space left on device",
        f"{tmp_path / 'queued'} can't be written: No space left on device",
        "nothing is sent to the hub until the disk takes what was: it might be sent twice",
        "windows are sent to the hub again",
        "windows for the hub are written to the spool again",
    ]


def test_where_windows_do_not_outlive_the_process_a_full_disk_holds_nothing_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(folder=tmp_path)
    pusher = world.pusher()
    fill_disk(monkeypatch)
    world.live(pusher, 121)
    assert world.values == [0, 1]
