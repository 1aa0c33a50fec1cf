"""The writer's side of Frame Streams: what a server does that tells of its messages by dnstap."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

CONTENT_TYPE = b"protobuf:dnstap.Dnstap"
ACCEPT, START, STOP, READY, FINISH = range(1, 6)


def control(kind: int, content_type: bytes = b"") -> bytes:
    """A control frame, with the content type where there is one."""
    field = struct.pack("!II", 1, len(content_type)) + content_type if content_type else b""
    body = struct.pack("!I", kind) + field
    return struct.pack("!II", 0, len(body)) + body


def data(content: bytes) -> bytes:
    """A data frame."""
    return struct.pack("!I", len(content)) + content


def contents(path: Path) -> Iterator[bytes]:
    """The contents of a file's data frames."""
    stream, at = path.read_bytes(), 0
    while at < len(stream):
        (length,) = struct.unpack_from("!I", stream, at)
        at += 4
        if length == 0:
            (skipped,) = struct.unpack_from("!I", stream, at)
            at += 4 + skipped
        else:
            yield stream[at : at + length]
            at += length


class Writer:
    """A connection that tells of messages; two-way streams shake hands at both ends."""

    def __init__(self, address: str | tuple[str, int], *, is_two_way: bool) -> None:
        if isinstance(address, str):
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.connect(address)
        else:
            self._socket = socket.create_connection(address)
        self._socket.settimeout(20)
        self._is_two_way = is_two_way
        if is_two_way:
            self.send(control(READY, CONTENT_TYPE))
            assert self._receive(len(control(ACCEPT, CONTENT_TYPE))) == control(ACCEPT, CONTENT_TYPE)
        self.send(control(START, CONTENT_TYPE))

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, stream: bytes) -> None:
        self._socket.sendall(stream)

    def tell(self, messages: Sequence[bytes]) -> None:
        self.send(b"".join(data(message) for message in messages))

    def finish(self) -> None:
        """End the stream as a writer should."""
        self.send(control(STOP))
        if self._is_two_way:
            assert self._receive(len(control(FINISH))) == control(FINISH)

    def is_closed(self) -> bool:
        """Wait for the other side to close the connection."""
        try:
            return self._socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def _receive(self, length: int) -> bytes:
        answer = b""
        while len(answer) < length:
            answer += self._socket.recv(length - len(answer)) or b"?"
        return answer
