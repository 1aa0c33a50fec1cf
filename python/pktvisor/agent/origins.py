"""Configurations of several origins beside each other: which taps and policies one may touch, and what it changes.

What the agent has of its own (a file, the API, the command line) comes before what the hub gives it: of a name that
both have, the hub's is left out, and gives way where it was there first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pktvisor.agent.changes import difference
from pktvisor.agent.policy import AgentPolicy, Basis
from pktvisor.agent.preparing import Surroundings
from pktvisor.agent.tap import Origin, Tap, check_number, make_tap, tap_exists
from pktvisor.api.catalogue import Changes, Difference
from pktvisor.config.models import AgentConfig, PolicyConfig
from pktvisor.errors import within


def left_for(
    config: AgentConfig, origin: Origin, taps: Mapping[str, Tap], policies: Mapping[str, AgentPolicy]
) -> AgentConfig:
    """Give a configuration without what the agent has of its own by the same names, where that comes first."""
    if origin is not Origin.HUB:
        return config
    own_taps = {name for name, tap in taps.items() if tap.origin is not Origin.HUB}
    own_policies = {name for name, policy in policies.items() if policy.origin is not Origin.HUB}
    return replace(
        config,
        taps=tuple(tap for tap in config.taps if tap.name not in own_taps),
        policies=tuple(policy for policy in config.policies if policy.name not in own_policies),
    )


def taps_with(config: AgentConfig, origin: Origin, taps: Mapping[str, Tap]) -> Mapping[str, Tap]:
    """Give the taps of a configuration with those that it leaves alone. Raises `ConflictError`, `ConfigError`."""
    coming = {tap.name for tap in config.taps}
    others = {
        name: tap
        for name, tap in taps.items()
        if tap.origin is not origin and not (tap.origin is Origin.HUB and name in coming)
    }
    if taken := [name for name in others if name in coming]:
        raise tap_exists(taken[0])
    together = others | {tap.name: make_tap(tap, origin) for tap in config.taps}
    check_number(together)
    return together


def compare(
    config: AgentConfig,
    origin: Origin,
    taps: Mapping[str, Tap],
    policies: Mapping[str, AgentPolicy],
    around: Surroundings,
) -> Changes:
    """Compare what there is of an origin with what there shall be."""
    ours = {name: tap.config for name, tap in taps.items() if tap.origin is origin}
    bases = {name: one.basis for name, one in policies.items() if one.origin is origin}
    return Changes(
        difference(ours, {tap.name: tap for tap in config.taps}),
        difference(bases, {policy.name: _basis(policy, around) for policy in config.policies}),
    )


def _basis(policy: PolicyConfig, around: Surroundings) -> Basis:
    with within(f"policies.{policy.name}"):
        return around.basis(policy)


def leaving(changes: Difference, policies: Mapping[str, AgentPolicy]) -> Sequence[AgentPolicy]:
    """Give the policies that changes end, those included that give way to one of their name."""
    giving_way = [name for name in changes.added if name in policies and policies[name].origin is Origin.HUB]
    return [policies[name] for name in (*changes.removed, *changes.changed, *giving_way)]


def arriving(changes: Difference, config: AgentConfig) -> Sequence[PolicyConfig]:
    """Give the policies that changes begin."""
    coming = {*changes.added, *changes.changed}
    return [policy for policy in config.policies if policy.name in coming]
