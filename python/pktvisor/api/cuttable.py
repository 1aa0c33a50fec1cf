"""HTTP connections that another thread can cut, also in the midst of TLS's greetings."""

from __future__ import annotations

import http.client
import socket
from contextlib import suppress


class CuttableConnection(http.client.HTTPConnection):
    """A connection with a second handle on its socket, by which it can be cut at any time."""

    handle: socket.socket | None = None

    def connect(self) -> None:
        """Connect, and keep a second handle on the socket."""
        super().connect()
        self._forget()
        self.handle = self.sock.dup()

    def cut(self) -> None:
        """End whatever waits for the other end."""
        if self.handle is not None:
            with suppress(OSError):
                self.handle.shutdown(socket.SHUT_RDWR)

    def drop(self) -> None:
        """Let go of both handles. `close` alone is called as soon as a last answer has begun."""
        self.close()
        self._forget()

    def _forget(self) -> None:
        if self.handle is not None:
            self.handle.close()
            self.handle = None


class CuttableTlsConnection(http.client.HTTPSConnection, CuttableConnection):
    """The same with TLS, which is begun once `CuttableConnection` has connected."""
