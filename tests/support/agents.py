"""An agent made by hand, whose policies have fixed windows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pktvisor.agent.marks import MarkRing
from pktvisor.agent.running import OwnMetric
from pktvisor.api.documents import Memory
from pktvisor.api.events import Tick
from pktvisor.api.series import Series
from pktvisor.config.models import DashboardConfig
from pktvisor.errors import NotFoundError, PeriodError
from pktvisor.metrics.snapshot import HandlerSnapshot
from pktvisor.policies.instances import Module
from pktvisor.windows.record import Record
from support.records import any_record

Description = dict[str, object]


@dataclass
class FakePolicy:
    """A policy whose buckets are given, the live one first. A window is its newest bucket: merging is not for here."""

    name: str
    buckets: list[list[HandlerSnapshot]]
    instances: tuple[str, ...] = ("default-default-net", "default-default-dns")
    periods: int = 5
    modules: tuple[Module, ...] = ()
    reached: tuple[HandlerSnapshot, ...] = ()
    """What handlers have that are asked before the one without a period."""
    counted: list[HandlerSnapshot] = field(default_factory=list)
    """Its totals."""

    def bucket(self, number: int) -> list[HandlerSnapshot]:
        if number >= self.periods:
            raise self._missing(f"invalid metrics period, specify [0, {self.periods - 1}]", is_early=False)
        if number >= len(self.buckets):
            newest = f"current range is [0, {len(self.buckets) - 1}]"
            raise self._missing(f"requested metrics period has not yet accumulated, {newest}", is_early=True)
        return self.buckets[number]

    def window(self, number: int) -> list[HandlerSnapshot]:
        if not 2 <= number <= self.periods:
            raise self._missing(f"invalid metrics period, specify [2, {self.periods}]", is_early=False)
        return self.buckets[0]

    def bucket_records(self, number: int, agent: str) -> list[Record]:
        self.bucket(number)
        return [any_record(agent=agent, policy=self.name, number=number)]

    def window_records(self, number: int, agent: str) -> list[Record]:
        self.window(number)
        return [any_record(agent=agent, policy=self.name, number=number)]

    def _missing(self, message: str, *, is_early: bool) -> PeriodError:
        error = PeriodError(message, is_early=is_early)
        error.reached = self.reached
        error.instance = next(iter(self.instances[len(self.reached) :]), None)
        return error

    def latest(self) -> list[HandlerSnapshot]:
        return self.buckets[1 if len(self.buckets) > 1 else 0]

    def totals(self) -> list[HandlerSnapshot]:
        return self.counted

    def series(self, since_s: int) -> Series:
        return Series(10, since_s, {})

    def describe(self) -> Description:
        return {"modules": {name: {} for name in self.instances}}


@dataclass
class FakeTap:
    """A tap of the loopback interface."""

    interface: str = "lo"

    def describe(self) -> Description:
        config = {"host_spec": "192.168.0.0/24", "iface": self.interface}
        return {"config": config, "input_type": "pcap", "interface": "visor.module.input/1.0", "tags": None}


@dataclass
class FakeInput:
    """An input that keeps what it is told, and what it was asked for."""

    packets: bytes = b"packets"
    fault: Exception | None = None
    asked: list[tuple[str, int | None, int]] = field(default_factory=list)

    def describe(self) -> Description:
        return {"input": {"consumers": 1, "running": True}}

    def recent_packets(self, *, filter_expression: str, seconds: int | None, most_bytes: int) -> bytes:
        self.asked.append((filter_expression, seconds, most_bytes))
        if self.fault is not None:
            raise self.fault
        return self.packets


MEMORY = Memory(3000, 64_000_000, {"windows": 2000, "groups": 1000}, {"answers": 2, "groups": 0})
NO_CHANGES: Description = {
    section: {"added": [], "changed": [], "removed": [], "unchanged": []} for section in ("taps", "policies")
}
DETAILS: Description = {
    "dropped": {"edge": {"windows": 5, "seconds": 252}},
    "inputs": {"eth-0a": {"tap": "eth", "becomes": "unchanged"}},
}
FIX: Description = {"line": 3, "column": 12, "length": 4, "text": "pcap"}
FAULT: Description = {"error": "no input 'pacp'", "hint": "did you mean 'pcap'?", "line": 3, "column": 12, "fix": FIX}


@dataclass
class FakeAgent:
    """Notes what it is asked to change; raises `refusal` instead where there is one."""

    policies: dict[str, FakePolicy] = field(default_factory=dict)
    version: str = "5.0.0"
    is_hub: bool = False
    started: float = 0.0
    taps: dict[str, FakeTap] = field(default_factory=dict)
    inputs: dict[str, FakeInput] = field(default_factory=dict)
    refusal: Exception | None = None
    done: list[tuple[object, ...]] = field(default_factory=list)
    on_shut_down: Callable[[], None] = lambda: None
    memory: Memory = field(default_factory=lambda: MEMORY)
    is_ready: bool = True
    own: list[OwnMetric] = field(default_factory=list)
    marks: MarkRing = field(default_factory=lambda: MarkRing(0.0))
    ticks: int = 0
    """How many were asked for."""
    dashboards: dict[str, DashboardConfig] = field(default_factory=dict)

    def own_metrics(self) -> list[OwnMetric]:
        return self.own

    def tick(self, now: float) -> Tick:
        self.ticks += 1
        return Tick(now, now - self.started, {name: {"window": 60} for name in self.policies}, mark=self.marks.newest)

    def add_tap(self, text: str) -> Description:
        self._note("add_tap", text)
        return {"new": FakeTap().describe()}

    def remove_tap(self, name: str) -> None:
        if name not in self.taps:
            raise NotFoundError("tap does not exists")
        self._note("remove_tap", name)
        del self.taps[name]

    def add_policy(self, text: str) -> Description:
        self._note("add_policy", text)
        return {"new": {"modules": {}}}

    def remove_policy(self, name: str) -> None:
        if name not in self.policies:
            raise NotFoundError("policy does not exists")
        self._note("remove_policy", name)
        del self.policies[name]

    def configuration(self) -> Description:
        self._note("configuration")
        policy = {"origin": "configuration", "text": "visor: {}", "file": "edge.yaml", "digest": "0a", "since": 12.5}
        return {"has_file": True, "policies": {"edge": policy}, "taps": {"eth": {"origin": "api", "text": "visor: {}"}}}

    def find_faults(self, text: str) -> Description:
        self._note("find_faults", text)
        return {"faults": [FAULT], "warnings": []}

    def apply_policy(self, text: str, *, base: str | None, is_dry_run: bool) -> Description:
        self._note("apply_policy", text, base, is_dry_run)
        return {**NO_CHANGES, **DETAILS}

    def apply(self, text: str | None, *, is_dry_run: bool, is_detailed: bool = False) -> Description:
        self._note("apply", text, is_dry_run)
        return {**NO_CHANGES, **DETAILS} if is_detailed else NO_CHANGES

    def shut_down(self) -> None:
        self._note("shut_down")
        self.on_shut_down()

    def _note(self, *call: object) -> None:
        self.done.append(call)
        if self.refusal is not None:
            raise self.refusal
