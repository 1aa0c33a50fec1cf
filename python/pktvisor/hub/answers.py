"""What the hub's routes answer from."""

from __future__ import annotations

from pktvisor.hub.as_agent import HubAsAgent
from pktvisor.hub.hub import Hub
from pktvisor.server.context import Context


def hub_of(context: Context) -> Hub:
    """The hub behind a server of its routes."""
    if not isinstance(context.agent, HubAsAgent):
        raise TypeError("these routes are those of a hub")
    return context.agent.hub
