"""What a hub tells Prometheus of itself, beside its policies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pktvisor.agent.running import OwnMetric
from pktvisor.hub.hub import Hub
from pktvisor.hub.presence import State, state_of

STATES: tuple[State, ...] = ("live", "stale", "gone")


def own_metrics(hub: Hub) -> Iterator[OwnMetric]:
    """Give its counters, its agents by state, and how much it lacks."""
    for name, count in hub.counters.items():
        if name == "lake_hours_waiting":
            yield OwnMetric("pktvisor_hub_lake_hours_waiting", count)
        else:
            yield OwnMetric("pktvisor_hub_events_total", count, (("of", name),))
    agents, now_ns = hub.registry.agents(), hub.now_ns()
    states = Counter(state_of(agent, now_ns) for agent in agents)
    for state in STATES:
        yield OwnMetric("pktvisor_hub_agents", states[state], (("state", state),))
    missing = sum(hub.registry.seen.missing(agent.name) for agent in agents)
    yield OwnMetric("pktvisor_hub_windows_missing", missing)
