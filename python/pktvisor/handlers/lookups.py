"""What handlers look up in databases of places and networks, and what becomes of it where the agent has none.

Such a policy is accepted, as the C++ agent does: it may be meant for many agents. It is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from pktvisor.metrics.expressions import Condition
from pktvisor.metrics.kinds import Metric, TopN

Found = Literal["place", "network"]
"""What a database tells of an address."""

OPTIONS: Mapping[Found, str] = {"place": "--geo-city", "network": "--geo-asn"}
"""The options that name the databases."""

FILTERS: Mapping[str, Found] = {
    "geoloc_notfound": "place",
    "only_geoloc_prefix": "place",
    "asn_notfound": "network",
    "only_asn_number": "network",
}
"""Settings of handlers that need a database."""


class Lookup(NamedTuple):
    """Something that a handler was told that asks a database."""

    key: str
    """Where it was said: a setting, or a place below the module, as `metrics.places`."""
    found: Found
    effect: str
    """What it does without the database: the end of a sentence that begins with its name."""
    name: str = ""
    """What it is called, where the key says too little."""

    def __str__(self) -> str:
        """Tell what becomes of it, and what would do."""
        what = f"{self.name or self.key} {self.effect}"
        return f"{what} without a database of {self.found}s: {OPTIONS[self.found]} names one"


def of_filters(settings: Mapping[str, Any], filters: Condition, effect: str) -> Iterator[Lookup]:
    """Tell which settings make filters ask a database."""
    asked = _asked(filters.json)
    for key, found in FILTERS.items():
        if settings.get(key) and found in asked:
            yield Lookup(key, found, effect)


def of_groups(enabled: Iterable[str], metrics: Mapping[str, Metric]) -> Iterator[Lookup]:
    """Tell which metric groups, of those that were asked for by name, list nothing but what a database tells."""
    for group in enabled:
        lists = [metric for metric in metrics.values() if group in metric.groups]
        asked = [_asked(metric.column.json) if isinstance(metric, TopN) else set() for metric in lists]
        if all(asked):
            for found in sorted(set().union(*asked)):
                yield Lookup("enable", found, f"lists no {found}s", f"metric group {group}")


def _asked(json: object) -> set[Found]:
    """Tell what databases are asked for by a column or a condition."""
    if isinstance(json, dict):
        return {found for found in OPTIONS if found in json}
    if isinstance(json, list):
        return set().union(*map(_asked, json))
    return set()
