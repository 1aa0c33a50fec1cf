"""One HTTP/1.1 connection: closed where a request does not arrive in time, or its answer is not taken.

Between asyncio and uvicorn: what arrives goes on to uvicorn's protocol, whose transport tells what it writes and when
it closes (`ToldTransport`); what the application answers is told by `Answering`, around it.
"""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import termios
from collections.abc import Awaitable, Callable
from contextvars import ContextVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pktvisor.server.connections import Connections
from pktvisor.server.counters import Counters
from pktvisor.server.settings import Bounds
from pktvisor.server.transport import ToldTransport

MOST_WAITING_BYTES = 64 * 1024
"""What may wait for a client before the server stops to write."""
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""Linger for no seconds (struct linger)."""
REFUSAL = b"HTTP/1.1 400 "
"""How uvicorn's answer to what is no HTTP begins."""


class BoundedConnection(asyncio.Protocol):
    """uvicorn closes idle connections between requests; this adds those that open and then dawdle, or don't read."""

    def __init__(self, http: asyncio.Protocol, bounds: Bounds, connections: Connections, counters: Counters) -> None:
        self._http = http
        self._bounds = bounds
        self._connections = connections
        self._counters = counters
        self._descriptor = -1
        self._is_answering = False
        self._is_beginning_answer = False
        """The application's own status line is written."""
        self._is_listening = False
        """The answer goes on: it waits for its client, and may make room for another."""
        self._is_paused = False
        """Nothing more is to be written, since so much waits already."""
        self._head_timer: asyncio.TimerHandle | None = None
        self._answer_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start waiting for the first request."""
        assert isinstance(transport, asyncio.Transport), "a stream"
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._http.connection_made(ToldTransport(transport, self._wrote, self._watch_closing))
        self._descriptor = transport.get_extra_info("socket").fileno()
        # TLS would hold more back before it says so.
        transport.set_write_buffer_limits(high=MOST_WAITING_BYTES)
        self._watch_head()
        self._note_state()

    def data_received(self, data: bytes) -> None:
        """Start to wait with the first bytes of a request, unless it is answered already."""
        if self._transport.is_closing():
            return  # TLS hands over what comes while it says goodbye
        token = CONNECTION.set(self)
        try:
            self._http.data_received(data)
        finally:
            CONNECTION.reset(token)
        self._watch_head()
        self._note_state()

    def eof_received(self) -> bool | None:
        """Pass on that the client sends nothing more."""
        return self._http.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting, also after a client that has reset the connection."""
        del exc
        self._stop_head_timer()
        self._stop_answer_timer()
        self._descriptor = -1  # another connection may get the same one
        self._http.connection_lost(None)  # told of an error, uvicorn would keep a timer

    def pause_writing(self) -> None:
        """Start waiting for a client that does not read as fast as it is written to."""
        self._is_paused = True
        self._http.pause_writing()
        self._connections.waits(self._descriptor)
        self._watch_answer()

    def resume_writing(self) -> None:
        """Stop waiting: the client reads."""
        self._is_paused = False
        self._http.resume_writing()
        self._stop_answer_timer()
        self._note_state()

    def begin(self) -> None:
        """Stop waiting: a request is complete up to its body, and is answered."""
        self._is_answering = True
        self._stop_head_timer()
        self._note_state()

    async def send(self, message: Message, send: Send) -> None:
        """Pass on a part of the answer."""
        self._is_beginning_answer = message["type"] == "http.response.start"
        try:
            await send(message)
        finally:
            self._is_beginning_answer = False
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self._is_answering = self._is_listening = False
            self._note_state()

    def begin_listening(self) -> None:
        """Note that the answer goes on until the client has enough of it."""
        self._is_listening = True
        self._note_state()

    def refresh(self) -> None:
        """Note that the client has taken everything until now."""
        self._note_state()

    @property
    def is_held_up(self) -> bool:
        """Whether something waits here, since the kernel holds as much as it may."""
        is_there = self._descriptor >= 0
        return is_there and (self._is_paused or self._transport.get_write_buffer_size() > 0)

    def hang_up(self) -> None:
        """Close without a word: over TLS, a goodbye would wait for the client's."""
        self._transport.abort()

    def cut(self) -> None:
        """Close at once; what was not taken is lost, what the kernel still holds for the client, too."""
        self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self._transport.abort()

    def refuse(self) -> None:
        """Count what is no request."""
        self._counters.requests_invalid += 1

    def _wrote(self, begun: bytes) -> None:
        if begun.startswith(REFUSAL) and not self._is_beginning_answer:
            self.refuse()

    def _note_state(self) -> None:
        if self._is_answering and not self._is_listening:
            self._connections.answers(self._descriptor)
        else:
            self._connections.waits(self._descriptor)

    def _watch_head(self) -> None:
        if self._is_answering or self._transport.is_closing():
            self._stop_head_timer()
        elif self._head_timer is None:
            self._head_timer = self._loop.call_later(self._bounds.head_timeout_s, self._give_up_head)

    def _give_up_head(self) -> None:
        self._counters.heads_timed_out += 1
        self._transport.close()
        self._watch_closing()

    def _watch_closing(self) -> None:
        """Cut the connection if what was written is not taken: closing alone would wait for it."""
        is_lost = self._descriptor < 0  # an answer that was on its way
        if self._transport.is_closing() and self._answer_timer is None and not is_lost:
            self._watch_answer()

    def _watch_answer(self) -> None:
        left = self.untaken_bytes()
        self._answer_timer = self._loop.call_later(self._bounds.answer_timeout_s, self._look_at_answer, left)

    def _look_at_answer(self, before: int) -> None:
        """Go on waiting if the client took enough since, else cut the connection."""
        left = self.untaken_bytes()
        self._answer_timer = None
        if 0 < left <= before - self._bounds.least_answer_bytes:
            self._watch_answer()
        elif left > 0:
            self._counters.answers_timed_out += 1
            self.cut()
        else:
            self._transport.abort()

    def untaken_bytes(self) -> int:
        """Give how much was written and not acknowledged: what waits here, and what the kernel holds.

        The kernel may hold megabytes and asks for more only when a good part of them is gone, so that what waits here
        says nothing of a client that takes them slowly. Nothing is owed to a client that is gone.
        """
        if self._descriptor < 0:
            return 0
        try:
            (held,) = struct.unpack("i", fcntl.ioctl(self._descriptor, termios.TIOCOUTQ, bytes(4)))
        except OSError:
            held = 0
        return self._transport.get_write_buffer_size() + int(held)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_answer_timer(self) -> None:
        if self._answer_timer is not None:
            self._answer_timer.cancel()
            self._answer_timer = None


CONNECTION: ContextVar[BoundedConnection | None] = ContextVar("CONNECTION", default=None)
"""The connection that a request came by: tasks have it from where they were made."""


class Answering:
    """Tells connections when their requests are answered, and refuses heads that are too large.

    uvicorn bounds heads only while they are incomplete: one that arrives at once may be as large as one reading is.
    """

    def __init__(self, app: ASGIApp, most_head_bytes: int) -> None:
        self._app = app
        self._most_head_bytes = most_head_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer."""
        connection = CONNECTION.get()
        if connection is None:
            await self._app(scope, receive, send)
            return
        connection.begin()

        async def told(message: Message) -> None:
            await connection.send(message, send)

        if head_bytes(scope) > self._most_head_bytes:
            connection.refuse()
            await _refuse_head(told)
        else:
            await self._app(scope, receive, told)


def head_bytes(scope: Scope) -> int:
    """Give how large the head of a request was, if it was written without needless blanks."""
    target = len(scope["raw_path"]) + (len(scope["query_string"]) + 1 if scope["query_string"] else 0)
    headers = sum(len(name) + len(value) + 4 for name, value in scope["headers"])
    return len(scope["method"]) + target + len("  HTTP/1.1\r\n\r\n") + headers


async def _refuse_head(send: Callable[[Message], Awaitable[None]]) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": b"Invalid HTTP request received."})
