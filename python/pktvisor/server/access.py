"""Who may do what: tokens for all routes, scopes for the admin routes, and a defence against other sites' pages.

A web page that somebody near this host looks at could reach the agent through the browser: by its own name pointed to
127.0.0.1 (DNS rebinding), or across origins. Such requests carry a `Host` or an `Origin` that is not ours; where
neither tokens nor certificates are asked for, they are refused.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from pktvisor.server.context import Context
from pktvisor.server.endpoint import Endpoint, Refusal
from pktvisor.server.errors import send_error

BEARER = "bearer"
GRANTED = "pktvisor.granted"
"""Key in the ASGI scope: how far the client's rights reach."""
TOKEN_NAME = "pktvisor.token"
"""Key in the ASGI scope: the name of the client's token, or of a proxy's user; not there where none is needed."""
IS_SIGNED_ON = "pktvisor.signed_on"
"""Key in the ASGI scope: there where a proxy told who the user is."""
CHALLENGE = 'Bearer realm="pktvisor"'


class Authentication:
    """Answers 401 where a token is needed and no valid one was sent; notes scope and name of the one that was."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, or refuse."""
        if not self._notes_rights(scope):
            self._context.counters.requests_unauthenticated += 1
            await send_error(scope, receive, send, 401, "a valid token is needed", {"www-authenticate": CHALLENGE})
            return
        await self._app(scope, receive, send)

    def _notes_rights(self, scope: Scope) -> bool:
        """Note what the client may do; False where it may do nothing."""
        proxy = self._context.settings.proxy
        user = None if proxy is None else proxy.user(scope)
        if proxy is not None and user is not None:
            scope[GRANTED], scope[TOKEN_NAME], scope[IS_SIGNED_ON] = proxy.scope_of(user), user, True
            return True
        if self._context.tokens is None and proxy is None:
            scope[GRANTED] = "admin"
            return True
        kind, _, secret = Headers(scope=scope).get("authorization", "").partition(" ")
        tokens = self._context.tokens
        token = tokens.find(secret.strip()) if tokens is not None and kind.lower() == BEARER else None
        if token is None:
            return False
        scope[GRANTED], scope[TOKEN_NAME] = token.scope, token.name
        return True


def check_access(endpoint: Endpoint, request: Request, context: Context) -> None:
    """Raise `Refusal` where the client may not use a route."""
    needed = endpoint.scope
    if context.settings.socket_path is None:
        _check_sender(request, context)
    if endpoint.is_public:
        return
    is_own = endpoint.is_own and sender_of(request) == request.path_params["name"]
    if request.scope[GRANTED] not in (needed, "admin") and not is_own:
        context.counters.requests_forbidden += 1
        challenge = f'{CHALLENGE}, error="insufficient_scope", scope="{needed}"'
        raise Refusal(403, {"error": f"this needs a token of scope {needed}"}, {"www-authenticate": challenge})


def sender_of(request: Request) -> str | None:
    """The name of the client's token, where that lets it send for one agent alone."""
    name: str | None = request.scope.get(TOKEN_NAME)
    return name if request.scope[GRANTED] == "send" else None


def _check_sender(request: Request, context: Context) -> None:
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
    origin = headers.get("origin")
    if (
        (authentication in ("none", "certificate") or IS_SIGNED_ON in request.scope)
        and origin is not None
        and origin.partition("://")[2].lower() != host.lower()
    ):
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
