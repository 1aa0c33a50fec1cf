"""The ASGI application: routes of all groups, and what all requests go through before."""

from __future__ import annotations

import functools
import logging
from dataclasses import replace
from functools import partial

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.routing import BaseRoute, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pktvisor.outputs.json import Document
from pktvisor.server.access import Authentication
from pktvisor.server.context import Context
from pktvisor.server.documentation import documentation_routes
from pktvisor.server.openapi import document
from pktvisor.server.page import page_routes
from pktvisor.server.rate import RateLimit
from pktvisor.server.replies import plain_json, route
from pktvisor.server.rights import RIGHTS, Rights
from pktvisor.server.routes import Groups, endpoints, groups

logger = logging.getLogger(__name__)

SAFETY_HEADERS = {
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}
"""No browser is to guess a type, keep an answer, or show it inside another page; page and handbook say otherwise."""


def create_app(context: Context, more: Groups | None = None) -> ASGIApp:
    """Make the application that answers from a context (see `make_context`), with more routes than an agent's."""
    settings, served = context.settings, {**groups(), **(more or {})}
    describe = partial(document, with_admin=settings.admin_api, version=context.agent.version, served=served)
    context = replace(context, describe=functools.cache(describe))
    public: list[BaseRoute] = [*page_routes(), *documentation_routes()]
    routes: list[BaseRoute] = []
    for endpoint in endpoints(with_admin=settings.admin_api, among=served):
        (public if endpoint.is_public else routes).append(route(endpoint, context))
    app: ASGIApp = LengthRequired(Router(routes, redirect_slashes=False, default=_not_found))
    app = Router(public, redirect_slashes=False, default=Authentication(app, context))
    app = RequestLog(app)
    return CloseBehindDoubt(SafetyHeaders(RateLimit(app, settings.bounds, context.counters)))


async def _not_found(scope: Scope, receive: Receive, send: Send) -> None:
    await Response(status_code=404)(scope, receive, send)


class LengthRequired:
    """Refuses requests that would carry a body but don't tell its length."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 400, or let the application answer."""
        if scope["method"] in ("POST", "PUT", "PATCH") and "content-length" not in Headers(scope=scope):
            told: Document = {
                "error": f"a {scope['method']} needs a Content-Length, even without a body, as curl -d '' sends it"
            }
            await plain_json(400, told, Headers(scope=scope))(scope, receive, send)
        else:
            await self.app(scope, receive, send)


class CloseBehindDoubt:
    """Closes the connection behind a request that tells its length in two ways (RFC 9112, section 6.3)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, and say that nothing follows."""
        headers = Headers(scope=scope)

        async def send_last(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["connection"] = "close"
            await send(message)

        is_doubtful = "transfer-encoding" in headers and "content-length" in headers
        await self.app(scope, receive, send_last if is_doubtful else send)


class RequestLog:
    """Logs method, path and status of each request at debug level, and the name of its token if it needed one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, and log what it says."""

        async def send_and_log(message: Message) -> None:
            if message["type"] == "http.response.start":
                # The raw path, since the decoded one may hold line breaks.
                path = scope["raw_path"].decode("ascii", errors="replace")
                rights: Rights | None = scope.get(RIGHTS)
                client = f" ({rights.name})" if rights is not None and rights.name is not None else ""
                logger.debug("REQUEST: %s %s %d%s", scope["method"], path, message["status"], client)
            await send(message)

        await self.app(scope, receive, send_and_log)


class SafetyHeaders:
    """Adds the headers that keep browsers from doing what nobody asked them to, where an answer has none of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, and add the headers."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SAFETY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)
