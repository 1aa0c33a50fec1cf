"""Which policies of the hub show what an agent measured.

A hub has the policies of its agents, by their names, and those that were configured: a policy of the agents, of those
with some tags. A configured one stands in the place of the agents' own of its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pktvisor.config.hub_models import HubPolicyConfig


def names_of(configured: Sequence[HubPolicyConfig], policy: str, tags: Mapping[str, str]) -> list[str]:
    """The policies of the hub that show a policy of an agent with these tags."""
    own = [] if any(one.name == policy for one in configured) else [policy]
    return own + [one.name for one in configured if one.of_policy == policy and one.agents.chooses(tags)]


def changed_names(before: Sequence[HubPolicyConfig], after: Sequence[HubPolicyConfig]) -> frozenset[str]:
    """The policies that show something else with the one configuration than with the other."""
    one, other = ({policy.name: policy for policy in policies} for policies in (before, after))
    return frozenset(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
