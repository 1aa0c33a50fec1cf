"""dnstap messages as servers write them: protobuf by hand, with any field left out, and files of them."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from support.frame_streams import CONTENT_TYPE, START, STOP, control, data

DNS_QUERY = bytes.fromhex("0007 0100 0001 0000 0000 0000 03777777 03636f6d 00 0001 0001")
DNS_RESPONSE = bytes.fromhex("0007 8183 0001 0000 0000 0000 03777777 03636f6d 00 0001 0001")
CLIENT_QUERY, CLIENT_RESPONSE = 5, 6
SECOND = 1_750_000_000


def varint(number: int) -> bytes:
    parts = bytearray()
    while number >= 0x80:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])


def encoded(number: int, value: int | bytes | None) -> bytes:
    """A field; nothing where there is no value."""
    if value is None:
        return b""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def fixed32(number: int, value: int) -> bytes:
    return varint(number << 3 | 5) + struct.pack("<I", value)


@dataclass(frozen=True)
class Told:
    """One message. What is None is not told."""

    kind: int = CLIENT_QUERY
    identity: bytes | None = b"ns1"
    version: bytes | None = None
    family: int | None = 1
    protocol: int | None = 1
    client: bytes | None = bytes([192, 0, 2, 1])
    server: bytes | None = bytes([192, 0, 2, 53])
    port: int | None = 4711
    server_port: int | None = 53
    query: bytes | None = DNS_QUERY
    query_us: int | None = 0
    response: bytes | None = None
    response_us: int | None = None
    zone: bytes | None = None
    policy: Mapping[int, int | bytes] = field(default_factory=dict)

    def content(self) -> bytes:
        """The content of its data frame."""
        policy = b"".join(encoded(number, value) for number, value in self.policy.items())
        message = b"".join(
            (
                *(encoded(1 + at, value) for at, value in enumerate((self.kind, self.family, self.protocol))),
                *(encoded(4 + at, value) for at, value in enumerate((self.client, self.server))),
                *(encoded(6 + at, value) for at, value in enumerate((self.port, self.server_port))),
                _time(8, self.query_us),
                encoded(10, self.query),
                encoded(11, self.zone),
                _time(12, self.response_us),
                encoded(14, self.response),
                encoded(15, policy or None),
            )
        )
        return encoded(1, self.identity) + encoded(2, self.version) + encoded(14, message) + encoded(15, 1)


def _time(number: int, us: int | None) -> bytes:
    """Seconds and nanoseconds of a time, so many microseconds after `SECOND`."""
    if us is None:
        return b""
    seconds, rest = divmod(us, 1_000_000)
    return encoded(number, SECOND + seconds) + fixed32(number + 1, rest * 1000)


def write_file(path: Path, messages: Sequence[Told | bytes], content_type: bytes = CONTENT_TYPE) -> Path:
    """A file of these messages, or contents of frames; gives its path."""
    contents = (one if isinstance(one, bytes) else one.content() for one in messages)
    frames = b"".join(data(content) for content in contents)
    path.write_bytes(control(START, content_type) + frames + control(STOP))
    return path
