"""What policies look up in databases that the agent does not have: accepted, and told."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass

from pktvisor.agent.policy import AgentPolicy
from pktvisor.config.models import ModuleConfig
from pktvisor.errors import ConfigError
from pktvisor.handlers.lookups import Found, Lookup


@dataclass(frozen=True)
class Unanswered:
    """Something that a handler of a policy looks up in vain."""

    policy: str
    module: ModuleConfig
    lookup: Lookup

    def __str__(self) -> str:
        """Tell whose it is, what becomes of it, and what would do."""
        return f"policy [{self.policy}]: handler {self.module.name}: {self.lookup}"

    def as_mistake(self) -> ConfigError:
        """Give it with its path in the configuration."""
        key, module = self.lookup.key, self.module
        if key in module.filter:
            key = f"filter.{key}"
        elif key in module.config:
            key = f"config.{key}"
        elif self.lookup.key == "enable":
            key = "metric_groups.enable"
        return ConfigError(str(self.lookup), path=f"policies.{self.policy}.handlers.modules.{module.name}.{key}")


def unanswered(policy: AgentPolicy, answered: Set[Found]) -> Iterator[Unanswered]:
    """Tell what a policy looks up in vain where databases answer no more than that; once for all its taps."""
    if policy.basis is None:
        return
    modules = {module.name: module for module in policy.basis.config.modules}
    told = set()
    for part in policy.parts:
        for module in part.modules:
            for lookup in module.instance.handler.lookups():
                if lookup.found not in answered and (module.name, lookup) not in told:
                    told.add((module.name, lookup))
                    yield Unanswered(policy.name, modules[module.name], lookup)
