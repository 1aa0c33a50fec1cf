"""Agents that are new, late, back or gone become marks, each once; many at a time become one."""

from __future__ import annotations

from dataclasses import replace

from pktvisor.agent.marks import MarkRing
from pktvisor.hub.happenings import LOOK_S, Happenings
from pktvisor.hub.registry import GONE_AFTER_S, KnownAgent

SECOND = 1_000_000_000
BEGIN_S = 1_796_000_000


class Fleet:
    """Agents, and a clock."""

    def __init__(self, *names: str) -> None:
        self.marks = MarkRing(0.0)
        self.happenings = Happenings(self.marks)
        self.now_s = BEGIN_S
        self.agents: dict[str, KnownAgent] = {}
        for name in names:
            self.hear(name)

    def hear(self, name: str, restarts: int = 0) -> None:
        """Have something come of an agent."""
        agent = self.agents.get(name, KnownAgent(name, length_s=60))
        self.agents[name] = replace(agent, last_seen_ns=self.now_s * SECOND, restarts=restarts)

    def look(self, after_s: int = int(LOOK_S)) -> list[str]:
        """Let time pass; give what is noted then."""
        self.now_s += after_s
        known = self.marks.newest
        self.happenings.look(self.agents.values(), self.now_s * SECOND, float(self.now_s))
        return [f"{mark.kind} {mark.subject}: {mark.text}" for mark in self.marks.since(known)[0]]


def test_a_hub_that_starts_notes_nothing_of_those_that_it_knows() -> None:
    fleet = Fleet("pop1", "pop2")
    assert fleet.look(1000) == []
    fleet.hear("pop1")
    assert fleet.look() == []


def test_an_agent_is_new_late_and_back() -> None:
    fleet = Fleet("pop1")
    fleet.look()
    fleet.hear("pop2")
    assert fleet.look() == ["agent_new pop2: pop2 is new"]
    fleet.hear("pop1")
    assert fleet.look(170) == []
    fleet.hear("pop1")
    assert fleet.look(20) == ["agent_late pop2: pop2 is late"]
    assert fleet.look() == []
    fleet.hear("pop2")
    assert fleet.look() == ["agent_back pop2: pop2 is back after 200 s"]


def test_an_agent_is_gone_after_a_day_and_may_come_back() -> None:
    fleet = Fleet("pop1")
    fleet.look()
    assert fleet.look(1000) == ["agent_late pop1: pop1 is late"]
    assert fleet.look(GONE_AFTER_S) == ["agent_gone pop1: pop1 is gone"]
    fleet.hear("pop1", restarts=1)
    assert fleet.look() == [
        f"agent_back pop1: pop1 is back after {GONE_AFTER_S + 1005} s",
        "agent_restarted pop1: pop1 is at work anew: it restarted",
    ]


def test_an_agent_that_is_forgotten_is_new_when_it_comes_again() -> None:
    fleet = Fleet("pop1")
    fleet.look()
    del fleet.agents["pop1"]
    assert fleet.look() == []
    fleet.hear("pop1")
    assert fleet.look() == ["agent_new pop1: pop1 is new"]


def test_many_at_a_time_are_one_mark() -> None:
    fleet = Fleet(*(f"pop{number}" for number in range(100)))
    fleet.look()
    (mark,) = fleet.look(1000)
    few = ", ".join(f"pop{number}" for number in range(8))
    assert mark == f"agent_late : 100 agents are late: {few} and 92 more"


def test_agents_are_not_looked_at_all_the_time() -> None:
    fleet = Fleet("pop1")
    fleet.look()
    fleet.hear("pop2")
    assert fleet.look(1) == []
    assert fleet.look(4) == ["agent_new pop2: pop2 is new"]
