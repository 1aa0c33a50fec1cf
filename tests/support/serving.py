"""A web server on a port of the loopback interface, and clients of the application without one."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from starlette.testclient import TestClient

from pktvisor.agent.running import RunningAgent
from pktvisor.server.app import create_app
from pktvisor.server.context import make_context
from pktvisor.server.settings import Bounds, ServerSettings
from pktvisor.server.web_server import WebServer
from support.agents import FakeAgent

UNHURRIED = Bounds(requests_per_second=1e6, listening_s=0, tick_interval_s=0)
"""For tests that ask more than a client would, and hear of events once."""
PATIENCE_S = 30.0
"""What a test waits before it fails; nothing is expected to take so long."""
YAML = {"content-type": "application/x-yaml"}


@contextmanager
def running(agent: FakeAgent | None = None, **settings: Any) -> Iterator[WebServer]:
    """Serve an agent, with settings other than the usual ones."""
    server = WebServer(agent or FakeAgent(), ServerSettings(**{"host": "127.0.0.1", "port": 0, **settings}))
    server.start()
    try:
        yield server
    finally:
        server.stop()


def client(agent: RunningAgent | None = None, **settings: Any) -> TestClient:
    """Make a client of the application, on localhost, with settings other than the usual ones."""
    wanted = ServerSettings(**{"bounds": UNHURRIED, **settings})
    return TestClient(create_app(make_context(agent or FakeAgent(), wanted)), base_url="http://localhost:10853")


def admin(agent: RunningAgent | None = None, **settings: Any) -> TestClient:
    """Make a client of an application with the admin API."""
    return client(agent, admin_api=True, **settings)


def until(holds: Callable[[], bool]) -> bool:
    """Wait until something holds; False where patience ends before."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def read_all(client: socket.socket, pause_s: float = 0) -> bytes:
    """Read until the server closes, with pauses between."""
    reply = b""
    while chunk := client.recv(256 * 1024):
        reply += chunk
        time.sleep(pause_s)
    return reply
