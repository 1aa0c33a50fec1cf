"""One HTTP/1.1 connection: closed where a request does not arrive in time, or its answer is not taken."""

from __future__ import annotations

import asyncio
import fcntl
import re
import socket
import struct
import termios
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from pktvisor.server.connections import Connections
from pktvisor.server.counters import Counters
from pktvisor.server.settings import Bounds

MOST_WAITING_BYTES = 64 * 1024
"""What may wait for a client before the server stops to write."""
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""Linger for no seconds (struct linger)."""
END_OF_HEAD = re.compile(rb"\n\r?\n")


class BoundedReader(h11.Connection):
    """Bounds heads however they arrive: h11 itself takes one of any size as long as it comes at once."""

    def __init__(self, most_head_bytes: int) -> None:
        super().__init__(h11.SERVER, most_head_bytes)
        self._most_head_bytes = most_head_bytes

    def next_event(self) -> h11.Event | type[h11.NEED_DATA | h11.PAUSED]:
        """Give what came next. Raises `RemoteProtocolError` for what is no HTTP, or has too large a head."""
        if self.their_state is h11.IDLE:
            received, _ = self.trailing_data
            if len(received) > self._most_head_bytes and not END_OF_HEAD.search(received, 0, self._most_head_bytes):
                raise h11.RemoteProtocolError("the head is too large")
        return super().next_event()


class BoundedConnection(H11Protocol):
    """uvicorn closes idle connections between requests; this adds those that open and then dawdle, or don't read."""

    def __init__(self, *, bounds: Bounds, connections: Connections, counters: Counters, **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self.conn = BoundedReader(bounds.most_head_bytes)
        self._bounds = bounds
        self._connections = connections
        self._counters = counters
        self._descriptor = -1
        self._head_timer: asyncio.TimerHandle | None = None
        self._answer_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start waiting for the first request."""
        super().connection_made(transport)
        self._descriptor = transport.get_extra_info("socket").fileno()
        # TLS would hold more back before it says so.
        transport.set_write_buffer_limits(high=MOST_WAITING_BYTES)
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        """Stop waiting once a request is complete; start with the first bytes of the next one."""
        if self.transport.is_closing():
            return  # TLS hands over what comes while it says goodbye
        super().data_received(data)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting, also where uvicorn goes on: after a client that has reset the connection."""
        self._stop_head_timer()
        self._stop_answer_timer()
        self._unset_keepalive_if_required()
        self._descriptor = -1  # another connection may get the same one
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Start waiting for a client that does not read as fast as it is written to."""
        super().pause_writing()
        self._connections.waits(self._descriptor)
        self._watch_answer()

    def resume_writing(self) -> None:
        """Stop waiting: the client reads."""
        super().resume_writing()
        self._stop_answer_timer()
        self._note_state()

    def on_response_complete(self) -> None:
        """Give the client a while to take what it was sent, if the connection closes behind it."""
        super().on_response_complete()
        self._note_state()
        self._watch_closing()

    def timeout_keep_alive_handler(self) -> None:
        """Close between requests."""
        super().timeout_keep_alive_handler()
        self._watch_closing()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        self._counters.requests_invalid += 1
        super().send_400_response(msg)
        self._watch_closing()

    @property
    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request, whatever uvicorn declares
        return cycle is not None and not cycle.response_complete

    def _note_state(self) -> None:
        if self._is_answering:
            self._connections.answers(self._descriptor)
        else:
            self._connections.waits(self._descriptor)

    def _watch_head(self) -> None:
        if self._is_answering or self.transport.is_closing():
            self._stop_head_timer()
            self._note_state()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(self._bounds.head_timeout_s, self._give_up_head)

    def _give_up_head(self) -> None:
        self._counters.heads_timed_out += 1
        self.transport.close()
        self._watch_closing()

    def _watch_closing(self) -> None:
        """Cut the connection if what was written is not taken: closing alone would wait for it."""
        is_lost = self._descriptor < 0  # an answer that was on its way
        if self.transport.is_closing() and self._answer_timer is None and not is_lost:
            self._watch_answer()

    def _watch_answer(self) -> None:
        left = self._untaken_bytes()
        self._answer_timer = self.loop.call_later(self._bounds.answer_timeout_s, self._look_at_answer, left)

    def _look_at_answer(self, before: int) -> None:
        """Go on waiting if the client took enough since, else cut the connection."""
        left = self._untaken_bytes()
        self._answer_timer = None
        if 0 < left <= before - self._bounds.least_answer_bytes:
            self._watch_answer()
            return
        if left > 0:
            self._counters.answers_timed_out += 1
            # What the kernel still holds for the client goes, too.
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.transport.abort()

    def _untaken_bytes(self) -> int:
        """Give how much was written and not acknowledged: what waits here, and what the kernel holds.

        The kernel may hold megabytes and asks for more only when a good part of them is gone, so that what waits here
        says nothing of a client that takes them slowly.
        """
        try:
            (held,) = struct.unpack("i", fcntl.ioctl(self._descriptor, termios.TIOCOUTQ, bytes(4)))
        except OSError:
            held = 0
        return self.transport.get_write_buffer_size() + int(held)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_answer_timer(self) -> None:
        if self._answer_timer is not None:
            self._answer_timer.cancel()
            self._answer_timer = None
