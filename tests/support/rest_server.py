"""A loopback HTTP server that gives the answers it is told to."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Reply:
    """What a path answers."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def json_reply(document: object, status: int = 200) -> Reply:
    return Reply(json.dumps(document).encode(), status, {"Content-Type": "text/json"})


class RestServer:
    """Answers what `replies` has for a path, and 404 for all else; keeps what it was asked."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.replies: dict[str, Reply | Callable[[], Reply]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.connections = 0
        self.closes_after_each = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler_class())
        self._server.daemon_threads = True
        # Clients that break off are what some tests are about.
        self._server.handle_error = lambda request, client_address: None  # type: ignore[method-assign]
        if context is not None:
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def _handler_class(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                owner.connections += 1

            def do_GET(self) -> None:
                owner.asked.append((self.path, dict(self.headers)))
                found = owner.replies.get(self.path, Reply(b"", 404))
                reply = found() if callable(found) else found
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)
                # As an agent does with a connection that rests too long: it goes without a word.
                self.close_connection = owner.closes_after_each

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (as in the standard library)
                pass

        return Handler

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def rest_server(context: ssl.SSLContext | None = None) -> Iterator[RestServer]:
    server = RestServer(context)
    server.start()
    try:
        yield server
    finally:
        server.stop()
