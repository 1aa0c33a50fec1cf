"""Somebody who listens to events: what waits for him, and what he has taken of it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from pktvisor.server.connection import BoundedConnection

MOST_MARKS_WAITING = 64
MOST_UNTAKEN_BYTES = 256 * 1024
"""What waits for him, here and in the kernel, before he loses ticks."""
MOST_SILENT_TICKS = 30
"""How long he may take nothing of what waits for him."""


class Listener:
    """One tick and some marks may wait for him; the next tick takes the place of the one before."""

    def __init__(
        self, client: str, connection: BoundedConnection | None, holds: Callable[[], bool], until_s: float
    ) -> None:
        self.client = client
        self.holds = holds
        """Tells whether he may listen still."""
        self.until_s = until_s
        """When he is to come again, by the loop's clock."""
        self._connection = connection
        self._is_over = False
        self._wake = asyncio.Event()
        self._marks: deque[bytes] = deque()
        self._tick = b""
        self._told_bytes = self._taken_bytes = self._silent_ticks = 0

    async def hear(self) -> bytes:
        """Wait for what there is to tell; nothing at the end."""
        await self._wake.wait()
        told = b"".join([*self._marks, self._tick])
        self._forget()
        if not self._is_over:
            self._wake.clear()
        self._told_bytes += len(told)
        return told

    def tell(self, tick: bytes, marks: Sequence[bytes] = ()) -> int:
        """Have something told; give how much is lost, since he is slow."""
        is_held_up = self._is_held_up()
        lost = int(is_held_up or bool(self._tick))
        self._marks += marks
        while len(self._marks) > MOST_MARKS_WAITING:
            self._marks.popleft()
            lost += 1
        if not is_held_up:
            self._tick = tick
            self._wake.set()
        return lost

    def finish(self) -> None:
        """Tell what waits, and no more."""
        self._is_over = True
        self._wake.set()

    def end(self) -> None:
        """End at once, though he may not have taken what was told."""
        self._forget()
        self.finish()
        if self._connection is not None and self._connection.is_held_up:
            self._connection.cut()

    def hang_up(self) -> None:
        """Close the connection of one who has heard everything."""
        if self._connection is not None:
            self._connection.hang_up()

    def cut(self) -> None:
        """Cut the connection of one who takes nothing."""
        self.end()
        if self._connection is not None:
            self._connection.cut()

    @property
    def is_silent(self) -> bool:
        """Whether he takes nothing any more."""
        return self._silent_ticks >= MOST_SILENT_TICKS

    def _is_held_up(self) -> bool:
        """Look how much he has not taken yet; he who takes all is no connection to be closed for others."""
        if self._connection is None:
            return False
        left = self._connection.untaken_bytes()
        taken = self._told_bytes - left
        self._silent_ticks = self._silent_ticks + 1 if left and taken <= self._taken_bytes else 0
        self._taken_bytes = taken
        if not left:
            self._connection.refresh()
        return left > MOST_UNTAKEN_BYTES

    def _forget(self) -> None:
        self._marks.clear()
        self._tick = b""
