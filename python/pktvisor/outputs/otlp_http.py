"""One request to an OTLP receiver over HTTP, and what its answer means (OTLP specification, "OTLP/HTTP").

Everything is bounded: connecting, the request as a whole, and the size of what is read of the answer. Redirects are not
followed.
"""

from __future__ import annotations

import gzip
import http.client
import re
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Literal

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

from pktvisor import clock
from pktvisor.errors import ConfigError
from pktvisor.files import check_file

PROTOBUF = "application/x-protobuf"
RETRYABLE = {429, 502, 503, 504}
"""Statuses after which the same request may be sent again."""

CONNECT_SECONDS = 5.0
MOST_REPLY_BYTES = 64 * 1024
MOST_REASON_CHARACTERS = 200

HOST = re.compile(r"\[?[\w.:%-]+\]?", re.ASCII)
PATH = re.compile(r"/[!-~]*")


@dataclass(frozen=True)
class Receiver:
    """Where to send to. ConfigError where that makes no sense."""

    host: str = "localhost"
    port: int = 4318
    path: str = "/v1/metrics"
    tls: bool = False
    """HTTPS; the receiver's certificate is checked against the system's authorities, or those in `SSL_CERT_FILE`."""
    cert: str | None = None
    """File with the client's certificate, where the receiver wants one."""
    key: str | None = None
    """File with its key, where that is not in the same file."""

    def __post_init__(self) -> None:
        if not HOST.fullmatch(self.host):
            raise ConfigError(f"{self.host!r} is not a host: use a name or an address", path="otel_host")
        if not 0 < self.port < 65536:
            raise ConfigError(f"{self.port} is not a port: use a number from 1 to 65535", path="otel_port")
        if not PATH.fullmatch(self.path):
            raise ConfigError(
                f"{self.path!r} is not a path: it must start with / and contain no spaces", path="otel_path"
            )

    def tls_context(self) -> ssl.SSLContext | None:
        """Load the certificates. ConfigError where they can't be read; None without TLS."""
        if not self.tls:
            return None
        context = ssl.create_default_context()
        if self.cert is not None:
            try:
                for path in filter(None, (self.cert, self.key)):
                    check_file(path)
                context.load_cert_chain(self.cert, self.key, password=lambda: "")
            except (OSError, ValueError) as error:
                files = self.cert if self.key is None else f"{self.cert} with key {self.key}"
                raise ConfigError(f"no usable certificate in {files}: {error}", path="otel_tls_cert") from error
        return context


@dataclass(frozen=True)
class Reply:
    """What became of a request."""

    verdict: Literal["taken", "again", "refused"]
    """Whether the receiver has it, may have it later, or never wants it."""
    reason: str = ""
    retry_after_s: float = 0.0
    """How long the receiver asks to wait."""
    rejected_points: int = 0
    """Data points of a request that was taken which the receiver did not want."""


class Client:
    """Sends requests to one receiver, each over a connection of its own."""

    def __init__(self, receiver: Receiver, *, version: str) -> None:
        self._receiver = receiver
        self._headers = {
            "Content-Type": PROTOBUF,
            "Content-Encoding": "gzip",
            "User-Agent": f"pktvisor/{version}",
            "Connection": "close",
        }
        self._context = receiver.tls_context()
        self._connection: http.client.HTTPConnection | None = None

    def post(self, message: bytes, *, timeout_s: float) -> Reply:
        """Send an encoded request; no receiver makes it raise. Takes `timeout_s` at most, once it is connected."""
        self._connection = connection = self._connection_to_make()
        deadline = threading.Timer(timeout_s, self.abort)
        deadline.daemon = True
        try:
            connection.connect()
            connection.sock.settimeout(timeout_s)
            deadline.start()
            body = gzip.compress(message, compresslevel=6, mtime=0)
            connection.request("POST", self._receiver.path, body=body, headers=self._headers)
            return _reply(connection.getresponse())
        except (OSError, ValueError, http.client.HTTPException) as error:
            return Reply("again", _shortened(str(error) or type(error).__name__))
        finally:
            deadline.cancel()
            connection.close()

    def abort(self) -> None:
        """End the request at work, from another thread."""
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with suppress(OSError):
                # The plain socket's: that of a TLS socket takes its state away from under the reading thread.
                socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)

    def _connection_to_make(self) -> http.client.HTTPConnection:
        host, port = self._receiver.host.strip("[]"), self._receiver.port
        if self._context is None:
            return http.client.HTTPConnection(host, port, timeout=CONNECT_SECONDS)
        return http.client.HTTPSConnection(host, port, timeout=CONNECT_SECONDS, context=self._context)


def _reply(response: http.client.HTTPResponse) -> Reply:
    if 200 <= response.status < 300:
        return _partial_success(response)
    reason = _shortened(f"{response.status} {response.reason}")
    if response.status in RETRYABLE:
        return Reply("again", reason, retry_after_s=_retry_after_s(response.getheader("Retry-After", "")))
    return Reply("refused", reason)


def _partial_success(response: http.client.HTTPResponse) -> Reply:
    """Read how much of the request was rejected; an answer that can't be read says that nothing was."""
    if not response.getheader("Content-Type", "").startswith(PROTOBUF):
        return Reply("taken")
    try:
        answer = ExportMetricsServiceResponse.FromString(response.read(MOST_REPLY_BYTES))
    except (OSError, http.client.HTTPException, DecodeError):
        return Reply("taken")
    partial = answer.partial_success
    return Reply("taken", _shortened(partial.error_message), rejected_points=max(0, partial.rejected_data_points))


def _retry_after_s(text: str) -> float:
    """Read a `Retry-After` header: seconds or a date (RFC 9110, 10.2.3); 0 where it can't be read."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - clock.now())
    except (ValueError, OverflowError):
        return 0.0


def _shortened(text: str) -> str:
    """Give the first line's beginning as printable text: it comes from outside and goes to the log."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:MOST_REASON_CHARACTERS])
