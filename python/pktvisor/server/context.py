"""What routes answer from."""

from __future__ import annotations

from dataclasses import dataclass

from pktvisor.agent.running import Agent
from pktvisor.metrics.snapshot import Labels


@dataclass(frozen=True, slots=True)
class Context:
    """A running agent, and what was configured about its interface."""

    agent: Agent
    prometheus_labels: Labels = ()
    """Labels that lead every Prometheus series, as `instance`."""
