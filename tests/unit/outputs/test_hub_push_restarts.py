"""Windows that a process leaves for the hub, and what the next one makes of them."""

from __future__ import annotations

from pathlib import Path

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
