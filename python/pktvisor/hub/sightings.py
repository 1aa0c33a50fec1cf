"""How many agents saw each item of a top list over a time.

The agents' own windows of the time are read, and merged by agent. A list that was cut does not know its light items, so
that there are two bounds: the agents in whose lists an item is, and with them those that may have seen it unlisted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pktvisor.hub.history import Merging, Question, records_at
from pktvisor.hub.own_windows import Windows, merged_by_agent
from pktvisor.outputs.json import Document
from pktvisor.windows.reading import core_metric

MOST_ITEMS = 6144
"""Items of a top list: no list tracks more."""

Item = tuple[object, ...]
"""What tells an item of a top list from others: its name, and where it is if that is a place."""


@dataclass(frozen=True, slots=True)
class Sightings:
    """Which agents saw what."""

    agents: int
    """Those that sent the top list."""
    cut: int
    """Those whose list does not have all that they saw."""
    seen: Counter[Item]
    """In the lists of how many an item is."""
    seen_cut: Counter[Item]
    """In how many of those that were cut."""
    read: Document
    """What was read for it."""

    def of(self, item: Item) -> Document:
        """How many agents saw an item."""
        return {"at_least": self.seen[item], "at_most": self.seen[item] + self.cut - self.seen_cut[item]}


def sightings(question: Question, windows: Windows, items: Collection[Item]) -> Sightings:
    """Tell which agents saw some items, in the whole time of a question. Raises `UnknownError`."""
    merging = merged_by_agent(question, windows)
    read: Document = {"files": merging.files, "bytes": merging.read_bytes, "deliveries": merging.deliveries}
    return _counted(question, merging, items, read)


def _counted(question: Question, merging: Merging, items: Collection[Item], read: Document) -> Sightings:
    """Count the agents in whose lists items are."""
    has_left_out = merging.accumulators.left_out()["rows"] > 0
    agents, cut, seen, seen_cut = 0, 0, Counter[Item](), Counter[Item]()
    for key, number in merging.points():
        lists = [core for one in records_at(question, key, number, merging) if (core := core_metric(one)) is not None]
        listed = {item_of(row) for core in lists for row in core.top(MOST_ITEMS) if row[2] > 0}.intersection(items)
        agents += 1
        seen.update(listed)
        if has_left_out or any(core.weights()[1] for core in lists):
            cut += 1
            seen_cut.update(listed)
    return Sightings(agents, cut, seen, seen_cut, read)


def item_of(row: Sequence[object]) -> Item:
    """What tells a row of a top list from others."""
    return (row[0], *row[4:])
