"""An agent made by hand, whose policies have fixed windows."""

from __future__ import annotations

from dataclasses import dataclass, field

from pktvisor.agent.periods import check_bucket, check_window
from pktvisor.metrics.snapshot import HandlerSnapshot


@dataclass
class FakePolicy:
    """A policy whose buckets are given, the live one first. A window is its newest bucket: merging is not for here."""

    name: str
    buckets: list[list[HandlerSnapshot]]
    instances: tuple[str, ...] = ("default-default-net", "default-default-dns")
    periods: int = 5

    def bucket(self, number: int) -> list[HandlerSnapshot]:
        check_bucket(number, periods=self.periods, accumulated=len(self.buckets))
        return self.buckets[number]

    def window(self, number: int) -> list[HandlerSnapshot]:
        check_window(number, periods=self.periods)
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
