"""One request to an OTLP receiver over HTTP, and what its answer means (OTLP specification, "OTLP/HTTP")."""

from __future__ import annotations

import gzip
import re
import ssl
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

from pktvisor.errors import ConfigError
from pktvisor.outputs.certificates import load_own
from pktvisor.outputs.http_post import Answer, Poster, Reply, Target, shortened

PROTOBUF = "application/x-protobuf"
RETRYABLE = {429, 502, 503, 504}
"""Statuses after which the same request may be sent again."""

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
            key = None if self.key is None else Path(self.key)
            load_own(context, Path(self.cert), key, option="otel_tls_cert")
        return context


class Client:
    """Sends requests to one receiver, each over a connection of its own."""

    def __init__(self, receiver: Receiver, *, version: str) -> None:
        context = receiver.tls_context()
        self._poster = Poster(Target(receiver.host, receiver.port, receiver.path, lambda: context))
        self._headers = {
            "Content-Type": PROTOBUF,
            "Content-Encoding": "gzip",
            "User-Agent": f"pktvisor/{version}",
        }

    def post(self, message: bytes, *, timeout_s: float) -> Reply:
        """Send an encoded request; no receiver makes it raise."""
        body = gzip.compress(message, compresslevel=6, mtime=0)
        return self._poster.post(body, self._headers, _reply, timeout_s=timeout_s)

    def abort(self) -> None:
        """End the request at work, from another thread."""
        self._poster.abort()

    def close(self) -> None:
        """Let go of the connection."""
        self._poster.close()


def _reply(answer: Answer) -> Reply:
    if answer.is_success:
        return _partial_success(answer)
    if answer.status in RETRYABLE:
        return Reply("again", answer.reason, retry_after_s=answer.retry_after_s)
    return Reply("refused", answer.reason)


def _partial_success(answer: Answer) -> Reply:
    """Read how many data points were rejected; an answer that can't be read says that none were."""
    if answer.body is None or not answer.content_type.startswith(PROTOBUF):
        return Reply("taken")
    try:
        partial = ExportMetricsServiceResponse.FromString(answer.body).partial_success
    except DecodeError:
        return Reply("taken")
    return Reply("taken", shortened(partial.error_message), rejected=max(0, partial.rejected_data_points))
