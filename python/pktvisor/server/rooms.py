"""Room for what takes long, so that it can't take the threads that other answers need."""

from __future__ import annotations

import asyncio

from pktvisor.server.endpoint import Refusal

RETRY_AFTER_SECONDS = 2


class Room:
    """So many places; who finds none waits for one without a thread, as long as not too many wait already."""

    def __init__(self, places: int, *, most_waiting: int) -> None:
        self._places = asyncio.Semaphore(places)
        self._most_waiting = most_waiting
        self._waiting = 0

    async def __aenter__(self) -> None:
        """Take a place. Raises `Refusal` (503) where too many wait."""
        if self._places.locked() and self._waiting >= self._most_waiting:
            again = {"retry-after": str(RETRY_AFTER_SECONDS)}
            raise Refusal(503, {"error": "too many questions that take long are being answered: try again soon"}, again)
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1

    async def __aexit__(self, *_: object) -> None:
        self._places.release()
