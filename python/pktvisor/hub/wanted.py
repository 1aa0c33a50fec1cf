"""The texts that a hub wants of agents, one by one: what each says, who is to have it, and what became of it there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pktvisor.agent.desired import Part
from pktvisor.config.hub_models import DesiredConfig
from pktvisor.errors import ConfigError
from pktvisor.hub.desired import difference_of, known_names, parts_for, read_taken, tags_of
from pktvisor.hub.hub import Hub
from pktvisor.outputs.json import Document

MOST_REFUSALS = 20
"""Agents whose refusals are told of a text; `states` counts them all."""


@dataclass
class _Outcome:
    """What became of a text at the agents that are to have it."""

    states: Counter[str] = field(default_factory=Counter)
    refusals: dict[str, str] = field(default_factory=dict)

    def note(self, agent: str, difference: Document) -> None:
        """Note how one agent is with what it is to have."""
        self.states[str(difference["state"])] += 1
        refusal = difference.get("refusal")
        if refusal and len(self.refusals) < MOST_REFUSALS:
            self.refusals[agent] = str(refusal)


def wanted(hub: Hub) -> Document:
    """Tell of each text, by its name in the configuration."""
    outcomes = {one.name: _Outcome() for one in hub.desired}
    for agent, tags in _agents(hub):
        chosen = [one for one in hub.desired if one.agents.chooses(tags)]
        if chosen:
            difference = difference_of(parts_for(hub.desired, tags), hub.reports.find(agent))
            for one in chosen:
                outcomes[one.name].note(agent, difference)
    return {one.name: _described(one, outcomes[one.name]) for one in hub.desired}


def _agents(hub: Hub) -> Iterator[tuple[str, Mapping[str, str]]]:
    for name in known_names(hub.registry, hub.reports):
        yield name, tags_of(name, hub.registry, hub.reports) or {}


def _described(one: DesiredConfig, outcome: _Outcome) -> Document:
    told: Document = {
        "file": one.source,
        "text": one.text,
        "tags": {name: list(values) for name, values in one.agents.tags.items()},
        "dry_run": one.is_trial,
        "policies": [],
        "agents": outcome.states.total(),
        "states": dict(outcome.states),
        "refusals": outcome.refusals,
    }
    try:
        told["policies"] = list(read_taken([Part(one.source, one.text)]).digests)
    except ConfigError as error:
        told["mistake"] = str(error)
    return told
