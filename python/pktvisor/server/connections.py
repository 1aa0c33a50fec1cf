"""The connections that are open: bounded in all and by client.

Where there is no room, the connection that has waited for its client longest makes room for the new one. So slow
clients, however many, never keep out one that asks at once; only connections whose request is being answered stay.
"""

from __future__ import annotations

import logging
import socket
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from pktvisor.server.clients import LOCAL
from pktvisor.server.counters import Counters
from pktvisor.server.settings import Bounds

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Connection:
    """An open connection."""

    client: str
    socket: socket.socket
    is_answering: bool = False
    """A request is complete, and its answer neither is nor waits for the client to take it."""
    is_evicted: bool = False


class Connections:
    """The open connections by file descriptor, the one that has waited longest first. For one thread only."""

    def __init__(self, bounds: Bounds, counters: Counters) -> None:
        self._bounds = bounds
        self._counters = counters
        self._open: dict[int, Connection] = {}
        self._by_client: Counter[str] = Counter()
        self._is_short = False
        """The last attempt to accept a connection failed."""

    def runs_short(self, error: OSError) -> None:
        """Note that a connection can't be accepted for want of file descriptors or memory; log it when that begins."""
        self._counters.connections_not_accepted += 1
        if not self._is_short:
            logger.error("web server: can't accept connections at the moment: %s", error.strerror)
        self._is_short = True

    def admit(self, accepted: socket.socket, client: str) -> bool:
        """Take a new connection in, and send another away if need be. False where there is no room."""
        self._counters.connections += 1
        self._is_short = False
        is_full_of_client = client != LOCAL and self._by_client[client] >= self._bounds.most_connections_per_client
        if (is_full_of_client and not self._evict(client)) or (self._is_full() and not self._evict(None)):
            self._counters.connections_refused += 1
            return False
        self._open[accepted.fileno()] = Connection(client, accepted)
        self._by_client[client] += 1
        return True

    def remove(self, descriptor: int) -> None:
        """Forget a connection that is about to be closed."""
        connection = self._open.pop(descriptor, None)
        if connection is not None and not connection.is_evicted:
            self._forget_client(connection)

    def answers(self, descriptor: int) -> None:
        """Note that the server works for this connection."""
        connection = self._open.get(descriptor)
        if connection is not None:
            connection.is_answering = True

    def waits(self, descriptor: int) -> None:
        """Note that this connection waits for its client, from now on."""
        connection = self._open.pop(descriptor, None)
        if connection is not None:
            connection.is_answering = False
            self._open[descriptor] = connection

    def __len__(self) -> int:
        return self._by_client.total()

    def _is_full(self) -> bool:
        return len(self) >= self._bounds.most_connections

    def _evict(self, client: str | None) -> bool:
        """Send away the connection (of that client) that has waited longest; False where none waits."""
        for connection in self._waiting():
            if client in (None, connection.client):
                connection.is_evicted = True
                self._forget_client(connection)
                self._counters.connections_evicted += 1
                _hang_up(connection.socket)
                return True
        return False

    def _waiting(self) -> Iterator[Connection]:
        return (one for one in self._open.values() if not one.is_answering and not one.is_evicted)

    def _forget_client(self, connection: Connection) -> None:
        self._by_client[connection.client] -= 1
        if self._by_client[connection.client] <= 0:
            del self._by_client[connection.client]


def _hang_up(connection: socket.socket) -> None:
    """End a connection at its socket; whoever reads or writes it then closes it."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the client was faster
