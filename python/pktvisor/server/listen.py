"""The sockets that the server listens on. What they accept is bounded before a byte is read, TLS or not."""

from __future__ import annotations

import errno
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pktvisor.errors import InputError
from pktvisor.server.clients import LOCAL, client_of
from pktvisor.server.connections import Connections

BACKLOG = 128
LOWEST_FREE_PORT = 1024
"""Lower ones need a capability to listen on."""
UNUSABLE_FAMILY = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""What binding says of an address whose family this host does not use, as ::1 without IPv6."""
UNIX_SOCKET_MODE = 0o660
EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
"""What accepting says where descriptors or memory are wanting; asyncio then waits a second."""


class _Accepted(socket.socket):
    """A connection that says when it is closed."""

    on_close: Callable[[int], None] | None = None

    def close(self) -> None:
        """Close it, and tell."""
        descriptor = self.fileno()
        if self.on_close is not None and descriptor >= 0:
            self.on_close(descriptor)
        super().close()


class Listener(socket.socket):
    """A listening socket that lets in only what there is room for."""

    connections: Connections | None = None
    """Set before anything is accepted; without it, everything is let in."""
    _is_exhausted = False
    """The last attempt to accept failed for want of descriptors or memory."""

    def accept(self) -> tuple[socket.socket, Any]:
        """Give the next connection. Raises `ConnectionAbortedError`, which servers pass over, where it was refused."""
        plain, address = self._accept_plain()
        accepted = _Accepted(plain.family, plain.type, plain.proto, fileno=plain.detach())
        if self.connections is None:
            return accepted, address
        client = client_of(address[0]) if isinstance(address, tuple) else LOCAL
        if not self.connections.admit(accepted, client):
            accepted.close()
            raise ConnectionAbortedError(errno.ECONNABORTED, "there is no room for another connection")
        accepted.on_close = self.connections.remove
        return accepted, address

    def _accept_plain(self) -> tuple[socket.socket, Any]:
        if self._is_exhausted:
            # asyncio tries again as often as the backlog is long before it waits: this ends the trying.
            self._is_exhausted = False
            raise BlockingIOError(errno.EAGAIN, "it is tried again in a while")
        try:
            return super().accept()
        except OSError as error:
            if error.errno in EXHAUSTED:
                self._is_exhausted = True
                if self.connections is not None:
                    self.connections.runs_short(error)
            raise


def listen(host: str, port: int) -> list[Listener]:
    """Listen on every address that `host` stands for. Raises `InputError` where that can't be."""
    sockets: list[Listener] = []
    reason = "it has no address here"
    try:
        addresses = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, address in dict.fromkeys(addresses):
            try:
                sockets.append(_listen_on(family, (address[0], port, *address[2:])))
            except OSError as error:
                if error.errno not in UNUSABLE_FAMILY:
                    raise
                reason = error.strerror or reason
    except (OSError, OverflowError, UnicodeError) as error:
        _close(sockets)
        reason = getattr(error, "strerror", None) or str(error)
        if isinstance(error, PermissionError):
            reason += f"; ports below {LOWEST_FREE_PORT} need root, or CAP_NET_BIND_SERVICE"
        elif getattr(error, "errno", None) == errno.EADDRINUSE:
            reason += "; -p says another port"
    if not sockets:
        raise InputError(f"unable to bind to {host}:{port}: {reason}")
    return sockets


def listen_unix(path: Path) -> Listener:
    """Listen on a Unix socket, for its owner and group. Raises `InputError` where that can't be."""
    listener = Listener(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_stale(path)
        listener.bind(str(path))
        path.chmod(UNIX_SOCKET_MODE)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise InputError(f"unable to bind to {path}: {error.strerror or error}") from None
    return listener


def _remove_stale(path: Path) -> None:
    """Remove a socket that nobody listens on any more; anything else is left, and binding fails."""
    if not path.exists() or not stat.S_ISSOCK(path.stat().st_mode):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()


def _listen_on(family: int, address: tuple[object, ...]) -> Listener:
    # asyncio asks the protocol before it switches Nagle's algorithm off, which would hold every body back for 40 ms.
    listener = Listener(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(address[0] != "::"))
        listener.bind(address)
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def _close(sockets: list[Listener]) -> None:
    while sockets:
        sockets.pop().close()
