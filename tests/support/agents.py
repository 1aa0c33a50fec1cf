"""An agent made by hand, whose policies have fixed windows."""

from __future__ import annotations

from dataclasses import dataclass, field

from pktvisor.errors import PeriodError
from pktvisor.metrics.snapshot import HandlerSnapshot


@dataclass
class FakePolicy:
    """A policy whose buckets are given, the live one first. A window is its newest bucket: merging is not for here."""

    name: str
    buckets: list[list[HandlerSnapshot]]
    instances: tuple[str, ...] = ("default-default-net", "default-default-dns")
    periods: int = 5

    def bucket(self, number: int) -> list[HandlerSnapshot]:
        if number >= self.periods:
            raise PeriodError(f"invalid metrics period, specify [0, {self.periods - 1}]", is_early=False)
        if number >= len(self.buckets):
            newest = f"current range is [0, {len(self.buckets) - 1}]"
            raise PeriodError(f"requested metrics period has not yet accumulated, {newest}", is_early=True)
        return self.buckets[number]

    def window(self, number: int) -> list[HandlerSnapshot]:
        if not 2 <= number <= self.periods:
            raise PeriodError(f"invalid metrics period, specify [2, {self.periods}]", is_early=False)
        return self.buckets[0]

    def latest(self) -> list[HandlerSnapshot]:
        return self.buckets[1 if len(self.buckets) > 1 else 0]

    def describe(self) -> dict[str, object]:
        return {"modules": {name: {} for name in self.instances}}


@dataclass
class FakeAgent:
    policies: dict[str, FakePolicy] = field(default_factory=dict)
    version: str = "5.0.0"
    started: float = 0.0
