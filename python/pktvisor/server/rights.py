"""How far a client's rights reach: by a token, by a session that a token began, or by the word of a trusted proxy."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import Scope

from pktvisor import clock
from pktvisor.server.context import Context
from pktvisor.server.endpoint import AccessScope
from pktvisor.server.sessions import Cookie, Session, cookie_of
from pktvisor.server.tokens import Token

BEARER = "bearer"
RIGHTS = "pktvisor.rights"
"""Key in the ASGI scope: the client's rights; not there for public routes."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What a client may do."""

    scope: AccessScope
    name: str | None = None
    """Of its token, or of a proxy's user; None where nobody is asked who he is."""
    token: Token | None = None
    """By which it has them, shown with the request or at the session's begin."""
    session: Session | None = None

    @property
    def is_signed_on(self) -> bool:
        """Whether a browser sends by itself what they follow from, whichever page asks it to."""
        return self.session is not None or (self.name is not None and self.token is None)

    def hold(self, context: Context, now_s: float) -> bool:
        """Tell whether the client has them still; `now_s` is of a clock that nobody sets."""
        if self.session is not None:
            return context.sessions is not None and context.sessions.holds(self.session, now_s)
        return self.token is None or (context.tokens is not None and context.tokens.has(self.token))


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks, and how his browser is to be told of a session."""

    rights: Rights | None
    """None where he has none."""
    cookie: Cookie


def rights_of(scope: Scope, context: Context) -> Rights | None:
    """Give what a client may do; None where it needs a token and showed no valid one."""
    proxy, tokens = context.settings.proxy, context.tokens
    user = None if proxy is None else proxy.user(scope)
    if proxy is not None and user is not None:
        return Rights(proxy.scope_of(user), user)
    if tokens is None and proxy is None:
        return Rights("admin")
    headers = Headers(scope=scope)
    kind, _, secret = headers.get("authorization", "").partition(" ")
    if kind.lower() == BEARER:
        token = None if tokens is None else tokens.find(secret.strip())
        return None if token is None else Rights(token.scope, token.name, token)
    session = _session(scope, headers, context)
    return None if session is None else Rights(session.token.scope, session.token.name, session.token, session)


def visitor_of(scope: Scope, context: Context) -> Visitor:
    """Tell who asks."""
    return Visitor(rights_of(scope, context), _cookie(scope, context))


def _session(scope: Scope, headers: Headers, context: Context) -> Session | None:
    secret = _cookie(scope, context).secret_in(headers.getlist("cookie"))
    if secret is None or context.sessions is None:
        return None
    return context.sessions.find(secret, clock.monotonic())


def _cookie(scope: Scope, context: Context) -> Cookie:
    settings = context.settings
    is_secure = context.exposure.has_tls or (settings.proxy is not None and settings.proxy.is_secure(scope))
    return cookie_of(f"{settings.agent_name} {settings.address}", is_secure=is_secure)
