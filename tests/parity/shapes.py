"""Shapes of what agents answer: documents as paths with types, Prometheus texts as families with types and labels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from parity.accepted import MORE_OF_DHCP

STREAM_HASH = re.compile(r"-[0-9a-f]{8,16}(?=$|-resources$)")
"""What stands behind the tap in the name of a stream: each agent hashes its configuration in its own way."""

MORE = re.compile(
    rf".*(\.input\.[\w-]+\.(ledger\..*|direction_unknown_share)|\.dhcp\.wire_packets\.({'|'.join(MORE_OF_DHCP)})|\.length_s"
    r"|\.memory\..*)"
)
"""Paths that only ours has."""

MORE_FAMILIES = {f"dhcp_wire_packets_{name}" for name in MORE_OF_DHCP}
OWN_PREFIXES = ("pktvisor_", "process_")
"""How names begin that only ours has: totals, and what the process tells of itself."""

Leaf = tuple[str, str]
"""A dotted path with the type of what stands there; entries of a list are one, at the list's path and `[]`."""

Family = tuple[str, frozenset[tuple[str, ...]]]
"""A type, and the suffixes of the series' names with their labels."""


def leaves(document: Any, path: str = "") -> Iterator[Leaf]:
    if isinstance(document, dict) and document:
        for key, value in document.items():
            yield from leaves(value, f"{path}.{STREAM_HASH.sub('-HASH', key)}")
    elif isinstance(document, list):
        yield path, "list"
        for item in document:
            yield from leaves(item, f"{path}[]")
    else:
        yield path, type(document).__name__


def differences(ours: Any, theirs: Any) -> list[str]:
    """Tell of leaves that only one of two documents has. Entries of a list are compared where both have some."""
    our, their = {leaf for leaf in leaves(ours) if not MORE.fullmatch(leaf[0])}, set(leaves(theirs))
    return [
        f"only {owner}: {path} ({kind})"
        for owner, those, others in (("ours", our, their), ("theirs", their, our))
        for path, kind in sorted(those - others)
        if not _is_of_empty_list(path, others)
    ]


def _is_of_empty_list(path: str, others: set[Leaf]) -> bool:
    above, mark, _ = path.partition("[]")
    return bool(mark) and (above, "list") in others and not any(other.startswith(f"{above}[]") for other, _ in others)


def families(text: str) -> dict[str, Family]:
    found: dict[str, Family] = {}
    for family in text_string_to_metric_families(text):
        if family.name in MORE_FAMILIES or family.name.startswith(OWN_PREFIXES):
            continue
        labels = frozenset((one.name.removeprefix(family.name), *sorted(one.labels)) for one in family.samples)
        found[family.name] = (family.type, labels)
    return found
