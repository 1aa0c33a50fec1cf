"""One kept HTTP connection to an agent: requests in, status and body out, transport errors as faults."""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from pktvisor import clock
from pktvisor.api.cuttable import CuttableConnection, CuttableTlsConnection
from pktvisor.api.faults import ApiFault, DocumentFault, TlsFault, Unreachable
from pktvisor.files import check_file

DEFAULT_PORT = 10853
LARGEST_BODY_BYTES = 64 * 2**20
"""An answer beyond this is given up: no agent says so much."""


@dataclass(frozen=True)
class Endpoint:
    """Where an agent is, and how to speak to it."""

    host: str = "localhost"
    port: int = DEFAULT_PORT
    is_tls: bool = False
    is_verified: bool = True
    """Check the certificate; only with TLS."""
    ca_file: str | None = None
    """Certificates to trust instead of the system's."""
    cert_file: str | None = None
    """A certificate to show, where the agent wants one from its clients; with its key, if `key_file` names none."""
    key_file: str | None = None
    token: str | None = None
    timeout_s: float = 5.0
    """For connecting, and for each wait for bytes."""
    request_s: float = 30.0
    """For a whole answer, however steadily its bytes drip."""
    total_s: float | None = None
    """For all answers together; None where there may be any number of them."""

    def __str__(self) -> str:
        """Give `host:port`."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Answer(NamedTuple):
    """What came back."""

    status: int
    body: bytes
    retry_after: str | None


class Connection:
    """Asks one thing at a time, from whichever thread; the connection is kept between requests."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._lock = threading.Lock()
        self._kept: CuttableConnection | None = None
        self._ends_at = None if endpoint.total_s is None else clock.monotonic() + endpoint.total_s
        self._is_late = False

    def get(self, path: str) -> Answer:
        """Ask for a path. Raises `Unreachable`, `TlsFault` or `DocumentFault`; every status is an answer."""
        with self._lock, self._in_time():
            try:
                return self._get(path)
            except (OSError, http.client.HTTPException) as error:
                self._drop()
                raise _fault(error, self.endpoint) from error

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        """Cut the connection where an answer takes too long as a whole, and say so."""
        left_s = self.endpoint.request_s
        if self._ends_at is not None:
            left_s = min(left_s, self._ends_at - clock.monotonic())
        self._is_late = left_s <= 0
        timer = threading.Timer(max(left_s, 0), self._cut)
        timer.daemon = True
        timer.start()
        try:
            if not self._is_late:
                yield
        finally:
            timer.cancel()
            if self._is_late:
                self._drop()
                limit_s = self.endpoint.total_s or self.endpoint.request_s
                raise Unreachable(f"{self.endpoint} does not answer completely within {limit_s:g} s")

    def _cut(self) -> None:
        self._is_late = True
        if self._kept is not None:
            self._kept.cut()

    def close(self) -> None:
        """Let go of the connection; a later request opens another."""
        with self._lock:
            self._drop()

    def _get(self, path: str) -> Answer:
        if self._kept is not None:
            try:
                return self._exchange(self._kept, path)
            except (ConnectionError, http.client.RemoteDisconnected):
                if self._is_late:
                    raise
                # Agents close connections that rest for 5 s: not a fault, so once more on a new one.
                self._drop()
        self._kept = self._open()
        return self._exchange(self._kept, path)

    def _exchange(self, connection: CuttableConnection, path: str) -> Answer:
        connection.request("GET", path, headers=self._headers())
        reply = connection.getresponse()
        body = reply.read(LARGEST_BODY_BYTES + 1)
        if len(body) > LARGEST_BODY_BYTES:
            self._drop()
            raise DocumentFault(f"{self.endpoint} answers with more than {LARGEST_BODY_BYTES >> 20} MiB to {path}")
        return Answer(reply.status, body, reply.getheader("retry-after"))

    def _open(self) -> CuttableConnection:
        endpoint = self.endpoint
        if not endpoint.is_tls:
            return CuttableConnection(endpoint.host, endpoint.port, timeout=endpoint.timeout_s)
        return CuttableTlsConnection(
            endpoint.host, endpoint.port, timeout=endpoint.timeout_s, context=_tls_context(endpoint)
        )

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json"}
        if self.endpoint.token is not None:
            headers["Authorization"] = f"Bearer {self.endpoint.token}"
        return headers

    def _drop(self) -> None:
        if self._kept is not None:
            self._kept.drop()
            self._kept = None


def _tls_context(endpoint: Endpoint) -> ssl.SSLContext:
    try:
        if endpoint.ca_file is not None:
            check_file(endpoint.ca_file)
        context = ssl.create_default_context(cafile=endpoint.ca_file)
    except OSError as error:
        raise TlsFault(f"cannot read certificates from {endpoint.ca_file}: {error.strerror or error}") from error
    try:
        if endpoint.cert_file is not None:
            for path in filter(None, (endpoint.cert_file, endpoint.key_file)):
                check_file(path)
            context.load_cert_chain(endpoint.cert_file, endpoint.key_file)
    except OSError as error:
        raise TlsFault(f"cannot use {endpoint.cert_file} as a certificate: {error.strerror or error}") from error
    if not endpoint.is_verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _fault(error: OSError | http.client.HTTPException, endpoint: Endpoint) -> ApiFault:
    """Say in a sentence why there was no answer."""
    match error:
        case ssl.SSLCertVerificationError():
            return TlsFault(f"the certificate of {endpoint} is refused: {error.verify_message}")
        case ssl.SSLError(reason="WRONG_VERSION_NUMBER" | "HTTP_REQUEST" | "RECORD_LAYER_FAILURE"):
            return TlsFault(f"{endpoint} does not speak TLS: try without --tls")
        case TimeoutError():
            return Unreachable(f"{endpoint} does not answer within {endpoint.timeout_s:g} s")
        case ConnectionRefusedError():
            return Unreachable(f"no agent answers on {endpoint}: connection refused")
        case _ if _breaks_off(error):
            wanted = "a certificate of ours, --tls-cert" if endpoint.is_tls else "--tls"
            return Unreachable(f"{endpoint} breaks off without an answer: does it want {wanted}?")
        case ssl.SSLError():
            return TlsFault(f"no TLS connection to {endpoint}: {error.reason or error}")
        case OSError(strerror=str(reason)):
            return Unreachable(f"no agent answers on {endpoint}: {reason}")
        case _:
            return Unreachable(f"no agent answers on {endpoint}: {str(error) or type(error).__name__}")


def _breaks_off(error: OSError | http.client.HTTPException) -> bool:
    """Tell whether the other end went away, or spoke something else: which of these is seen is a matter of timing."""
    if isinstance(error, ssl.SSLError):
        reason = error.reason or ""
        return isinstance(error, ssl.SSLEOFError) or "CERTIFICATE_REQUIRED" in reason or "HANDSHAKE_FAILURE" in reason
    return isinstance(error, ConnectionError | http.client.HTTPException)
