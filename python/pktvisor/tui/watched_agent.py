"""A running agent that is watched."""

from __future__ import annotations

from contextlib import suppress

from pktvisor import clock
from pktvisor.api.client import Client
from pktvisor.api.documents import App, HandlerMetrics, Inventory, PolicyMetrics
from pktvisor.api.faults import MissingFault, PeriodFault
from pktvisor.tui.drill import can_tell
from pktvisor.tui.watched import Bucket, Reading, Request
from pktvisor.tui.windows import LAST, LENGTH_S, MOST_PERIODS, WindowChoice, windows

DEFAULT_POLICY = "default"
CUSTOM = "custom"
"""Type of the handlers whose metrics a policy declares."""
MOST_CUSTOM_POLICIES = 4
"""Policies with such handlers that are asked for a drill-down."""
INVENTORY_INTERVAL_S = 10.0
"""How old what is known of policies, taps and inputs may be where the screen does not show it."""


class WatchedAgent:
    """Asks an agent, and no more often than needed for what seldom changes."""

    is_live = True

    def __init__(self, client: Client) -> None:
        self._client = client
        self._app: App | None = None
        self._inventory: Inventory | None = None
        self._inventory_at = 0.0
        self._buckets: dict[str, tuple[Bucket, ...]] = {}

    @property
    def name(self) -> str:
        """Give its address."""
        return str(self._client.endpoint)

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def read(self, request: Request) -> Reading:
        """Ask for what the request names. Raises an `ApiFault`; after it, everything is asked for anew."""
        try:
            return self._read(request)
        except PeriodFault:
            raise
        except Exception:
            self._app = self._inventory = None
            raise

    def _read(self, request: Request) -> Reading:
        inventory = self._known_inventory(is_wanted="inventory" in request.extras)
        if self._app is None or "resources" in request.extras:
            self._app = self._client.app()
        policy = _policy(request, inventory)
        metrics = self._metrics(policy, request.window)
        pairs = self._pairs(inventory, request.window) if "pairs" in request.extras else None
        return Reading(
            app=self._app,
            metrics=metrics,
            window=request.window,
            windows=windows(_periods(inventory, policy)),
            inventory=inventory,
            taken_at=clock.now(),
            live=self._client.bucket(policy, 0) if request.window == LAST else None,
            resources=self._resources(inventory) if "resources" in request.extras else (),
            buckets=self._buckets_of(policy),
            pairs=pairs,
            keeps_pairs=can_tell(pairs or ()),
            length_s=_length_s(inventory, policy),
        )

    def _known_inventory(self, *, is_wanted: bool) -> Inventory:
        age_s = clock.monotonic() - self._inventory_at
        if self._inventory is None or is_wanted or age_s >= INVENTORY_INTERVAL_S:
            self._inventory = self._client.inventory()
            self._inventory_at = clock.monotonic()
        return self._inventory

    def _metrics(self, policy: str, window: WindowChoice) -> PolicyMetrics:
        if window.kind == "bucket":
            return self._client.bucket(policy, window.number)
        return self._client.window(policy, window.number)

    def _resources(self, inventory: Inventory) -> tuple[HandlerMetrics, ...]:
        found: list[HandlerMetrics] = []
        for policy in inventory.policies.values():
            if policy.is_resources:
                with suppress(MissingFault, PeriodFault):
                    found += self._client.bucket(policy.name, 0).handlers
        return tuple(found)

    def _pairs(self, inventory: Inventory, window: WindowChoice) -> tuple[HandlerMetrics, ...]:
        """Ask policies with custom handlers, which may keep names and clients apart."""
        custom = [
            policy.name
            for policy in inventory.policies.values()
            if any(handler.type == CUSTOM for handler in policy.handlers)
        ]
        found: list[HandlerMetrics] = []
        for name in custom[:MOST_CUSTOM_POLICIES]:
            with suppress(MissingFault, PeriodFault):
                found += self._metrics(name, window).handlers
        return tuple(found)

    def _buckets_of(self, policy: str) -> tuple[Bucket, ...]:
        """Give the policy's buckets, oldest first: asked for once, when it is first looked at."""
        if policy not in self._buckets:
            found: list[Bucket] = []
            with suppress(PeriodFault, MissingFault):
                for number in range(MOST_PERIODS):
                    found += _bucket(self._client.bucket(policy, number))
            self._buckets = {policy: tuple(reversed(found))}
        return self._buckets[policy]


def _policy(request: Request, inventory: Inventory) -> str:
    """Choose the policy to show."""
    names = [name for name, policy in inventory.policies.items() if not policy.is_resources]
    if request.policy is not None:
        if names and request.policy not in inventory.policies:
            raise MissingFault(f'policy "{request.policy}" is not there; there are {", ".join(names)}')
        return request.policy
    if not names:
        raise MissingFault("the agent runs no policy")
    return DEFAULT_POLICY if DEFAULT_POLICY in names else names[0]


def _periods(inventory: Inventory, policy: str) -> int:
    """Give how many periods the policy keeps: what was configured, within what agents do."""
    known = inventory.policies.get(policy)
    told = None if known is None else known.periods
    return MOST_PERIODS if told is None else max(1, min(told, MOST_PERIODS))


def _length_s(inventory: Inventory, policy: str) -> int:
    known = inventory.policies.get(policy)
    return (known.length_s if known else None) or LENGTH_S


def _bucket(metrics: PolicyMetrics) -> list[Bucket]:
    if metrics.period is None:
        return []
    start_s = float(metrics.period.start_ts)
    return [Bucket.of(metrics, start_s, start_s + metrics.period.length)]
