"""A hub's configuration: read whole or not at all, and what another one would change."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pktvisor.agent.changes import difference
from pktvisor.agent.dashboards import by_name
from pktvisor.api.catalogue import Changes
from pktvisor.api.keys import document_of
from pktvisor.config.hub_models import DesiredConfig, HubConfig
from pktvisor.config.hub_schema import load_hub_file
from pktvisor.errors import ConfigError
from pktvisor.hub.desired import known_names, mistakes_of_desired, parts_for, read_taken, tags_of
from pktvisor.hub.hub import Hub


def load_configuration(path: Path) -> HubConfig:
    """Read a file, and the texts for agents that it names. Raises `ConfigError`, `InputError`."""
    config = load_hub_file(str(path))
    for mistake in mistakes_of_desired(config.desired):
        raise mistake
    return config


def changes_of(hub: Hub, config: HubConfig) -> Changes:
    """Tell what a configuration would change: of the hub's policies, and of those that it gives to each agent."""
    before = {one.name: one for one in hub.minutes.configured}
    policies = difference(before, {one.name: one for one in config.policies})
    dashboards = None
    if hub.dashboards or config.dashboards:
        dashboards = difference(by_name(hub.dashboards), by_name(config.dashboards))
    return Changes(difference({}, {}), policies, _changes_of_agents(hub, config) or None, dashboards=dashboards)


def _changes_of_agents(hub: Hub, config: HubConfig) -> Mapping[str, object]:
    """What becomes of agents' policies, of those agents alone where that is anything."""
    found: dict[str, object] = {}
    if hub.desired == config.desired:
        return found
    for name in known_names(hub.registry, hub.reports):
        tags = tags_of(name, hub.registry, hub.reports) or {}
        one = difference(_digests(hub.desired, tags), _digests(config.desired, tags))
        if not one.is_empty:
            found[name] = document_of(one)
    return found


def _digests(desired: tuple[DesiredConfig, ...], tags: Mapping[str, str]) -> Mapping[str, str]:
    """The policies for an agent; none where the texts do not go together, which it will refuse."""
    try:
        return read_taken(parts_for(desired, tags)).digests
    except ConfigError:
        return {}
