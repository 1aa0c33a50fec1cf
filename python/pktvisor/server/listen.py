"""The sockets that the server listens on."""

from __future__ import annotations

import errno
import socket

from pktvisor.errors import InputError

BACKLOG = 128
UNUSABLE_FAMILY = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""What binding says of an address whose family this host does not use, as ::1 without IPv6."""


def listen(host: str, port: int) -> list[socket.socket]:
    """Listen on every address that `host` stands for. Raises `InputError` where that can't be."""
    sockets: list[socket.socket] = []
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
    if not sockets:
        raise InputError(f"unable to bind to {host}:{port}: {reason}")
    return sockets


def _listen_on(family: int, address: tuple[object, ...]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
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


def _close(sockets: list[socket.socket]) -> None:
    while sockets:
        sockets.pop().close()
