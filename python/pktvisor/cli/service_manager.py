"""What systemd is told, where it started the process with `Type=notify`: sd_notify(3)."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

logger = logging.getLogger(__name__)

VARIABLE = "NOTIFY_SOCKET"
"""Where it listens; nothing in the environment where nobody does."""


class ServiceManager:
    """Tells it of the process's state; it is made before rights are given up, which reaching its socket may take."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        address = os.environ.get(VARIABLE, "")
        if not address:
            return
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            self._socket.connect("\0" + address[1:] if address.startswith("@") else address)
        except OSError as error:
            logger.warning(
                "%s=%s: systemd is not told when the process is ready: %s", VARIABLE, address, error.strerror
            )
            self.close()

    def close(self) -> None:
        """Tell nothing more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def ready(self) -> None:
        """Inputs and sockets are open."""
        self._tell("READY=1")

    def stopping(self) -> None:
        """The end has begun."""
        self._tell("STOPPING=1")

    @contextmanager
    def reloading(self) -> Iterator[None]:
        """The configuration is being read again; when that is done, the process is ready again, whatever came of it."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")
        try:
            yield
        finally:
            self.ready()

    def _tell(self, *lines: str) -> None:
        if self._socket is not None:
            with suppress(OSError):  # it is gone, or does not read: nothing of ours depends on it
                self._socket.send("\n".join(lines).encode())
