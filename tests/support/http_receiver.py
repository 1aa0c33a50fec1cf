"""A receiver of bodies over HTTP on loopback, which answers as it is told."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar

Answer = Callable[[BaseHTTPRequestHandler], None]
"""Writes the answer to one request, which has been read."""


@dataclass
class HttpReceiver:
    """What has arrived, and what is answered: `answers` first, then `usual`."""

    port: int = 0
    answers: list[Answer] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: set[tuple[str, int]] = field(default_factory=set)
    """From where the requests came."""
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def wait(self) -> None:
        """Wait for one more request."""
        assert self.arrived.acquire(timeout=60), "no request came"

    def usual(self) -> Answer:
        """Give what is answered where nobody says otherwise."""
        return answer(200)


Receiver = TypeVar("Receiver", bound=HttpReceiver)


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


def then_close(write: Answer) -> Answer:
    """Answer, and close the connection without having said so."""

    def closing(handler: BaseHTTPRequestHandler) -> None:
        write(handler)
        handler.close_connection = True

    return closing


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
def serving(receiver: Receiver, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Run a receiver."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:  # who sends it is no more
                close(self)
                return
            receiver.bodies.append(body)
            receiver.paths.append(self.path)
            receiver.headers.append({name.lower(): value for name, value in self.headers.items()})
            receiver.connections.add(self.client_address)
            write = receiver.answers.pop(0) if receiver.answers else receiver.usual()
            receiver.arrived.release()
            write(self)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", receiver.port), Handler)
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
