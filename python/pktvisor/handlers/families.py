"""Names in Prometheus of metrics that policies declare themselves."""

from __future__ import annotations

from collections.abc import Iterable

from pktvisor.errors import ConfigError
from pktvisor.handlers.base import Handler

Families = dict[str, tuple[str, str]]
"""Names in Prometheus, with the metric that has each: its name and its kind."""


def check_families(handlers: Iterable[Handler], owners: Families | None = None) -> None:
    """ConfigError where two metrics would meet under one name in Prometheus though they are of different kinds.

    Names of custom metrics are the policies' own; series of one name from all policies stand together. `owners` are
    those of the policies before; these handlers' names join them.
    """
    owners = {} if owners is None else owners
    for handler in handlers:
        if not handler.is_named_by_policies:
            continue
        for name, metric in handler.metrics().items():
            for family in (name, *(f"{name}{suffix}" for suffix in metric.series_suffixes())):
                owner = (name, type(metric).__name__.lower())
                other = owners.setdefault(family, owner)
                if other != owner:
                    raise ConfigError(
                        f"the {owner[1]} '{name}' and the {other[1]} '{other[0]}' would share the name "
                        f"{handler.schema}_{family} in Prometheus; rename one of them",
                        path=f"metrics.{name}",
                    )
