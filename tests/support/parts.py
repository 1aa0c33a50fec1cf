"""Policies made by hand whose parts' windows close as a test says."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from pktvisor.windows.record import Record
from support.records import count

MINUTE_NS = 60_000_000_000
EPOCH_NS = 1_700_000_000_000_000_000


@dataclass(eq=False)
class FakePart:
    """Windows with one counter for each handler; the newest is open."""

    instances: tuple[str, ...] = ("edge-net",)
    periods: int = 5
    newest: int = 0
    oldest: int = 0
    """Number of its first window."""
    is_broken: bool = False
    values: dict[int, int] = field(default_factory=dict)
    """What the counters of a window are; its number where nobody says."""
    silent: Mapping[str, Collection[int]] = field(default_factory=dict)
    """Windows in which handlers have no records."""
    asked: list[int] = field(default_factory=list)
    """Most items that lists were to be cut to."""
    most_records: list[int] = field(default_factory=list)
    """Most records that the groups of a breakdown were to have."""

    def close(self, windows: int = 1) -> None:
        """Let windows close."""
        self.newest += windows

    def windows(self) -> list[tuple[int, bool]]:
        if self.is_broken:
            raise RuntimeError("broken")
        first = max(self.oldest, self.newest - self.periods + 1)
        return [(number, number < self.newest) for number in range(first, self.newest + 1)]

    def records(self, number: int, *, agent: str, most_items: int, most_records: int) -> list[Record] | None:
        self.asked.append(most_items)
        self.most_records.append(most_records)
        if number not in dict(self.windows()):
            return None
        start_ns = EPOCH_NS + number * MINUTE_NS
        return [
            count(
                self.values.get(number, number),
                agent=agent,
                instance=instance,
                number=number,
                start_ns=start_ns,
                end_ns=start_ns + MINUTE_NS,
            )
            for instance in self.instances
            if number not in self.silent.get(instance, ())
        ]


@dataclass(eq=False)
class FakePolicy:
    """A policy of such parts."""

    parts: list[FakePart] = field(default_factory=lambda: [FakePart()])
