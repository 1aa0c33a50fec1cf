"""An answer that goes on until its client has enough, or may not listen any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from pktvisor.server.clients import client_in
from pktvisor.server.context import Context
from pktvisor.server.events import EVENT_TYPE
from pktvisor.server.listener import Listener

BEGIN = b"retry: 2000\n\n"
"""How soon a browser comes again, in milliseconds; told at once, so that it knows that it listens."""
HEADERS = {"content-type": EVENT_TYPE, "x-accel-buffering": "no"}
"""No proxy is to collect events before it passes them on; nginx asks for a header of its own."""


class ListeningResponse(Response):
    """Tells events as they come about, without a thread."""

    def __init__(self, context: Context, holds: Callable[[], bool], status: int) -> None:
        super().__init__(None, status)
        self.raw_headers = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
        self._context, self._holds = context, holds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Listen until either side ends it."""
        if scope["method"] == "HEAD":
            await self._begin(send)
            await send({"type": "http.response.body", "body": b""})
            return
        listener = self._context.events.join(client_in(scope), self._holds)
        leaving = asyncio.create_task(_wait_until_gone(receive, listener))
        try:
            await self._begin(send)
            await self._tell(BEGIN, send)
            while told := await listener.hear():
                await self._tell(told, send)
            await send({"type": "http.response.body", "body": b""})
            if self._context.events.has_ended:
                listener.hang_up()
        finally:
            leaving.cancel()
            self._context.events.leave(listener)

    async def _begin(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})

    async def _tell(self, told: bytes, send: Send) -> None:
        answers = self._context.answers
        answers.add(len(told))
        try:
            await send({"type": "http.response.body", "body": told, "more_body": True})
        finally:
            answers.add(-len(told))


async def _wait_until_gone(receive: Receive, listener: Listener) -> None:
    """Wait until the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
    listener.end()
