"""Runs the application in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import Server

from pktvisor.agent.running import RunningAgent
from pktvisor.server.app import create_app
from pktvisor.server.connection import Answering, BoundedConnection
from pktvisor.server.connections import Connections
from pktvisor.server.context import make_context
from pktvisor.server.listen import BACKLOG, EXHAUSTED, Listener, listen, listen_unix
from pktvisor.server.routes import Groups
from pktvisor.server.settings import ServerSettings
from pktvisor.server.tls import reload_certificate, tls_context

logger = logging.getLogger(__name__)

STOP_TIMEOUT_S = 2


class _QuietServer(Server):
    """uvicorn without its own signal handlers: signals belong to the command."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class WebServer:
    """An HTTP server for one agent, from `start` to `stop`; with `more` routes for what is more than an agent.

    Raises `ConfigError` where the settings are unsafe (see `check_exposure`), or a file that they name is not usable.
    """

    def __init__(self, agent: RunningAgent, settings: ServerSettings, more: Groups | None = None) -> None:
        self.settings = settings
        self.host = settings.host
        self.port = settings.port
        self._context = make_context(agent, settings)
        self._counters = self._context.counters
        self._connections = Connections(settings.bounds, self._counters)
        self._tls = None if settings.tls is None else tls_context(settings.tls)
        self._server = _QuietServer(self._config(create_app(self._context, more)))
        self._thread = threading.Thread(target=self._run, name="web-server", daemon=True)
        self._sockets: Sequence[Listener] = ()

    def start(self) -> None:
        """Bind and begin to answer. Raises `InputError` where the address can't be had."""
        path = self.settings.socket_path
        self._sockets = listen(self.host, self.port) if path is None else [listen_unix(path)]
        for listener in self._sockets:
            listener.connections = self._connections
        if path is None:
            self.port = self._sockets[0].getsockname()[1]
        self._thread.start()
        address = self.host if path else f"{self.host}:{self.port}"
        for warning in self._context.exposure.warnings(address):
            logger.warning("%s", warning)
        logger.info("web server listening on %s", address)

    def stop(self) -> None:
        """Answer what was begun, then close."""
        self._context.events.end()
        self._server.should_exit = True
        self._thread.join(STOP_TIMEOUT_S + 1)
        self._context.takers.shutdown(wait=False)
        if self.settings.socket_path is not None:
            self.settings.socket_path.unlink(missing_ok=True)

    @property
    def is_open_to_a_network(self) -> bool:
        """Whether others than this host reach it, and nobody is asked who he is."""
        exposure = self._context.exposure
        return not exposure.is_loopback and exposure.authentication == "none"

    def reload(self) -> None:
        """Read tokens, certificate and key again. Raises `ConfigError`, and keeps what was there."""
        if self._context.tokens is not None:
            self._context.tokens.reload()
            self._context.events.look_at_rights()
        if self._tls is not None and self.settings.tls is not None:
            reload_certificate(self._tls, self.settings.tls)

    def counters(self) -> dict[str, object]:
        """Give what it did and refused since the start, by name; see `pktvisor.server.counters`."""
        return self._counters.document()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        asyncio.get_running_loop().set_exception_handler(_tell_fault)
        await self._server.serve(sockets=list(self._sockets))

    def _config(self, app: ASGIApp) -> Config:
        bounds, context = self.settings.bounds, self._tls
        connections, counters = self._connections, self._counters

        def protocol(**uvicorn: Any) -> BoundedConnection:
            return BoundedConnection(H11Protocol(**uvicorn), bounds, connections, counters)

        return Config(
            Answering(app, bounds.most_head_bytes),
            loop="asyncio",
            http=protocol,  # type: ignore[arg-type]  # it is only called
            ws="none",
            lifespan="off",
            log_config=None,
            # What is no HTTP is counted, not logged line by line.
            log_level=logging.ERROR,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_keep_alive=bounds.keep_alive_s,
            timeout_graceful_shutdown=STOP_TIMEOUT_S,
            h11_max_incomplete_event_size=bounds.most_head_bytes,
            ssl_context_factory=None if context is None else lambda *_: context,
        )


def _tell_fault(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log on one line what went wrong behind a connection; that no connection can be accepted, its listener tells."""
    error = context.get("exception")
    if not (isinstance(error, OSError) and error.errno in EXHAUSTED):
        logger.error("web server: %s: %r", context["message"], error)
