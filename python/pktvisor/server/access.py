"""Who may do what: tokens for all routes, scopes for the admin routes, and a defence against other sites' pages.

A web page that somebody near this host looks at could reach the agent through the browser: by its own name pointed to
127.0.0.1 (DNS rebinding), or across origins. Such requests carry a `Host` or an `Origin` that is not ours; where
neither tokens nor certificates are asked for, they are refused.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from pktvisor.server.context import Context
from pktvisor.server.endpoint import Endpoint, Refusal
from pktvisor.server.errors import send_error
from pktvisor.server.rights import RIGHTS, Rights, rights_of

CHALLENGE = 'Bearer realm="pktvisor"'


class Authentication:
    """Answers 401 where a token is needed and no valid one was sent; notes what the one that was lets its client do."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, or refuse."""
        rights = rights_of(scope, self._context)
        if rights is None:
            self._context.counters.requests_unauthenticated += 1
            await send_error(scope, receive, send, 401, "a valid token is needed", {"www-authenticate": CHALLENGE})
            return
        scope[RIGHTS] = rights
        await self._app(scope, receive, send)


def check_access(endpoint: Endpoint, request: Request, context: Context) -> None:
    """Raise `Refusal` where the client may not use a route."""
    needed, rights = endpoint.scope, rights_in(request)
    if context.settings.socket_path is None:
        _check_sender(request, rights, context)
    if (rights is not None and rights.session is not None) or endpoint.takes_visitor:
        _check_page(request, context)
    if rights is None:
        return  # a public route
    is_own = endpoint.is_own and sender_of(request) == request.path_params["name"]
    if rights.scope not in (needed, "admin") and not is_own:
        context.counters.requests_forbidden += 1
        challenge = f'{CHALLENGE}, error="insufficient_scope", scope="{needed}"'
        raise Refusal(403, {"error": f"this needs a token of scope {needed}"}, {"www-authenticate": challenge})


def rights_in(request: Request) -> Rights | None:
    """What the client may do; None for a public route, where nobody looks."""
    rights: Rights | None = request.scope.get(RIGHTS)
    return rights


def sender_of(request: Request) -> str | None:
    """The name of the client's token, where that lets it send for one agent alone."""
    rights = rights_in(request)
    return rights.name if rights is not None and rights.scope == "send" else None


def _check_sender(request: Request, rights: Rights | None, context: Context) -> None:
    """Refuse what a page of another site may have sent, where a browser has all that a request needs.

    It has no token; it does have its user's certificate, and what it is signed on at a proxy by, but finds out that
    the agent's certificate is none of that page's name.
    """
    headers = request.headers
    authentication, host = context.exposure.authentication, headers.get("host", "")
    if authentication == "none" and not _is_own_name(host, context):
        context.counters.requests_forbidden += 1
        names = ", ".join(("localhost", *context.settings.names))
        raise Refusal(421, {"error": f"this agent is called {names}, not {host[:100]!r}; --host-names adds more names"})
    is_signed_on = rights is not None and rights.is_signed_on
    if authentication in ("none", "certificate") or is_signed_on:
        _check_origin(request, context)


def _check_page(request: Request, context: Context) -> None:
    """Refuse what a page of another origin may have sent, with a cookie that its browser adds.

    Browsers keep a cookie of ours from other sites, but send it for pages of another port of the same host, too. Newer
    ones say whose page it is; others tell the page's origin, where it could do harm.
    """
    told = request.headers.get("sec-fetch-site")
    if told is None:
        _check_origin(request, context)
    elif told not in ("same-origin", "none"):
        context.counters.requests_forbidden += 1
        raise Refusal(403, {"error": "this agent refuses requests from pages of other origins"})


def _check_origin(request: Request, context: Context) -> None:
    origin, host = request.headers.get("origin"), request.headers.get("host", "")
    if origin is not None and origin.partition("://")[2].lower() != host.lower():
        context.counters.requests_forbidden += 1
        raise Refusal(403, {"error": f"this agent refuses requests from pages of {origin[:100]!r}"})


def _is_own_name(host: str, context: Context) -> bool:
    """Tell whether a `Host` header names this agent.

    On loopback that are localhost, loopback addresses, the name that was listened on, and those configured. On other
    addresses nobody knows by which names the agent is called, so that all are its own, until some are configured.
    """
    settings, is_loopback = context.settings, context.exposure.is_loopback
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name in ("localhost", settings.host.lower(), *settings.names):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return not (is_loopback or settings.names)
    return address.is_loopback or not is_loopback  # no page's own name is an address
