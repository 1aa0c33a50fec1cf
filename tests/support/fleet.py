"""A fleet of agents in one process: deliveries of many agents, made of the records of real captures.

Each agent sends the windows of a capture as its own: `body` gives what agent `number` sends of a minute. What agents
saw overlaps: agents with the same capture saw the same names and addresses, so that counters add up and cardinalities
do not grow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pktvisor.outputs.hub_body import Identity
from pktvisor.policies.file_records import record_files
from pktvisor.windows.reading import cut
from pktvisor.windows.record import Record
from pktvisor.windows.tables import record_table

NANOSECONDS = 1_000_000_000
MINUTE_S = 60
SITES = ("ams", "fra", "nrt", "sjc")
CAPTURES = Path(__file__).parents[1] / "captures"


def records_of_capture(
    path: Path, schemas: Sequence[str] = ("packets", "dns"), *, filter_expression: str = ""
) -> list[Record]:
    """The records of a capture's first window."""
    windows: list[list[Record]] = []
    record_files([str(path)], windows.append, agent="", hosts="10.0.0.0/8", filter_expression=filter_expression)
    return [record for record in windows[0] if record.schema in schemas]


@dataclass
class Fleet:
    """Agents by number; each has a name, a boot and a site."""

    captures: Sequence[Path]
    start_s: int
    """When the first minute begins, in Unix seconds."""
    most_items: int = 384
    _records: dict[Path, list[Record]] = field(default_factory=dict)

    def records(self, number: int) -> list[Record]:
        """What an agent sees in each of its minutes."""
        path = self.captures[number % len(self.captures)]
        if path not in self._records:
            self._records[path] = [cut(record, self.most_items) for record in records_of_capture(path)]
        return self._records[path]

    def name(self, number: int) -> str:
        return f"agent{number:05d}"

    def tags(self, number: int) -> Mapping[str, str]:
        return {"site": SITES[number % len(SITES)]}

    def body(self, number: int, minute: int, *, boot: str = "") -> bytes:
        """What an agent sends of a minute, counted from the first."""
        return self.body_of(self.records(number), number, minute, boot=boot)

    def body_of(self, seen: Sequence[Record], number: int, minute: int, *, boot: str = "", minutes: int = 1) -> bytes:
        """What an agent sends of a minute in which it saw this, or of several as one window."""
        name, start_s = self.name(number), self.start_s + minute * MINUTE_S
        window: dict[str, Any] = {
            "agent": name,
            "number": minute,
            "start_ns": start_s * NANOSECONDS,
            "end_ns": (start_s + minutes * MINUTE_S) * NANOSECONDS,
            "length_s": minutes * MINUTE_S,
            "is_closed": True,
        }
        records = [replace(record, **window) for record in seen]
        identity = Identity(name, boot or f"boot of {name}", "5.0.0", tuple(self.tags(number).items()))
        return record_table(records, identity.metadata()).pack()
