"""What is newest of a hub: its minute, and how many of its agents are there."""

from __future__ import annotations

from collections.abc import Iterable

from pktvisor.api.events import Newest, Tick
from pktvisor.api.keys import document_of
from pktvisor.hub.delivery import MINUTE_S
from pktvisor.hub.hub import Hub
from pktvisor.hub.policy import open_minute
from pktvisor.hub.presence import by_state


def tick_of(hub: Hub, policies: Iterable[str], *, now: float, started: float, mark: int) -> Tick:
    """Tell what is newest at a time, in Unix seconds."""
    now_ns = hub.now_ns()
    newest = document_of(Newest(open_minute(now_ns) * MINUTE_S))
    return Tick(
        time=now,
        up_time_s=max(0.0, now - started),
        policies=dict.fromkeys(policies, newest),
        agents=by_state(hub.registry.agents(), now_ns),
        mark=mark,
    )
