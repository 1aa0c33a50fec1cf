"""How often a client may ask."""

from __future__ import annotations

from collections import OrderedDict

from starlette.types import ASGIApp, Receive, Scope, Send

from pktvisor import clock
from pktvisor.server.clients import LOCAL, client_in
from pktvisor.server.counters import Counters
from pktvisor.server.errors import send_error
from pktvisor.server.settings import Bounds

BURST_S = 2.0
"""A client that was quiet may ask at once what it might have asked in so many seconds."""


class RequestRate:
    """Token buckets by client. The table is bounded: who has not asked for longest is forgotten, and starts afresh."""

    def __init__(self, per_second: float, most_clients: int) -> None:
        self._per_second = per_second
        self._most_clients = most_clients
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, client: str, now: float) -> bool:
        """Take one request from the client's bucket; False where it is empty. `now` is in seconds."""
        full = self._per_second * BURST_S
        level, before = self._buckets.pop(client, (full, now))
        level = min(full, level + (now - before) * self._per_second)
        is_allowed = level >= 1
        self._buckets[client] = (level - 1 if is_allowed else level, now)
        if len(self._buckets) > self._most_clients:
            self._buckets.popitem(last=False)
        return is_allowed

    def __len__(self) -> int:
        return len(self._buckets)


class RateLimit:
    """Answers 429 to clients that ask too often. These requests are counted and not logged."""

    def __init__(self, app: ASGIApp, bounds: Bounds, counters: Counters) -> None:
        self._app = app
        self._rate = RequestRate(bounds.requests_per_second, bounds.most_rated_clients)
        self._counters = counters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, or refuse."""
        self._counters.requests += 1
        client = client_in(scope)
        if client == LOCAL or self._rate.allows(client, clock.monotonic()):
            await self._app(scope, receive, send)
            return
        self._counters.requests_over_rate += 1
        await send_error(scope, receive, send, 429, "too many requests", {"retry-after": "1"})
