"""What uvicorn does with a connection is told, and done once."""

from __future__ import annotations

import asyncio
from typing import Any

from pktvisor.server.transport import ToldTransport


class NotedTransport(asyncio.Transport):
    """Notes what is asked of it."""

    def __init__(self, told: list[str]) -> None:
        super().__init__()
        self.told = told
        self.is_closed = False

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        self.told.append(f"written {len(data)}")

    def close(self) -> None:
        self.is_closed = True
        self.told.append("closed")

    def is_closing(self) -> bool:
        return self.is_closed


def test_what_is_written_is_told_by_its_beginning_before_it_is_written() -> None:
    told: list[str] = []
    transport = ToldTransport(NotedTransport(told), lambda begun: told.append(begun.decode()), lambda: None)
    transport.write(b"HTTP/1.1 400 Bad Request")
    assert told == ["HTTP/1.1 400 Bad", "written 24"]


def test_closing_is_told_once_and_done_once() -> None:
    told: list[str] = []
    transport = ToldTransport(NotedTransport(told), lambda _: None, lambda: told.append("told"))
    transport.close()
    transport.close()
    assert told == ["closed", "told"]
