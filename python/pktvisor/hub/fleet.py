"""All agents at once: how each is, when something of it came, and what it measured lately."""

from __future__ import annotations

import math
from typing import Literal

from pktvisor.api.documents import RESOURCES_SUFFIX
from pktvisor.hub.agent_steps import NOTHING, STEP_MINUTES, STEP_S, AgentSteps, Strip
from pktvisor.hub.delivery import MINUTE_NS, MINUTE_S
from pktvisor.hub.desired import difference_of, parts_for, tags_of
from pktvisor.hub.hub import Hub
from pktvisor.hub.policy import open_minute
from pktvisor.hub.presence import NANOSECONDS, state_of
from pktvisor.hub.presence import State as Presence
from pktvisor.hub.registry import KnownAgent
from pktvisor.outputs.json import Document

State = Literal["gone", "stale", "losing", "drift", "live"]
"""How an agent is, the worst first: silent for a day; silent; packets are lost; it has not what it is to have."""

MOST_POINTS = 48
"""Points of a strip: an answer about a thousand agents stays below 300 kB."""
NEWEST_STEPS = 3
"""Steps that the newest figures are of, so that they are a mean of some minutes."""
LOSING_SHARE = 0.01
"""Part of the packets that is lost from which on an agent is told to lose."""
LEVELS = "0123456789abcdefghijklmnopqrstuvwxyz"
"""Levels of a strip, a character each; a blank where nothing is known."""
AS_DESIRED = ("as desired", "none")


class _Times:
    """The steps that an answer is of, the same for all agents."""

    def __init__(self, hours: int, now_ns: int, steps: AgentSteps) -> None:
        self.end = open_minute(now_ns)
        """The first minute that is not told of: its windows are waited for."""
        step = (self.end - 1) // STEP_MINUTES
        count = hours * 3600 // STEP_S
        self.size = -(-count // MOST_POINTS)
        end = (step // self.size + 1) * self.size
        self.strip = range(end - count, end)
        self.newest = range(step - NEWEST_STEPS + 1, step + 1)
        self.known = steps.known_from(self.end)
        self._expected: dict[int, tuple[list[float], str]] = {}

    def expected(self, first: int) -> tuple[list[float], str]:
        """Of how many minutes there should be something, of who is known from a minute on; and the levels of who is
        complete.
        """
        first = max(first, self.strip[0] * STEP_MINUTES)
        if first not in self._expected:
            minutes = self._expected_from(first)
            self._expected[first] = minutes, "".join(LEVELS[-1] if one else " " for one in minutes)
        return self._expected[first]

    def _expected_from(self, first: int) -> list[float]:
        begins = (number * STEP_MINUTES for number in self.strip[:: self.size])
        length = self.size * STEP_MINUTES
        return [max(0, min(begin + length, self.end) - max(begin, first)) for begin in begins]


def fleet(hub: Hub, hours: int, now_ns: int) -> Document:
    """Tell of all agents, with strips of the last hours."""
    times = _Times(hours, now_ns, hub.admission.steps)
    return {
        "start": times.strip[0] * STEP_S,
        "step_s": times.size * STEP_S,
        "agents": {agent.name: _agent(agent, hub, times, now_ns) for agent in hub.registry.agents()},
    }


def _agent(agent: KnownAgent, hub: Hub, times: _Times, now_ns: int) -> Document:
    steps, presence = hub.admission.steps, state_of(agent, now_ns)
    newest = steps.figures(agent.name, times.newest) if presence == "live" else NOTHING
    minutes, seen, lost, answers, failures = newest
    loss = lost / seen if seen else None
    rollout = _rollout(agent, hub)
    told: Document = {
        "state": _state(presence, loss, rollout),
        "last_seen": agent.last_seen_ns // NANOSECONDS,
        "version": agent.version,
        "tags": dict(agent.tags),
        "policies": sum(not name.endswith(RESOURCES_SUFFIX) for name in agent.policies),
        **rollout,
        "packets_per_s": _rounded(seen / (minutes * MINUTE_S)) if minutes else None,
        "loss": None if loss is None else round(loss, 5),
        "failing": round(failures / answers, 4) if answers else None,
        **_strips(agent, times, steps.strip(agent.name, times.strip, times.size)),
    }
    if (memory_bytes := steps.memory_bytes(agent.name)) is not None:
        told["memory_bytes"] = memory_bytes
    return told


def _state(presence: Presence, loss: float | None, rollout: Document) -> State:
    if presence != "live":
        return presence
    if loss is not None and loss >= LOSING_SHARE:
        return "losing"
    return "drift" if rollout and rollout["rollout"] not in AS_DESIRED else "live"


def _rollout(agent: KnownAgent, hub: Hub) -> Document:
    """How many policies of the hub's an agent is to have, how many it has, and what is with the rest."""
    report, tags = hub.reports.find(agent.name), tags_of(agent.name, hub.registry, hub.reports)
    parts = parts_for(hub.desired, tags or {})
    if not parts and report is None:
        return {}
    found = difference_of(parts, report)
    if found["state"] == "none":
        return {}
    wanted = _names(found["policies"])
    different = {name for key in ("missing", "changed", "left_out") for name in _names(found[key])}
    actual = sum(name not in different for name in wanted)
    return {"rollout": found["state"], "desired": len(wanted), "actual": actual}


def _names(listed: object) -> list[str]:
    return listed if isinstance(listed, list) else []


def _strips(agent: KnownAgent, times: _Times, strip: Strip) -> Document:
    """What an agent sent and measured, step by step: how complete it is, and its packets over the most of them."""
    begin = next(
        (number for number, minutes in zip(times.strip[:: times.size], strip.minutes, strict=True) if minutes), None
    )
    heard = agent.first_seen_ns // MINUTE_NS  # what came then may be of earlier minutes
    first = heard if begin is None else min(heard, begin * STEP_MINUTES)
    expected, whole = times.expected(max(times.known, first))
    is_whole = strip.minutes == expected and not any(strip.lost)
    rates = [seen / minutes if minutes else -1.0 for seen, minutes in zip(strip.seen, strip.minutes, strict=True)]
    scale = (len(LEVELS) - 1) / (max(rates) or 1.0)
    return {
        "gaps": whole if is_whole else "".join(map(_completeness, strip.minutes, expected, strip.seen, strip.lost)),
        "packets": "".join(" " if rate < 0 else LEVELS[int(rate * scale)] for rate in rates),
    }


def _completeness(minutes: float, expected: float, seen: float, lost: float) -> str:
    """Tell which part of a step is known: only the whole is the highest level, only nothing the lowest."""
    if not minutes:
        return LEVELS[0] if expected else " "
    share = min(1.0, minutes / max(expected, 1)) * (1 - lost / seen if lost else 1)
    most = len(LEVELS) - 1
    return LEVELS[most if share >= 1 else min(most - 1, math.ceil(share * most))]


def _rounded(value: float) -> float:
    """Four digits."""
    return float(f"{value:.4g}")
