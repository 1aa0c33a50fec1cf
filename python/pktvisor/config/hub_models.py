"""What the configuration of a hub says, once it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pktvisor.config.models import DashboardConfig


@dataclass(frozen=True)
class AgentSelector:
    """Agents chosen by their tags: `tags: {site: [fra, ams], role: edge}`."""

    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For each tag the values that an agent may have; without any, all agents are chosen."""

    def chooses(self, tags: Mapping[str, str]) -> bool:
        """Whether an agent with these tags is chosen."""
        return all(tags.get(name) in values for name, values in self.tags.items())


@dataclass(frozen=True)
class HubPolicyConfig:
    """A policy of the hub: a policy of the agents, of all that have it or of those with some tags."""

    name: str
    of_policy: str = "default"
    agents: AgentSelector = field(default_factory=AgentSelector)


@dataclass(frozen=True)
class DesiredConfig:
    """What the hub wants of agents: `desired.NAME`."""

    name: str
    agents: AgentSelector
    source: str
    """The name of the file, for whoever reads its text."""
    text: str
    """Taps and policies, as in the file of an agent."""
    is_trial: bool = False
    """Agents are to try it and tell what would become of it, and not to take it (`dry_run`)."""


@dataclass(frozen=True)
class HubConfig:
    """A configuration file of a hub."""

    policies: tuple[HubPolicyConfig, ...] = ()
    desired: tuple[DesiredConfig, ...] = ()
    dashboards: tuple[DashboardConfig, ...] = ()
