"""A connection's transport as uvicorn sees it: what it writes and that it closes is told to who watches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


class ToldTransport(asyncio.Transport):
    """Another transport; tells before bytes are written, and after it was closed."""

    def __init__(
        self, transport: asyncio.Transport, on_write: Callable[[bytes], None], on_close: Callable[[], None]
    ) -> None:
        super().__init__()
        self._transport = transport
        self._on_write = on_write
        self._on_close = on_close

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Tell, then write."""
        self._on_write(bytes(data[:16]))
        self._transport.write(data)

    def close(self) -> None:
        """Close once what is written is taken, then tell; again for nothing, since TLS would forget what it holds."""
        if not self._transport.is_closing():
            self._transport.close()
            self._on_close()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def is_closing(self) -> bool:
        """Whether it is closed, or will be."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Give what is known of the connection, as its socket."""
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Receive nothing for now."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Receive again."""
        self._transport.resume_reading()

    def is_reading(self) -> bool:
        """Whether it receives."""
        return self._transport.is_reading()
