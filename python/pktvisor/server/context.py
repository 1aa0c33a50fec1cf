"""What routes answer from."""

from __future__ import annotations

from dataclasses import dataclass, field

from pktvisor.agent.running import Agent
from pktvisor.server.counters import Counters
from pktvisor.server.exposure import Exposure
from pktvisor.server.settings import ServerSettings
from pktvisor.server.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Context:
    """A running agent, and what was configured about its interface."""

    agent: Agent
    settings: ServerSettings
    exposure: Exposure
    tokens: Tokens | None = None
    """Who may do what; None where nobody is asked for a token."""
    counters: Counters = field(default_factory=Counters)
