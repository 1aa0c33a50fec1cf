"""Events: what is newest, told about once a second to all who listen.

A tick is made once for all of them, and none while nobody listens. Everything here happens in the server's loop, but
for the making of ticks, which has a thread, and for `look_at_rights` and `end`, which anybody may call.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from pktvisor import clock
from pktvisor.agent.running import RunningAgent
from pktvisor.api.keys import document_of
from pktvisor.outputs.json import encode
from pktvisor.server.clients import LOCAL
from pktvisor.server.connection import CONNECTION
from pktvisor.server.counters import Counters
from pktvisor.server.endpoint import Refusal
from pktvisor.server.listener import Listener
from pktvisor.server.settings import Bounds

logger = logging.getLogger(__name__)

EVENT_TYPE = "text/event-stream"
HEARTBEAT = b":\n\n"
"""Told in the place of a tick that could not be made."""
RETRY_AFTER_S = 5


class Events:
    """What listeners are told."""

    def __init__(self, agent: RunningAgent, bounds: Bounds, counters: Counters) -> None:
        self._agent = agent
        self._bounds = bounds
        self._counters = counters
        self._listeners: dict[Listener, None] = {}
        self._thread = ThreadPoolExecutor(1, "events")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._telling: asyncio.Task[None] | None = None
        self._due_s = 0.0
        """When the next tick may be made, by the loop's clock."""
        self._tick = b""
        """The last one; empty while nobody listens."""
        self._mark = 0
        """The newest mark that was told."""
        self.has_ended = False
        """Nobody may come any more, and nobody stays."""

    def check_room(self, client: str) -> None:
        """Raise `Refusal` (503) where a client can't listen, since too many do."""
        bounds = self._bounds
        of_client = sum(one.client == client for one in self._listeners)
        is_full = len(self._listeners) >= bounds.most_listeners
        if is_full or self.has_ended or (client != LOCAL and of_client >= bounds.most_listeners_per_client):
            self._counters.listeners_refused += 1
            told = "the server is about to end" if self.has_ended else "too many clients listen: try again soon"
            raise Refusal(503, {"error": told}, {"retry-after": str(RETRY_AFTER_S)})

    def join(self, client: str, holds: Callable[[], bool]) -> Listener:
        """Let a client listen, as long as it holds that he may."""
        self._loop = asyncio.get_running_loop()
        connection = CONNECTION.get()
        if connection is not None:
            connection.begin_listening()
        listener = Listener(client, connection, holds, self._loop.time() + self._bounds.listening_s)
        if self._tick:
            listener.tell(self._tick)
        self._listeners[listener] = None  # after what may fail: whom nobody lets go would hold a place for good
        self._counters.listeners += 1
        if self._telling is None:
            self._mark = self._agent.marks.newest
            # Not in the context of this client's request, whose connection would be kept.
            self._telling = self._loop.create_task(self._tell_again_and_again(), context=contextvars.Context())
        return listener

    def leave(self, listener: Listener) -> None:
        """Let a client go."""
        self._listeners.pop(listener, None)
        if not self._listeners and self._telling is not None:
            self._telling.cancel()
            self._telling, self._tick = None, b""

    def look_at_rights(self) -> None:
        """Let those go who may not listen any more."""
        self._do(self._look_at_rights)

    def end(self) -> None:
        """Let everybody go, and nobody come."""
        self.has_ended = True
        self._do(self._end)
        self._thread.shutdown(wait=False)

    def __len__(self) -> int:
        return len(self._listeners)

    def _do(self, what: Callable[[], None]) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed already
                self._loop.call_soon_threadsafe(what)

    def _look_at_rights(self) -> None:
        for listener in self._listeners:
            if not listener.holds():
                listener.end()

    def _end(self) -> None:
        for listener in self._listeners:
            listener.end()

    async def _tell_again_and_again(self) -> None:
        loop = asyncio.get_running_loop()
        while not self.has_ended:
            await asyncio.sleep(self._due_s - loop.time())
            self._due_s = loop.time() + self._bounds.tick_interval_s
            try:
                tick, marks = await loop.run_in_executor(self._thread, self._made)
            except Exception:  # a fault of ours must not end the telling
                logger.exception("events can't be told")
                tick, marks = HEARTBEAT, []
            self._tick = tick
            self._tell(tick, marks, loop.time())

    def _tell(self, tick: bytes, marks: Sequence[bytes], now_s: float) -> None:
        self._look_at_rights()
        for listener in self._listeners:
            self._counters.events_lost += listener.tell(tick, marks)
            if listener.is_silent:
                self._counters.answers_timed_out += 1
                listener.cut()
            elif now_s >= listener.until_s:
                listener.finish()

    def _made(self) -> tuple[bytes, list[bytes]]:
        """Make a tick, and give the marks that are new."""
        tick = _event("tick", encode(document_of(self._agent.tick(clock.now()))))
        marks, _ = self._agent.marks.since(self._mark)
        if marks:
            self._mark = marks[-1].id
        return tick, [_event("mark", encode(document_of(mark))) for mark in marks]


def _event(name: str, data: bytes) -> bytes:
    """Write an event. JSON has no line breaks of its own."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), data)
