"""Windows on their way to the hub: when they go, what waits, what is counted."""

from __future__ import annotations

import json
import logging
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import pytest

from pktvisor.config.urls import read_url
from pktvisor.outputs import hub_push
from pktvisor.outputs.http_post import Reply
from pktvisor.outputs.hub_body import Identity
from pktvisor.outputs.hub_push import HubPusher
from pktvisor.outputs.hub_spool import Spool
from pktvisor.outputs.hub_target import HubTarget
from pktvisor.outputs.hub_transports.http import Client
from pktvisor.windows.record import Record
from support.http_receiver import silent
from support.hub_receiver import NoHub, hub, refusal
from support.parts import EPOCH_NS, MINUTE_NS, FakePart, FakePolicy

TAKEN, AGAIN, REFUSED = Reply("taken"), Reply("again", "503 Busy"), Reply("refused", "400 Bad Request")
IDENTITY = Identity("pop1", "b00t", "5.0.0", (("site", "fra"),))
MUCH = 1 << 20

Key = tuple[str, str, str, str, int]
"""What the hub knows a window by: agent, boot, policy, handler, number."""


def encode(records: Sequence[Record], metadata: Mapping[str, str]) -> bytes:
    """A body that tests can read."""
    rows = [(one.agent, metadata["pktvisor.boot"], one.policy, one.instance, one.number, one.value) for one in records]
    return json.dumps(rows).encode()


def values(body: bytes) -> list[int]:
    return [row[-1] for row in json.loads(body)]


def keys(body: bytes) -> list[Key]:
    return [tuple(row[:-1]) for row in json.loads(body)]


@dataclass
class World:
    """Time, policies, and a hub that answers what it is told."""

    now_s: float = 1000.0
    part: FakePart = field(default_factory=FakePart)
    replies: list[Reply] = field(default_factory=list)
    seconds_to_answer: float = 0.0
    sent: list[tuple[float, bytes]] = field(default_factory=list)
    """When a window came, and its body."""
    most_bytes: int = MUCH
    folder: Path | None = None
    windows_outlive: bool = False
    identity: Identity = IDENTITY
    encode: Callable[[Sequence[Record], Mapping[str, str]], bytes] = encode
    policies: dict[str, FakePolicy] = field(default_factory=dict)
    close_s: float = math.inf
    closing_every_s: float = 60.0

    def __post_init__(self) -> None:
        self.policies = self.policies or {"edge": FakePolicy([self.part])}

    def post(self, message: bytes, *, timeout_s: float) -> Reply:
        self.sent.append((self.now_s - 1000, message))
        self.let_pass(min(self.seconds_to_answer, timeout_s))
        return self.replies.pop(0) if self.replies else TAKEN

    def abort(self) -> None:
        raise AssertionError("nothing is at work between steps")

    def close(self) -> None:
        return

    def pusher(self) -> HubPusher:
        return HubPusher(
            lambda: self.policies,
            Spool(self.folder, most_bytes=self.most_bytes),
            self,
            self.identity,
            self.encode,
            most_items=384,
            windows_outlive=self.windows_outlive,
            monotonic=lambda: self.now_s,
        )

    def live(self, pusher: HubPusher, seconds: float, *, closing_every_s: float = 60.0) -> None:
        """Let time pass as the thread would see it."""
        end_s, self.closing_every_s = self.now_s + seconds, closing_every_s
        self.close_s = self.now_s + closing_every_s
        while self.now_s < end_s:
            waited = pusher.step()
            assert 0 <= waited < 1.001
            self.let_pass(max(waited, 0.01))

    def let_pass(self, seconds: float) -> None:
        self.now_s += seconds
        while self.now_s >= self.close_s:
            self.part.close()
            self.close_s += self.closing_every_s

    @property
    def values(self) -> list[int]:
        """The values of the windows as they came."""
        return [value for _, body in self.sent for value in values(body)]


def counters(**told: int) -> dict[str, int]:
    names = ("sent", "refused", "rejected", "dropped", "damaged", "missed", "queued", "queued_bytes")
    return dict.fromkeys(names, 0) | told


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


def again(world: World, **changes: object) -> World:
    """The world as the next process finds it."""
    return World(**{"folder": world.folder, "identity": replace(IDENTITY, boot="next"), **changes})  # type: ignore[arg-type]


def test_the_next_process_sends_what_the_former_left_under_its_own_key(tmp_path: Path) -> None:
    world = World(replies=[AGAIN] * 9, folder=tmp_path)
    pusher = world.pusher()
    world.live(pusher, 61)
    pusher.finish()
    pusher.stop()
    later = again(world)
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
    later = again(world, part=FakePart(newest=3), windows_outlive=True)
    later.live(later.pusher(), 61)
    assert [(*keys(body)[0][1:], values(body)[0]) for _, body in later.sent] == [
        ("next", "edge", "edge-net", 2, 2),
        ("next", "edge", "edge-net", 3, 3),
    ]


def test_a_window_that_closed_after_it_was_saved_is_not_sent_again(tmp_path: Path) -> None:
    world = World(folder=tmp_path, windows_outlive=True)
    pusher = world.pusher()
    world.live(pusher, 121)
    pusher.stop()
    assert world.values == [0, 1]
    later = again(world, part=FakePart(newest=1, values={1: 99}), windows_outlive=True)  # saved while 1 was open
    later.live(later.pusher(), 121)
    assert later.values == [2]


def test_the_open_window_is_left_to_the_next_process_where_windows_outlive_this_one(tmp_path: Path) -> None:
    world = World(folder=tmp_path, windows_outlive=True)
    pusher = world.pusher()
    world.live(pusher, 61)
    pusher.finish()
    pusher.stop()
    assert world.values == [0]


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
        def records(self, number: int, *, agent: str, most_items: int) -> list[Record] | None:
            found = super().records(number, agent=agent, most_items=most_items)
            assert found is not None
            return [replace(one, start_ns=EPOCH_NS - number * MINUTE_NS) for one in found]

    world = World(part=Turned())
    world.live(world.pusher(), 301)
    assert world.values == [0, 1, 2, 3, 4]


def pusher_to(port: int, part: FakePart, folder: Path | None = None, *, is_over: bool = True) -> HubPusher:
    client = Client(HubTarget(read_url(f"http://127.0.0.1:{port}")), version="5.0.0")
    return HubPusher(
        lambda: {"edge": FakePolicy([part])},
        Spool(folder, most_bytes=MUCH),
        client,
        IDENTITY,
        encode,
        most_items=384,
        windows_outlive=not is_over,
    )


def test_a_thread_pushes_to_a_hub_that_has_its_faults(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(hub_push, "FIRST_DELAY_SECONDS", 0.1)
    policies = [FakePart(newest=2)]
    with hub(refusal(503, "busy"), refusal(400, "none of mine")) as receiver:
        pusher = pusher_to(receiver.port, policies[0])
        pusher.start()
        for _ in range(3):
            receiver.wait()
        pusher.stop()
    assert [values(body) for body in receiver.bodies] == [[0], [0], [1], [2]]
    assert len(receiver.connections) == 1
    assert pusher.counters() == counters(sent=2, refused=1)
    assert "the hub refused a window: 400 Bad Request: none of mine" in caplog.text


def test_stopping_does_not_wait_for_a_hub_that_hangs(tmp_path: Path) -> None:
    part = FakePart(newest=1)
    with hub(silent) as receiver:
        pusher = pusher_to(receiver.port, part, tmp_path, is_over=False)
        pusher.start()
        receiver.wait()
        pusher.stop(timeout_s=0.2)
    assert pusher.counters()["queued"] == 1
    with hub() as receiver:
        pusher = pusher_to(receiver.port, part, tmp_path, is_over=False)
        pusher.start()
        receiver.wait()
        pusher.stop()
    assert [values(body) for body in receiver.bodies] == [[0]]


def test_what_closed_behind_a_long_queue_is_queued_before_anything_is_sent_at_the_end() -> None:
    world = World(replies=[AGAIN, AGAIN], seconds_to_answer=2)
    pusher = world.pusher()
    world.live(pusher, 61)
    world.part.close(3)  # and nobody has looked yet when the end comes
    pusher.finish()
    assert pusher.counters() == counters(queued=5, queued_bytes=pusher.counters()["queued_bytes"])


class StuckHub(NoHub):
    """A way to a hub in which a request hangs and can't be cut, as while a name is looked up."""

    def __init__(self) -> None:
        self.is_asked, self.may_answer = threading.Event(), threading.Event()

    def post(self, message: bytes, *, timeout_s: float) -> Reply:
        self.is_asked.set()
        assert self.may_answer.wait(60)
        return TAKEN


def test_a_request_that_can_not_be_cut_keeps_no_window_from_the_spool(tmp_path: Path) -> None:
    stuck, part = StuckHub(), FakePart(newest=1)
    pusher = HubPusher(
        lambda: {"edge": FakePolicy([part])},
        Spool(tmp_path, most_bytes=MUCH),
        stuck,
        IDENTITY,
        encode,
        most_items=384,
        windows_outlive=False,
    )
    pusher.start()
    assert stuck.is_asked.wait(60)
    part.close(2)
    pusher.stop(timeout_s=0.1)
    stuck.may_answer.set()
    later = again(World(folder=tmp_path))
    later.live(later.pusher(), 1)
    assert later.values == [0, 1, 2, 3]  # 0 may come twice: the hub knows it by its key


def test_stopping_before_starting_is_nothing() -> None:
    World().pusher().stop()
