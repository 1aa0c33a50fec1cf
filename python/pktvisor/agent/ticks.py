"""What is newest of an agent: cheap to tell every second, however many policies and inputs it has."""

from __future__ import annotations

from collections.abc import Mapping

from pktvisor.agent.policy import AgentPolicy
from pktvisor.agent.stream import Stream
from pktvisor.api.events import Newest, Tick
from pktvisor.api.keys import document_of


def tick_of(
    policies: Mapping[str, AgentPolicy], streams: Mapping[str, Stream], *, now: float, started: float, mark: int
) -> Tick:
    """Tell what is newest at a time, in Unix seconds."""
    return Tick(
        time=now,
        up_time_s=max(0.0, now - started),
        policies={
            name: document_of(Newest(policy.open_start(), policy.newest_step())) for name, policy in policies.items()
        },
        inputs={name: _counted(stream) for name, stream in streams.items()},
        mark=mark,
    )


def _counted(stream: Stream) -> Mapping[str, int]:
    """Give what is above 0 in a ledger: most of its names are reasons that never come about."""
    return {name: count for name, count in stream.input.ledger().items() if count}
