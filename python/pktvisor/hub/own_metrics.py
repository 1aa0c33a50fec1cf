"""What a hub tells Prometheus of itself, beside its policies."""

from __future__ import annotations

from collections.abc import Iterator

from pktvisor.agent.running import OwnMetric
from pktvisor.hub.hub import Hub
from pktvisor.hub.presence import by_state


def own_metrics(hub: Hub) -> Iterator[OwnMetric]:
    """Give its counters, its agents by state, and how much it lacks."""
    for name, count in hub.counters.items():
        if name == "lake_hours_waiting":
            yield OwnMetric("pktvisor_hub_lake_hours_waiting", count)
        else:
            yield OwnMetric("pktvisor_hub_events_total", count, (("of", name),))
    agents = hub.registry.agents()
    for state, count in by_state(agents, hub.now_ns()).items():
        yield OwnMetric("pktvisor_hub_agents", count, (("state", state),))
    missing = sum(hub.registry.seen.missing(agent.name) for agent in agents)
    yield OwnMetric("pktvisor_hub_windows_missing", missing)
