"""From a name to its clients, from an address to its names: what a custom handler keeps apart by name and address.

Any metric counts that is a top list of addresses apart by `dns.qname`, or of names apart by `ip.src` or `ip.dst`.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pktvisor.api.documents import HandlerMetrics
from pktvisor.api.keys import Document
from pktvisor.api.values import TopEntry, read_value
from pktvisor.tui.panels import Panel, PanelRow

SCHEMA = "custom"
"""Key of the handlers that keep metrics apart by columns of one's choice."""
BY_NAME = "dns_qname"
BY_CLIENT = "ip_src"
BY_SERVER = "ip_dst"
NAME_LISTS = frozenset("qname qname2 qname3 nxdomain srvfail refused nodata noerror slow waited drill".split())
"""Words in the names of lists whose entries are names of the DNS, unless they are addresses."""


@dataclass(frozen=True, slots=True)
class Target:
    """A name or an address to look into."""

    text: str

    @property
    def is_address(self) -> bool:
        """Whether it is an address rather than a name."""
        return is_address(self.text)


@dataclass(frozen=True, slots=True)
class Related:
    """Names or addresses that go with a target."""

    title: str
    entries: tuple[TopEntry, ...]


def is_address(text: str) -> bool:
    """Tell whether a text is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def target_of(panel: Panel, row: PanelRow) -> Target | None:
    """Give what a row of a list can be looked into as; None for what is neither a name nor an address."""
    text = row.copied
    if not panel.is_sortable or not text:
        return None
    words = set(panel.key.replace("/", "_").replace(".", "_").split("_"))
    return Target(text) if is_address(text) or words & NAME_LISTS else None


def can_tell(handlers: Iterable[HandlerMetrics]) -> bool:
    """Tell whether handlers keep anything apart that a target could be looked up in."""
    return any(_groups(handler, column) for handler in handlers for column in (BY_NAME, BY_CLIENT, BY_SERVER))


def related(handlers: Iterable[HandlerMetrics], target: Target) -> list[Related]:
    """Give what goes with a target, by title; an entry in several lists counts as often as it does in all of them."""
    found = list(handlers)
    if not target.is_address:
        return [Related("Clients that asked for it", _entries(found, BY_NAME, target))]
    return [
        Related("Names that it asked for", _entries(found, BY_CLIENT, target)),
        Related("Names that it was asked for", _entries(found, BY_SERVER, target)),
    ]


def _entries(handlers: Iterable[HandlerMetrics], column: str, target: Target) -> tuple[TopEntry, ...]:
    counts: Counter[str] = Counter()
    for handler in handlers:
        for entry in _listed(_groups(handler, column), target):
            counts[entry.name] += round(entry.estimate)
    return tuple(TopEntry(name, count) for name, count in counts.most_common())


def _listed(groups: Document, target: Target) -> Iterator[TopEntry]:
    """Give the entries of the lists of a target's groups: addresses of names, names of addresses."""
    for group, metrics in groups.items():
        if isinstance(metrics, Mapping) and _is_meant(group, target):
            for value in metrics.values():
                read = read_value(value)
                if isinstance(read, tuple):
                    yield from (entry for entry in read if is_address(entry.name) != target.is_address)


def _is_meant(group: str, target: Target) -> bool:
    """Tell whether a group is the target's; a shortened name, which begins with a dot, stands for all below it."""
    wanted = target.text.casefold()
    name = group.casefold()
    return name.endswith(wanted) if wanted.startswith(".") else name == wanted


def _groups(handler: HandlerMetrics, column: str) -> Document:
    groups = handler.metrics.get(column) if handler.schema == SCHEMA else None
    return groups if isinstance(groups, dict) else {}
