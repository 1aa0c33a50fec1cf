"""A running pktvisord, as its users meet it, and traffic on the loopback interface for it to see."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.commands import BIN

PATIENCE_S = 60.0
"""What a test waits before it fails; nothing is expected to take so long."""
QUERY = bytes.fromhex("1234 0100 0001 0000 0000 0000 07 6578616d706c65 03 636f6d 00 0001 0001")
"""A DNS query for example.com, type A."""


def can_capture() -> bool:
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()
    except PermissionError:
        return False
    return True


needs_rights = pytest.mark.skipif(not can_capture(), reason="capturing needs root or CAP_NET_RAW")


class Daemon:
    """A running pktvisord, or another command with a server."""

    def __init__(
        self,
        *arguments: str,
        folder: Path | None = None,
        command: str = "pktvisord",
        host: str = "127.0.0.1",
        within: Sequence[str] = (),
    ) -> None:
        environment = os.environ | {"PYTHONUNBUFFERED": "1"}
        line = [*within, str(BIN / command), "-l", host, "-p", "0", *arguments]
        self.process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=environment, cwd=folder)
        self.log = ""
        self.port = int(self.wait_for(rf"web server listening on {re.escape(host)}:(\d+)").group(1))

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Read the log up to a line that matches; a daemon that does not write one in time is killed."""
        assert self.process.stdout is not None
        patience = threading.Timer(PATIENCE_S, self.process.kill)
        patience.start()
        try:
            for line in self.process.stdout:
                self.log += line
                if match := re.search(pattern, line):
                    return match
        finally:
            patience.cancel()
        raise AssertionError(f"no line {pattern!r} in:\n{self.log}")

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=PATIENCE_S) as reply:
            return json.loads(reply.read())

    def text(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=PATIENCE_S) as reply:
            return str(reply.read().decode())

    def request(
        self, method: str, path: str, body: str | None = None, *, token: str | None = None
    ) -> tuple[int, bytes]:
        """Ask whatever, and give status and body."""
        data = None if body is None else body.encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, method=method)
        if data is not None:
            request.add_header("Content-Type", "application/x-yaml")
        if token is not None:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and give the exit status."""
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=PATIENCE_S)
        self.log += rest
        return self.process.returncode


@contextmanager
def daemon(*arguments: str, folder: Path | None = None, **more: Any) -> Iterator[Daemon]:
    """Run it, in a folder where relative paths of its configuration are looked for."""
    running = Daemon(*arguments, folder=folder, **more)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.communicate()


@contextmanager
def silent_resolver() -> Iterator[socket.socket]:
    """A socket that queries may be sent to; it never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", 0))
        yield sink


def ask(resolver: socket.socket, times: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for _ in range(times):
            client.sendto(QUERY, resolver.getsockname())


def eventually(probe: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Wait until `probe` says something true."""
    deadline = time.monotonic() + patience_s
    while not probe():
        assert time.monotonic() < deadline
        time.sleep(0.05)
