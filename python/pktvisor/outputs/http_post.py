"""Bodies posted to one receiver over HTTP, and what became of each.

Everything is bounded: connecting, the request as a whole, and the size of what is read of the answer. Redirects are not
followed.
"""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Literal, NamedTuple, Protocol

from pktvisor import clock
from pktvisor.api.cuttable import CuttableConnection, CuttableTlsConnection

CONNECT_SECONDS = 5.0
MOST_REPLY_BYTES = 64 * 1024
MOST_REASON_CHARACTERS = 200


class Answer(NamedTuple):
    """What a receiver answers."""

    status: int
    reason: str
    """The status with its phrase, fit to be shown."""
    content_type: str
    retry_after_s: float
    """How long the receiver asks to wait."""
    body: bytes | None
    """None where it did not arrive whole."""

    @property
    def is_success(self) -> bool:
        """Whether the receiver has taken the request."""
        return 200 <= self.status < 300


@dataclass(frozen=True)
class Reply:
    """What became of a request."""

    verdict: Literal["taken", "again", "refused"]
    """Whether the receiver has it, may have it later, or never wants it."""
    reason: str = ""
    retry_after_s: float = 0.0
    """How long the receiver asks to wait."""
    rejected: int = 0
    """Parts of a request that was taken which the receiver did not want."""
    status: int | None = None
    """Why it does not want a request."""


class Sender(Protocol):
    """Carries bodies to a receiver."""

    def post(self, message: bytes, *, timeout_s: float) -> Reply:
        """Send a body; no receiver makes it raise. Takes little more than `timeout_s`."""
        ...

    def abort(self) -> None:
        """End the request at work, from another thread."""
        ...

    def close(self) -> None:
        """Let go of what is kept between requests."""
        ...


@dataclass(frozen=True)
class Target:
    """Where a receiver is."""

    host: str
    port: int
    path: str
    context: Callable[[], ssl.SSLContext | None]
    """Gives what TLS needs, for each connection; None for plain HTTP."""
    is_kept: bool = False
    """Whether a connection is kept for the next request."""
    most_reply_bytes: int = MOST_REPLY_BYTES
    """What is read of an answer."""


class Poster:
    """Sends requests to one receiver, one at a time."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._connection: CuttableConnection | None = None
        self._is_late = False

    def post(
        self, body: bytes, headers: Mapping[str, str], read: Callable[[Answer], Reply], *, timeout_s: float
    ) -> Reply:
        """Send a body and have its answer read; no receiver makes it raise. Takes little more than `timeout_s`."""
        self._is_late = False
        deadline = threading.Timer(timeout_s, self.abort)
        deadline.daemon = True
        deadline.start()
        try:
            return read(self._answer(body, headers, timeout_s))
        except (OSError, ValueError, http.client.HTTPException) as error:
            self.close()
            # What the system says, without its number; other faults say it themselves.
            said = error.strerror if isinstance(error, OSError) else None
            return Reply("again", shortened(said or str(error) or type(error).__name__))
        finally:
            deadline.cancel()
            if self._is_late or not self._target.is_kept:
                self.close()

    def abort(self) -> None:
        """End the request at work, from another thread."""
        self._is_late = True
        if (connection := self._connection) is not None:
            connection.cut()

    def close(self) -> None:
        """Let go of the connection; a later request opens another."""
        if self._connection is not None:
            self._connection.drop()
            self._connection = None

    def _answer(self, body: bytes, headers: Mapping[str, str], timeout_s: float) -> Answer:
        if self._connection is not None:
            try:
                return self._exchange(self._connection, body, headers)
            except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
                if self._is_late:
                    raise
                self.close()  # receivers close connections that rest: once more on a new one
        self._connection = connection = self._made()
        connection.connect()
        connection.sock.settimeout(timeout_s)
        if self._is_late:
            raise TimeoutError("timed out")
        return self._exchange(connection, body, headers)

    def _exchange(self, connection: CuttableConnection, body: bytes, headers: Mapping[str, str]) -> Answer:
        kept = {} if self._target.is_kept else {"Connection": "close"}
        connection.request("POST", self._target.path, body=body, headers={**headers, **kept})
        response = connection.getresponse()
        return Answer(
            response.status,
            shortened(f"{response.status} {response.reason}"),
            response.getheader("Content-Type", ""),
            _retry_after_s(response.getheader("Retry-After", "")),
            self._body(response),
        )

    def _body(self, response: http.client.HTTPResponse) -> bytes | None:
        try:
            body = response.read(self._target.most_reply_bytes)
        except (OSError, http.client.HTTPException):
            body = None
        if body is None or not response.isclosed() or response.will_close:
            self.close()  # what is left of it would be taken for the next answer; http.client would connect by itself
        return body

    def _made(self) -> CuttableConnection:
        host, port, context = self._target.host.strip("[]"), self._target.port, self._target.context()
        if context is None:
            return CuttableConnection(host, port, timeout=CONNECT_SECONDS)
        return CuttableTlsConnection(host, port, timeout=CONNECT_SECONDS, context=context)


def _retry_after_s(text: str) -> float:
    """Read a `Retry-After` header: seconds or a date (RFC 9110, 10.2.3); 0 where it can't be read."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - clock.now())
    except (ValueError, OverflowError):
        return 0.0


def shortened(text: str) -> str:
    """Give the first line's beginning as printable text: it comes from outside and goes to the log."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:MOST_REASON_CHARACTERS])
