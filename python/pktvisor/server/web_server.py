"""Runs the application in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.server import Server

from pktvisor.server.connection import TimedConnection
from pktvisor.server.listen import BACKLOG, listen

logger = logging.getLogger(__name__)

KEEP_ALIVE_S = 5
LARGEST_HEAD_BYTES = 16 * 1024
MOST_CONNECTIONS = 256
"""More are answered with 503."""
STOP_TIMEOUT_S = 2


class _QuietServer(Server):
    """uvicorn without its own signal handlers: signals belong to the command."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class WebServer:
    """An HTTP server for one application, from `start` to `stop`."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self._server = _QuietServer(_config(app))
        self._thread = threading.Thread(target=self._run, name="web-server", daemon=True)
        self._sockets: list[socket.socket] = []

    def start(self) -> None:
        """Bind and begin to answer. Raises `InputError` where the address can't be had."""
        self._sockets = listen(self.host, self.port)
        self.port = self._sockets[0].getsockname()[1]
        self._thread.start()
        logger.info("web server listening on %s:%d", self.host, self.port)

    def stop(self) -> None:
        """Answer what was begun, then close."""
        self._server.should_exit = True
        self._thread.join(STOP_TIMEOUT_S + 1)

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=self._sockets))


def _config(app: ASGIApp) -> Config:
    return Config(
        app,
        loop="asyncio",
        http=TimedConnection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_TIMEOUT_S,
        h11_max_incomplete_event_size=LARGEST_HEAD_BYTES,
    )
