"""An OTLP receiver on loopback, which answers as it is told."""

from __future__ import annotations

import gzip
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

Answer = Callable[[BaseHTTPRequestHandler], None]
"""Writes the answer to one request, which has been read."""


@dataclass
class Receiver:
    """What has arrived, and what is answered: `answers` first, then 200."""

    port: int = 0
    answers: list[Answer] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    requests: list[ExportMetricsServiceRequest] = field(default_factory=list)
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def wait(self) -> None:
        """Wait for one more request."""
        assert self.arrived.acquire(timeout=60), "no request came"


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    """Answer with a status; underscores in names of headers stand for hyphens."""

    def write(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return write


def partial_success(rejected: int, message: str) -> Answer:
    """Take all but some data points."""
    body = ExportMetricsServiceResponse()
    body.partial_success.rejected_data_points = rejected
    body.partial_success.error_message = message
    return answer(200, body.SerializeToString(), Content_Type="application/x-protobuf")


def close(handler: BaseHTTPRequestHandler) -> None:
    """Answer nothing and close."""
    handler.close_connection = True


def endless(handler: BaseHTTPRequestHandler) -> None:
    """Answer with a head that never ends."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    try:
        while True:
            handler.wfile.write(b"x: " + b"y" * 60 + b"\r\n")
            if handler.server.__dict__["ending"].wait(0.05):
                return
    except OSError:
        return


def silent(handler: BaseHTTPRequestHandler) -> None:
    """Answer nothing, and keep the connection until the receiver ends."""
    handler.server.__dict__["ending"].wait(30)


@contextmanager
def receiving(*answers: Answer, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Run a receiver."""
    receiver = Receiver(answers=list(answers))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.paths.append(self.path)
            receiver.headers.append({name.lower(): value for name, value in self.headers.items()})
            receiver.requests.append(ExportMetricsServiceRequest.FromString(gzip.decompress(body)))
            write = receiver.answers.pop(0) if receiver.answers else answer(200)
            receiver.arrived.release()
            write(self)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.__dict__["ending"] = ending = threading.Event()
    receiver.port = server.server_port
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        ending.set()
        server.shutdown()
        thread.join()
        server.server_close()
