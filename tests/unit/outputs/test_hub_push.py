"""Windows on their way to the hub: when they go, what waits, what is counted."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from pktvisor.outputs import hub_push
from pktvisor.outputs.http_post import Reply
from pktvisor.windows.record import Record
from support.hub_worlds import AGAIN, REFUSED, World, counters, encode, keys, values
from support.parts import EPOCH_NS, MINUTE_NS, FakePart, FakePolicy


def test_every_window_is_sent_once_as_it_closes() -> None:
    world = World()
    pusher = world.pusher()
    world.live(pusher, 601)
    assert world.values == list(range(10))
    for minute, (when, _) in enumerate(world.sent, start=1):
        assert 60 * minute <= when <= 60 * minute + 2
    assert pusher.counters() == counters(sent=10)


def test_a_window_has_its_key_and_lists_are_cut() -> None:
    world = World()
    world.part.instances = ("edge-net", "edge-dns")
    world.live(world.pusher(), 61)
    (_, body), *_ = world.sent
    assert keys(body) == [("pop1", "b00t", "edge", name, 0) for name in ("edge-net", "edge-dns")]
    assert set(world.part.asked) == {384}


def test_a_window_that_the_hub_has_no_room_for_goes_with_fewer_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    monkeypatch.setattr(hub_push, "fits", lambda _: world.part.most_records[-1] <= 25_000)
    world.live(world.pusher(), 61)
    assert world.part.most_records == [100_000, 50_000, 25_000]
    assert world.values == [0]


def test_a_hub_that_is_busy_is_asked_again_after_longer_and_longer_delays() -> None:
    world = World(replies=[AGAIN] * 9)
    pusher = world.pusher()
    world.live(pusher, 61)
    world.live(pusher, 600, closing_every_s=10_000)
    delays = [after - before for (before, _), (after, _) in pairwise(world.sent)]
    for attempt, delay in enumerate(delays):
        longest = min(2.0 * 2.0**attempt, 64.0)
        assert longest / 2 <= delay <= longest + 0.1
    assert world.values == [0] * 10
    assert pusher.counters() == counters(sent=1)


def test_a_hub_that_says_when_is_believed_within_bounds() -> None:
    world = World(replies=[Reply("again", "503", retry_after_s=90), Reply("again", "503", retry_after_s=1e9)])
    pusher = world.pusher()
    world.live(pusher, 61)
    world.live(pusher, 900, closing_every_s=10_000)
    delays = [after - before for (before, _), (after, _) in pairwise(world.sent)]
    assert [round(delay) for delay in delays] == [90, 600]


def test_windows_wait_in_order_and_go_one_after_the_other(caplog: pytest.LogCaptureFixture) -> None:
    world = World(replies=[AGAIN] * 9)
    pusher = world.pusher()
    with caplog.at_level(logging.INFO):
        world.live(pusher, 700)
    assert world.values[:10] == [0] * 10
    assert world.values[9:] == list(range(11))
    assert caplog.messages == [
        "the hub can't be reached; windows are queued: 503 Busy",
        "the hub is back",
    ]


def test_a_hub_that_comes_back_only_to_refuse_a_token_is_told_of_again(caplog: pytest.LogCaptureFixture) -> None:
    world = World(replies=[AGAIN, AGAIN, Reply("again", "401 a valid token is needed"), AGAIN])
    pusher = world.pusher()
    with caplog.at_level(logging.INFO):
        world.live(pusher, 700)
    assert caplog.messages == [
        "the hub can't be reached; windows are queued: 503 Busy",
        "the hub can't be reached; windows are queued: 401 a valid token is needed",
        "the hub is back",
    ]


def test_the_oldest_windows_are_dropped_when_too_many_wait() -> None:
    world = World(replies=[AGAIN] * 1000, most_bytes=400)
    pusher = world.pusher()
    world.live(pusher, 1190)
    told = pusher.counters()
    assert told["queued"] + told["dropped"] == 19
    assert told["queued"] > 1
    assert told["queued_bytes"] <= 400
    world.replies = []
    world.live(pusher, 70, closing_every_s=1000)
    assert world.values[-told["queued"] :] == list(range(told["dropped"], 19))


def test_what_is_refused_is_counted_and_does_not_come_again(caplog: pytest.LogCaptureFixture) -> None:
    world = World(replies=[REFUSED, Reply("taken", rejected=2)])
    pusher = world.pusher()
    world.live(pusher, 121)
    assert world.values == [0, 1]
    assert pusher.counters() == counters(sent=1, refused=1, rejected=2)
    assert "the hub refused a window: 400 Bad Request" in caplog.text


def test_a_slow_hub_does_not_make_windows_be_missed() -> None:
    world = World(seconds_to_answer=25)
    world.policies |= {f"q{number}": FakePolicy([FakePart((f"q{number}",), newest=1)]) for number in range(40)}
    pusher = world.pusher()
    world.live(pusher, 1500)
    of_edge = [value for _, body in world.sent if keys(body)[0][2] == "edge" for value in values(body)]
    assert of_edge == list(range(len(of_edge)))
    assert pusher.counters()["missed"] == 0


def test_a_window_that_can_not_be_made_is_counted_and_the_others_go(caplog: pytest.LogCaptureFixture) -> None:
    def choosy(records: Sequence[Record], metadata: Mapping[str, str]) -> bytes:
        if records[0].value == 1:
            raise ValueError("no window of mine")
        return encode(records, metadata)

    world = World(encode=choosy)
    pusher = world.pusher()
    world.live(pusher, 181)
    assert world.values == [0, 2]
    assert pusher.counters() == counters(sent=2, missed=1)
    assert "a window of policy [edge] can't be queued for the hub" in caplog.text


def test_windows_that_a_policy_forgot_too_soon_are_counted() -> None:
    world = World()
    pusher = world.pusher()
    world.part.close(10)
    world.live(pusher, 10)
    assert world.values == [6, 7, 8, 9]
    assert pusher.counters() == counters(sent=4, missed=6)


def test_the_end_sends_what_waits_once_and_the_open_window_too() -> None:
    world = World(replies=[AGAIN])
    pusher = world.pusher()
    world.live(pusher, 61)
    pusher.finish()
    assert world.values == [0, 0, 1]
    assert pusher.counters() == counters(sent=2)


def test_what_does_not_reach_the_hub_is_lost_without_a_folder(caplog: pytest.LogCaptureFixture) -> None:
    world = World(replies=[AGAIN, AGAIN])
    pusher = world.pusher()
    world.live(pusher, 61)
    pusher.finish()
    pusher.stop()
    assert caplog.messages[-1] == "2 windows did not reach the hub"
    assert pusher.counters()["dropped"] == 2


def test_a_policy_that_is_changed_has_its_last_window_sent_and_no_number_twice() -> None:
    world = World()
    pusher = world.pusher()
    world.live(pusher, 121)
    world.part = FakePart(values={0: 100, 1: 101})
    world.policies = {"edge": FakePolicy([world.part])}
    world.live(pusher, 121)
    assert world.values == [0, 1, 2, 100, 101]
    numbers = [keys(body)[0][-1] for _, body in world.sent]
    assert numbers == [0, 1, 2, 3, 4]


def test_a_clock_that_is_set_back_keeps_no_window_back() -> None:
    class Turned(FakePart):
        def records(self, number: int, *, agent: str, most_items: int, most_records: int) -> list[Record] | None:
            found = super().records(number, agent=agent, most_items=most_items, most_records=most_records)
            assert found is not None
            return [replace(one, start_ns=EPOCH_NS - number * MINUTE_NS) for one in found]

    world = World(part=Turned())
    world.live(world.pusher(), 301)
    assert world.values == [0, 1, 2, 3, 4]


def test_what_closed_behind_a_long_queue_is_queued_before_anything_is_sent_at_the_end() -> None:
    world = World(replies=[AGAIN, AGAIN], seconds_to_answer=2)
    pusher = world.pusher()
    world.live(pusher, 61)
    world.part.close(3)  # and nobody has looked yet when the end comes
    pusher.finish()
    assert pusher.counters() == counters(queued=5, queued_bytes=pusher.counters()["queued_bytes"])


def test_stopping_before_starting_is_nothing() -> None:
    World().pusher().stop()
