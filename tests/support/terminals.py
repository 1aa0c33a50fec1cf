"""The terminal application without a terminal, an agent and a clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from textual.pilot import Pilot

from pktvisor.api.documents import (
    HandlerMetrics,
    Inventory,
    ShownInput,
    read_app,
    read_input,
    read_policy,
    read_policy_metrics,
    read_tap,
)
from pktvisor.api.faults import ApiFault
from pktvisor.tui.app import Terminal
from pktvisor.tui.units import Units
from pktvisor.tui.views.content import ViewSettings
from pktvisor.tui.watch import Watch
from pktvisor.tui.watched import Bucket, Reading, Request
from pktvisor.tui.windows import DEFAULT, windows
from support.documents import (
    BGP,
    DHCP,
    DNS,
    DNS_2,
    FLOW,
    LEDGER,
    NET_2,
    NETPROBE,
    PACKETS,
    PCAP,
    RESOURCES,
    START_TS,
    UNKNOWN,
    policy_info,
    policy_metrics,
    tap_info,
)

NOW = START_TS + 275.0
UTC = ViewSettings(units=Units(is_utc=True))
SMALL = (80, 24)
WIDE = (200, 55)

POLICIES: dict[str, dict[str, Any]] = {
    "default": policy_metrics("default", packets=PACKETS, dns=DNS, dhcp=DHCP, pcap=PCAP),
    "second": policy_metrics("second", net_2=NET_2, dns_2=DNS_2),
    "others": policy_metrics("others", bgp=BGP, flow=FLOW, netprobe=NETPROBE, zeta=UNKNOWN),
}
"""Policies by name: what a released agent may run, and what none does yet."""


MEMORY = {
    "held_bytes": 61_300_000,
    "budget_bytes": 67_108_864,
    "held": {"answers": 120_000, "groups": 41_000_000, "lookback": 2_097_152, "windows": 18_082_848},
    "gave_way": {"answers": 12, "lookback_chunks": 14, "group_rows": 0},
}


def inventory() -> Inventory:
    policies = {
        name: read_policy(name, policy_info(name, sorted(key.rsplit("-", 1)[1] for key in document[name])))
        for name, document in POLICIES.items()
    }
    own = policy_info("tap-1234-resources", ["input_resources"])
    policies["tap-1234-resources"] = read_policy("tap-1234-resources", {**own, "taps": {}})
    taps = {"tap": read_tap("tap", tap_info())}
    inputs: dict[str, ShownInput] = {}
    for name, ledger in (("tap-1234", LEDGER), ("older-5678", {})):
        document = policy_info("default", ["dns", "packets"])["input"]["tap-1234"]
        inputs[name] = read_input(name, {**document, "ledger": ledger})
    return Inventory(policies, taps, inputs)


def buckets() -> tuple[Bucket, ...]:
    return tuple(
        Bucket(START_TS + 60.0 * number, START_TS + 60.0 * (number + 1), packets, packets / 2)
        for number, packets in enumerate((6_000.0, 12_000.0, 9_000.0, 0.0))
    )


@dataclass
class FakeWatched:
    """Gives the documents of `POLICIES`, or the faults that it is told to."""

    fault: ApiFault | None = None
    faults_once: list[ApiFault] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    name: str = "ns1.example.net:10853"
    is_live: bool = True
    is_closed: bool = False
    pairs: tuple[HandlerMetrics, ...] = ()
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Documents by policy that take the place of the usual."""

    def read(self, request: Request) -> Reading:
        self.asked.append(request)
        if self.faults_once:
            raise self.faults_once.pop(0)
        if self.fault is not None:
            raise self.fault
        policy = request.policy or "default"
        document = self.changes.get(policy, POLICIES[policy])
        resources = read_policy_metrics("r", policy_metrics("r", input_resources=RESOURCES))
        return Reading(
            app=read_app({"app": {"version": "4.5.0", "up_time_min": 3.5}, "memory": MEMORY}),
            metrics=read_policy_metrics(policy, document),
            window=request.window,
            windows=windows(5),
            inventory=inventory(),
            taken_at=NOW,
            resources=tuple(replace(one, instance="tap-1234-resources") for one in resources.handlers)
            if "resources" in request.extras
            else (),
            buckets=buckets(),
            pairs=self.pairs if "pairs" in request.extras else None,
            keeps_pairs=bool(self.pairs),
        )

    def close(self) -> None:
        self.is_closed = True


class Bench:
    """An application under test: what it watches, its watch and its clock."""

    def __init__(self, settings: ViewSettings = UTC) -> None:
        self.watched = FakeWatched()
        self.now = NOW
        self.watch = Watch(self.watched, Request(DEFAULT), interval_s=1.0, now=lambda: self.now)
        self.app = Terminal(self.watch, settings, make_poller=None)
        self.pilot: Pilot[None] = Pilot(self.app)

    async def step(self) -> None:
        """Read once, as the poller would."""
        self.watch.step()
        self.app.take(self.watch.state)
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        """Press keys, then read what they asked for."""
        await self.pilot.press(*keys)
        await self.step()

    @property
    def text(self) -> str:
        """What is on the terminal."""
        strips = self.app.screen._compositor.render_strips()
        return "".join(f"{strip.text.rstrip()}\n" for strip in strips)

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


Scenario = Callable[[Bench], Awaitable[None]]


def play(
    scenario: Scenario, *, size: tuple[int, int] = SMALL, settings: ViewSettings = UTC, is_read: bool = True
) -> None:
    """Run an application of a size through a scenario; it has been read once before, unless told otherwise."""

    async def run() -> None:
        bench = Bench(settings)
        async with bench.app.run_test(size=size) as pilot:
            bench.pilot = pilot
            if is_read:
                await bench.step()
            await scenario(bench)

    asyncio.run(run())
