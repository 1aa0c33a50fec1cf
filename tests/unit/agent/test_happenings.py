"""What happens to an agent becomes a mark, once, with how long it lasted."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from pktvisor.agent.actors import acting_for
from pktvisor.agent.happenings import Happenings, note_swap, several
from pktvisor.agent.marks import LONGEST_TEXT, MOST_MARKS, MarkRing
from pktvisor.agent.swap import Swap
from pktvisor.agent.tap import Origin


class FakeInput:
    """An input of which a test says everything."""

    def __init__(self, interfaces: Mapping[str, bool] | None = None, *, is_recorded: bool = False) -> None:
        self.is_recorded = is_recorded
        self.fault: str | None = None
        self.at_work = dict(interfaces or {})
        self.dropped = 0

    def interfaces(self) -> Mapping[str, bool]:
        return self.at_work

    def ledger(self) -> dict[str, int]:
        return {"seen": 1000, "dropped_by_kernel": self.dropped}


class World:
    """An agent's streams, a clock, and what was noted."""

    def __init__(self, **inputs: FakeInput) -> None:
        self.marks = MarkRing(0.0)
        self.happenings = Happenings(self.marks)
        self.inputs = inputs
        self.is_up: dict[str, bool] = {}
        self.now = 1000.0

    def look(self, after_s: float = 1.0) -> list[str]:
        """Let time pass; give what is noted then."""
        self.now += after_s
        known = self.marks.newest
        streams: Any = {
            f"{name}-1": SimpleNamespace(tap=name, input=one, is_running=one.fault is None)
            for name, one in self.inputs.items()
        }
        self.happenings.look(streams, self.now, self.now, lambda: self.is_up)
        return [f"{mark.kind} {mark.subject}: {mark.text}" for mark in self.marks.since(known)[0]]


def test_an_interface_that_goes_away_comes_back() -> None:
    wire = FakeInput({"eth0": True, "eth1": True})
    world = World(uplink=wire)
    assert world.look() == []
    wire.at_work["eth0"] = False
    assert world.look() == ["input_lost eth0: eth0 went away"]
    assert world.look() == []
    wire.at_work["eth0"] = True
    assert world.look(79) == ["input_back eth0: eth0 is back after 80 s"]
    assert world.look() == []


def test_an_interface_that_is_down_is_told_of_though_it_is_captured_on() -> None:
    world = World(uplink=FakeInput({"eth0": True}))
    world.is_up = {"eth0": False, "eth9": False}
    assert world.look() == ["input_lost eth0: eth0 is down"]
    world.is_up = {"eth0": True, "eth9": False}
    assert world.look(5) == ["input_back eth0: eth0 is back after 5 s"]


def test_another_input_that_ends_says_why() -> None:
    servers = FakeInput()
    world = World(servers=servers)
    servers.fault = "the socket was removed"
    assert world.look() == ["input_lost servers: servers ended: the socket was removed"]
    servers.fault = None
    assert world.look(2) == ["input_back servers: servers is back after 2 s"]


def test_a_recording_that_ends_is_nothing_to_note_nor_an_input_that_nobody_wants_any_more() -> None:
    wire, recording = FakeInput({"eth0": False}), FakeInput(is_recorded=True)
    recording.fault = "cut off"
    world = World(uplink=wire, recording=recording)
    assert world.look() == ["input_lost eth0: eth0 went away"]
    del world.inputs["uplink"]
    assert world.look() == []
    world.inputs["uplink"] = FakeInput({"eth0": True})
    assert world.look() == []


def test_a_loss_begins_and_ends_once_none_was_lost_for_a_while() -> None:
    wire = FakeInput({"eth0": True})
    wire.dropped = 7
    world = World(uplink=wire)
    assert world.look() == []
    wire.dropped += 1000
    assert world.look() == ["loss_began uplink: uplink began to lose packets"]
    for _ in range(3):
        wire.dropped += 234
        assert world.look(4) == []
    assert world.look(9) == []
    assert world.look() == ["loss_ended uplink: uplink lost 1,702 packets in 12 s, and loses none now"]
    assert world.look(60) == []


def test_counts_that_begin_again_are_no_loss() -> None:
    wire = FakeInput({"eth0": True})
    wire.dropped = 500
    world = World(uplink=wire)
    world.look()
    wire.dropped = 0
    assert world.look() == []
    wire.dropped = 1
    assert world.look() == ["loss_began uplink: uplink began to lose packets"]


def policy(name: str, origin: Origin = Origin.API) -> Any:
    return SimpleNamespace(name=name, origin=origin)


def swap(leaving: list[str], arriving: list[str]) -> Swap:
    stream = policy("uplink-1-resources", Origin.STREAM)
    arrived = {name: policy(name) for name in arriving}
    return Swap([*map(policy, leaving), stream], {}, {**arrived, stream.name: stream}, {})


def told(changed: Swap, origin: Origin = Origin.API) -> list[str]:
    marks = MarkRing(0.0)
    note_swap(marks, changed, origin, 5.0)
    return [f"{mark.kind} {mark.subject}: {mark.text}" for mark in marks.since(0)[0]]


def test_policies_are_noted_with_who_changed_them() -> None:
    changed = swap(["edge", "old"], ["edge", "new"])
    assert told(changed, Origin.HUB) == [
        "policy_added new: policy new added by the hub",
        "policy_changed edge: policy edge changed by the hub",
        "policy_removed old: policy old removed by the hub",
    ]
    with acting_for("deploy"):
        assert told(swap([], ["new"])) == ["policy_added new: policy new added by deploy"]
    assert told(swap([], ["new"])) == ["policy_added new: policy new added by the API"]


def test_a_change_of_many_policies_is_one_mark() -> None:
    names = [f"p{number}" for number in range(30)]
    (mark,) = told(swap([], names), Origin.CONFIGURATION)
    few = ", ".join(names[:8])
    assert mark == f"policy_added : 30 policies ({few} and 22 more) added by the configuration"
    assert several(names[:8]) == few


def test_a_ring_keeps_the_newest_and_counts_what_it_forgot() -> None:
    marks = MarkRing(7.9)
    assert (marks.newest, marks.since(0)) == (0, ([], 0))
    for number in range(MOST_MARKS + 3):
        marks.add(float(number), "policy_added", "edge", "x" * 1000)
    found, forgotten = marks.since(0)
    assert (len(found), forgotten, found[0].id, marks.newest) == (MOST_MARKS, 3, 704, 703 + MOST_MARKS)
    assert len(found[0].text) == LONGEST_TEXT
    assert marks.since(marks.newest) == ([], 0)
    assert [mark.id for mark in marks.since(marks.newest - 1)[0]] == [marks.newest]


def test_numbers_go_on_after_a_restart() -> None:
    before, after = MarkRing(1_796_070_000.0), MarkRing(1_796_070_060.0)
    before.add(0.0, "started", "", "started")
    after.add(0.0, "started", "", "started")
    assert after.newest > before.newest
    assert after.since(before.newest) == (list(after.since(0)[0]), 0)
