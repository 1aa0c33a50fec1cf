"""Who is signed in: a browser that showed a token once, known by a cookie from then on.

The cookie holds random bits that say nothing. They are kept in memory, as a digest, beside the token that was shown;
so a session ends with the process, with its token's line in the token file, and 12 hours after it began.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from pktvisor.server.tokens import Token, Tokens

LONGEST_S = 12 * 60 * 60
MOST_SESSIONS, MOST_OF_TOKEN = 1024, 64
"""In all, and of one token: beyond that the one goes that has not been used for longest."""
SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
"""256 bits, as `secrets.token_urlsafe` writes them."""
NAME_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that is signed in."""

    key: bytes
    """Digest of what its cookie holds."""
    token: Token
    began_s: float
    """By a clock that nobody sets."""


class Sessions:
    """The sessions of one server. Times are seconds of a clock that nobody sets."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, Session] = OrderedDict()
        """By key; the one that was not used for longest first."""

    def begin(self, token: Token, now_s: float) -> str:
        """Sign somebody in who showed a token; give what the cookie is to hold."""
        secret = secrets.token_urlsafe(32)
        session = Session(_digest(secret), token, now_s)
        with self._lock:
            self._known = OrderedDict((key, one) for key, one in self._known.items() if self._holds(one, now_s))
            own = [key for key, one in self._known.items() if one.token == token]
            if len(own) >= MOST_OF_TOKEN:
                del self._known[own[0]]
            self._known[session.key] = session
            if len(self._known) > MOST_SESSIONS:
                self._known.popitem(last=False)
        return secret

    def find(self, secret: str, now_s: float) -> Session | None:
        """Give the session that a cookie is of, and note that it is used; None where it has ended."""
        if not SECRET.fullmatch(secret):
            return None
        with self._lock:
            session = self._known.get(_digest(secret))
            if session is None or not self._holds(session, now_s):
                return None
            self._known.move_to_end(session.key)
            return session

    def holds(self, session: Session, now_s: float) -> bool:
        """Tell whether a session goes on."""
        with self._lock:
            return session.key in self._known and self._holds(session, now_s)

    def end(self, session: Session) -> None:
        """Sign somebody out."""
        with self._lock:
            self._known.pop(session.key, None)

    def __len__(self) -> int:
        return len(self._known)

    def _holds(self, session: Session, now_s: float) -> bool:
        return now_s - session.began_s < LONGEST_S and self._tokens.has(session.token)


@dataclass(frozen=True, slots=True)
class Cookie:
    """The cookie of one server: browsers keep no ports apart, so that each has a name of its own."""

    name: str
    is_secure: bool
    """It is sent over TLS only."""

    def secret_in(self, headers: Sequence[str]) -> str | None:
        """Give what the cookie holds, of a request's `Cookie` headers; None where it is not there, or there twice."""
        pairs = [pair.partition("=") for header in headers for pair in header.split(";")]
        found = [value.strip() for name, _, value in pairs if name.strip() == self.name]
        return found[0] if len(found) == 1 else None

    def set(self, secret: str) -> str:
        """Write the header that sets it."""
        return self._header(secret, LONGEST_S)

    def clear(self) -> str:
        """Write the header that removes it."""
        return self._header("", 0)

    def _header(self, value: str, seconds: int) -> str:
        secure = "; Secure" if self.is_secure else ""
        return f"{self.name}={value}; Max-Age={seconds}; Path=/; HttpOnly; SameSite=Strict{secure}"


def cookie_of(server: str, *, is_secure: bool) -> Cookie:
    """Give the cookie of a server, of which `server` says what tells it from others of its host."""
    # Browsers take a name that begins so from none but the host itself, over TLS.
    lead = "__Host-" if is_secure else ""
    return Cookie(f"{lead}pktvisor-{hashlib.sha256(server.encode()).hexdigest()[:NAME_DIGITS]}", is_secure)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
