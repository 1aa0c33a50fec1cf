"""Who may do what: tokens for all routes, scopes for the admin routes, and a defence against other sites' pages.

Where the admin API is open on loopback, a web page that the user of this host looks at could reach it through the
browser: by its own name pointed to 127.0.0.1 (DNS rebinding), or across origins. Such requests carry a `Host` or an
`Origin` that is not ours; admin routes refuse them.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from pktvisor.server.context import Context
from pktvisor.server.endpoint import AccessScope, Refusal
from pktvisor.server.errors import send_error

BEARER = "bearer"
GRANTED = "pktvisor.granted"
"""Key in the ASGI scope: how far the client's rights reach."""
TOKEN_NAME = "pktvisor.token"
"""Key in the ASGI scope: the name of the client's token; not there where none is needed."""
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
        if self._context.tokens is None:
            scope[GRANTED] = "admin"
            return True
        kind, _, secret = Headers(scope=scope).get("authorization", "").partition(" ")
        token = self._context.tokens.find(secret.strip()) if kind.lower() == BEARER else None
        if token is None:
            return False
        scope[GRANTED], scope[TOKEN_NAME] = token.scope, token.name
        return True


def check_access(needed: AccessScope, request: Request, context: Context) -> None:
    """Raise `Refusal` where the client may not use a route of the scope `needed`."""
    if needed == "read":
        return
    if request.scope[GRANTED] != "admin":
        context.counters.requests_forbidden += 1
        challenge = f'{CHALLENGE}, error="insufficient_scope", scope="admin"'
        raise Refusal(403, {"error": "this needs a token of scope admin"}, {"www-authenticate": challenge})
    if context.exposure.authentication == "none" and context.settings.socket_path is None:
        _check_sender(request.headers, context)


def _check_sender(headers: Headers, context: Context) -> None:
    """Refuse what a page of another site may have sent."""
    host = headers.get("host", "")
    if not _is_own_name(host, context.settings.host):
        context.counters.requests_forbidden += 1
        raise Refusal(421, {"error": f"the admin API answers to localhost, not to {host[:100]!r}"})
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2].lower() != host.lower():
        context.counters.requests_forbidden += 1
        raise Refusal(403, {"error": f"the admin API does not answer to pages of {origin[:100]!r}"})


def _is_own_name(host: str, bound: str) -> bool:
    """Tell whether a `Host` header names this host's loopback interface, or the name that was listened on."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name in ("localhost", bound.lower()):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
