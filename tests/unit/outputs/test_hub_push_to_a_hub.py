"""An agent's windows on their way to a real hub, which is away for a day, and with clocks that are set."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pktvisor.hub.admission import RefusedDelivery
from pktvisor.hub.delivery import read_delivery
from pktvisor.hub.history import Question, answer
from pktvisor.hub.hub import Hub
from pktvisor.outputs.http_post import Reply
from pktvisor.outputs.hub_body import packed
from pktvisor.outputs.hub_push import HubPusher
from pktvisor.windows.record import Record
from support.hub_worlds import AGAIN, IDENTITY, REFUSED, TAKEN, World, counters
from support.hubs import Clock, running_hub
from support.parts import EPOCH_NS, MINUTE_NS, FakePart, FakePolicy

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
DAY_OF_WINDOWS = 1440
EPOCH_S = EPOCH_NS // 1_000_000_000
SPOOL_BYTES = 1 << 18
BEFORE = 3
"""Windows that the hub has before it goes away."""


@dataclass
class Connected(World):
    """Time and policies, and a real hub, which may be away."""

    hub: Hub | None = None
    is_away: bool = False

    def post(self, message: bytes, *, timeout_s: float) -> Reply:
        if self.hub is None or self.is_away:
            return AGAIN
        self.sent.append((self.now_s - 1000, message))
        try:
            receipt = self.hub.admission.take(message, self.hub.now_ns())
        except RefusedDelivery:
            return REFUSED
        assert receipt.duplicate == 0
        return TAKEN


@pytest.fixture
def clock() -> Clock:
    return Clock(EPOCH_S)


@pytest.fixture
def hub(tmp_path: Path, clock: Clock) -> Iterator[Hub]:
    with running_hub(tmp_path / "hub", clock) as hub:
        yield hub


def points(hub: Hub, step_s: int) -> dict[int, int]:
    """What a hub says of the days around, by time."""
    begin_s = EPOCH_S // DAY_S * DAY_S - DAY_S
    asked = Question("edge", "packets.total", begin_s, begin_s + 4 * DAY_S, step_s=step_s)
    told: Any = answer(asked, hub.stored, hub.minutes)
    return {at: value for at, value in told["series"][""] if value is not None}


def one_for_each() -> FakePart:
    """Windows that count one each, so that sums are numbers of windows."""
    return FakePart(values=dict.fromkeys(range(2 * DAY_OF_WINDOWS), 1))


def test_a_day_without_the_hub_drops_the_oldest_and_the_rest_comes_in_order(
    hub: Hub, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(os, name, lambda _: None)  # thousands, and nothing crashes here
    world = Connected(hub=hub, folder=tmp_path / "spool", most_bytes=SPOOL_BYTES, encode=packed, part=one_for_each())
    pusher = world.pusher()
    world.live(pusher, 4 * BEFORE + 2, closing_every_s=4)
    world.is_away = True
    world.live(pusher, 4 * DAY_OF_WINDOWS + 2, closing_every_s=4)
    clock.after_s = DAY_S + HOUR_S
    told = pusher.counters()
    queued, dropped = told["queued"], told["dropped"]
    assert queued + dropped == DAY_OF_WINDOWS
    assert queued > 100 < dropped
    assert told["queued_bytes"] <= SPOOL_BYTES
    world.is_away = False
    world.live(pusher, 100, closing_every_s=1000)
    assert pusher.counters() == counters(sent=BEFORE + queued, dropped=dropped)
    numbers = [read_delivery(body).runs[0].number for _, body in world.sent]
    assert numbers == [*range(BEFORE), *range(BEFORE + dropped, BEFORE + DAY_OF_WINDOWS)]
    assert hub.registry.seen.missing("pop1") == dropped, "what was dropped is a gap to the hub"
    first_minute = EPOCH_S // MINUTE_S
    assert points(hub, MINUTE_S) == {(first_minute + number) * MINUTE_S: 1 for number in numbers}


SILENT = {"edge-flow": (0, 1, 4, 7, 8), "edge-dns": (2, 4), "core-flow": (3, 4, 5)}
"""Windows in which handlers of two policies have nothing to tell; in the fifth nobody of the first has."""


def silent_at_times(policy: str, *handlers: str) -> FakePolicy:
    return FakePolicy([FakePart(tuple(f"{policy}-{name}" for name in handlers), newest=0, silent=SILENT)])


def close(world: Connected, pusher: HubPusher, windows: int) -> None:
    """Let windows of all policies close, one after the other, and be sent."""
    for _ in range(windows):
        for policy in world.policies.values():
            policy.parts[0].close()
        world.live(pusher, 5, closing_every_s=math.inf)


def test_handlers_that_are_silent_at_times_miss_nothing(hub: Hub, clock: Clock, tmp_path: Path) -> None:
    clock.after_s = HOUR_S
    world = Connected(hub=hub, folder=tmp_path / "spool", encode=packed)
    world.policies = {"edge": silent_at_times("edge", "flow", "dns"), "core": silent_at_times("core", "flow")}
    pusher = world.pusher()
    close(world, pusher, 10)
    assert hub.registry.seen.missing("pop1") == 0
    assert hub.admission.counters.windows_stored == 5 + 8 + 7
    world.policies["edge"] = silent_at_times("edge", "dns", "flow", "net")  # a handler more, and all begin anew
    close(world, pusher, 10)
    pusher.stop()
    world = Connected(hub=hub, folder=tmp_path / "spool", encode=packed, identity=replace(IDENTITY, boot="next"))
    world.policies = {"edge": silent_at_times("edge", "flow", "net")}
    close(world, world.pusher(), 10)
    assert hub.registry.seen.missing("pop1") == 0


def test_what_handlers_that_are_silent_at_times_lose_is_missed(hub: Hub, clock: Clock) -> None:
    clock.after_s = HOUR_S
    world = Connected(hub=hub, encode=packed, most_bytes=1100)
    world.policies = {"edge": silent_at_times("edge", "flow", "dns")}
    pusher = world.pusher()
    close(world, pusher, 4)
    world.is_away = True
    close(world, pusher, 5)
    dropped = pusher.counters()["dropped"]
    assert 0 < dropped < 4, pusher.counters()
    world.is_away = False
    close(world, pusher, 1)
    world.live(pusher, 100, closing_every_s=math.inf)
    assert pusher.counters()["queued"] == 0
    missing = 5 + 8 - hub.admission.counters.windows_stored
    assert missing > dropped, "a window has several handlers' windows"
    assert hub.registry.seen.missing("pop1") == missing


class SetClock(FakePart):
    """Windows of an agent whose clock is set: back by half an hour, ahead by forty minutes, back to what it was."""

    def records(self, number: int, *, agent: str, most_items: int, most_records: int) -> list[Record] | None:
        found = super().records(number, agent=agent, most_items=most_items, most_records=most_records)
        shift_ns = {1: -30, 2: 40}.get(number // 10, 0) * MINUTE_NS
        return found and [replace(one, start_ns=one.start_ns + shift_ns, end_ns=one.end_ns + shift_ns) for one in found]


def test_clocks_that_are_set_make_no_window_count_twice_or_not_at_all(hub: Hub, clock: Clock, tmp_path: Path) -> None:
    clock.after_s = HOUR_S
    folder = tmp_path / "spool"
    newest = 0
    for life in range(4):
        part = SetClock(values=dict.fromkeys(range(100), 1), newest=newest)
        identity = replace(IDENTITY, boot=f"boot {life}")
        world = Connected(hub=hub, folder=folder, encode=packed, part=part, identity=identity, windows_outlive=True)
        pusher = world.pusher()
        world.live(pusher, 9 * MINUTE_S + 1)
        newest = part.newest
        pusher.stop()
    assert newest == 36
    assert sum(points(hub, MINUTE_S).values()) == newest
    assert sum(points(hub, DAY_S).values()) == newest
    assert hub.registry.seen.missing("pop1") == 0
