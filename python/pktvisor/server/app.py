"""The ASGI application: routes of all groups, and a log line for each request."""

from __future__ import annotations

import logging

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pktvisor.agent.running import Agent
from pktvisor.metrics.snapshot import Labels
from pktvisor.server.context import Context
from pktvisor.server.routes import GROUPS

logger = logging.getLogger(__name__)


def create_app(agent: Agent, *, prometheus_labels: Labels = ()) -> ASGIApp:
    """Make the application that answers from `agent`."""
    context = Context(agent, prometheus_labels)
    routes = [route for group in GROUPS for route in group(context)]
    return RequestLog(LengthRequired(Router(routes, redirect_slashes=False, default=_not_found)))


async def _not_found(scope: Scope, receive: Receive, send: Send) -> None:
    await Response(status_code=404)(scope, receive, send)


class LengthRequired:
    """Refuses requests that would carry a body but don't tell its length."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 400, or let the application answer."""
        if scope["method"] in ("POST", "PUT", "PATCH") and "content-length" not in Headers(scope=scope):
            await Response(status_code=400)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


class RequestLog:
    """Logs method, path and status of each request."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, and log what it says."""

        async def send_and_log(message: Message) -> None:
            if message["type"] == "http.response.start":
                # The raw path, since the decoded one may hold line breaks.
                path = scope["raw_path"].decode("ascii", errors="replace")
                logger.info("REQUEST: %s %s %d", scope["method"], path, message["status"])
            await send(message)

        await self.app(scope, receive, send_and_log)
