"""Clients that listen to events."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from support.serving import PATIENCE_S

PATH = "/api/v1/events"


class Event(NamedTuple):
    """What was told."""

    name: str
    """Empty of a comment."""
    data: str

    @property
    def document(self) -> Any:
        return json.loads(self.data)


class Ear:
    """A client that listens at a port of the loopback interface."""

    def __init__(self, port: int, *, source: str = "127.0.0.1", **headers: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S, source_address=(source, 0))
        self._connection.request("GET", PATH, headers=headers)
        self._response = self._connection.getresponse()
        self.status = self._response.status

    def header(self, name: str) -> str | None:
        return self._response.getheader(name)

    def refusal(self) -> Any:
        return json.loads(self._response.read())

    def events(self) -> Iterator[Event]:
        """What is told, until the server ends it."""
        name = ""
        while line := self._response.readline():
            field, _, value = line.decode().rstrip("\n").partition(":")
            match field:
                case "event":
                    name = value.strip()
                case "data":
                    yield Event(name, value.strip())
                    name = ""
                case "" if line != b"\n":
                    yield Event("", value)

    def ticks(self, count: int) -> list[Event]:
        """The next so many ticks."""
        found: list[Event] = []
        for event in self.events():
            if event.name == "tick":
                found.append(event)
            if len(found) == count:
                return found
        raise AssertionError(f"only {len(found)} ticks came")

    def close(self) -> None:
        self._response.close()
        self._connection.close()

    def __enter__(self) -> Ear:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def status_of(port: int, *, source: str = "127.0.0.1", **headers: str) -> int:
    """What a client is told that asks to listen, and goes."""
    with Ear(port, source=source, **headers) as ear:
        return ear.status


def deaf(port: int, *, path: str = PATH, source: str = "127.0.0.1") -> socket.socket:
    """A client that asks to listen, and never reads."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(PATIENCE_S)
    client.bind((source, 0))
    client.connect(("127.0.0.1", port))
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return client


def is_hung_up(client: socket.socket) -> bool:
    """Whether the server ends the connection, after whatever it had sent."""
    with suppress(ConnectionResetError):
        while client.recv(1 << 16):
            pass
    return True
