"""Which agents are there: live, stale or gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal

from pktvisor.hub.registry import GONE_AFTER_S, KnownAgent
from pktvisor.hub.seen import Seen
from pktvisor.outputs.json import Document

State = Literal["live", "stale", "gone"]

STATES: tuple[State, ...] = ("live", "stale", "gone")

NANOSECONDS = 1_000_000_000
STALE_AFTER_WINDOWS = 3
"""Windows that an agent may be silent for; fewer may be lost on the way, and come later."""
SHORTEST_S = 60


def state_of(agent: KnownAgent, now_ns: int) -> State:
    """Live while something came within its last windows, stale within a day, gone then."""
    silent_s = (now_ns - agent.last_seen_ns) / NANOSECONDS
    if silent_s > GONE_AFTER_S:
        return "gone"
    return "stale" if silent_s > STALE_AFTER_WINDOWS * max(agent.length_s, SHORTEST_S) else "live"


def by_state(agents: Iterable[KnownAgent], now_ns: int) -> Mapping[str, int]:
    """Count agents by state."""
    counted = Counter(state_of(agent, now_ns) for agent in agents)
    return {state: counted[state] for state in STATES}


def describe_agent(agent: KnownAgent, seen: Seen, now_ns: int) -> Document:
    """Tell of an agent: the document below its name in `GET /api/v1/agents`."""
    return {
        "state": state_of(agent, now_ns),
        "version": agent.version,
        "tags": dict(agent.tags),
        "policies": list(agent.policies),
        "first_seen": agent.first_seen_ns / NANOSECONDS,
        "last_seen": agent.last_seen_ns / NANOSECONDS,
        "newest_window_end": agent.newest_end_ns / NANOSECONDS,
        "restarts": agent.restarts,
        "windows": {
            "stored": agent.windows,
            "duplicate": agent.duplicates,
            "refused": agent.refused,
            "missing": seen.missing(agent.name),
        },
        **({"refusal": agent.refusal} if agent.refusal else {}),
    }
