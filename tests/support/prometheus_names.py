"""The names that pktvisor's series have in Prometheus, and those that queries ask for."""

from __future__ import annotations

import re

from pktvisor.handlers import handlers
from pktvisor.policies.group_totals import LEFT_OUT
from pktvisor.policies.ledger_totals import LEDGER_FAMILIES, ledger_name
from pktvisor.policies.policy import family_name
from pktvisor.policies.totals import total_name
from pktvisor.server.catalogue import visible_metrics
from pktvisor.server.process_metrics import PROCESS_METRICS

WORDS = {
    *("and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right", "offset", "bool"),
    *("inf", "nan"),
}
NO_NAMES = (
    re.compile(r'"[^"]*"'),
    re.compile(r"\{[^}]*\}"),
    re.compile(r"\[[^\]]*\]"),
    re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)"),
    re.compile(r"\boffset\s+\w+"),
    re.compile(r"\b[a-z_]+\s*(?=\()"),
)
"""What stands in a query beside names: texts, labels, spans of time, functions."""
NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


def names_of_series() -> set[str]:
    """Give all names that any agent or hub may give, but for those that policies declare."""
    found = {LEFT_OUT, *PROCESS_METRICS, *map(ledger_name, LEDGER_FAMILIES)}
    for declared in handlers().values():
        for metric in visible_metrics(declared):
            name = family_name(declared, metric)
            found |= {name, *(f"{name}{suffix}" for suffix in metric.series_suffixes())}
            if metric.has_total:
                found.add(total_name(name))
    return found


def names_asked_for(query: str) -> set[str]:
    """Give the names of series in a query."""
    for nothing in NO_NAMES:
        query = nothing.sub(" ", query)
    return set(NAME.findall(query)) - WORDS
