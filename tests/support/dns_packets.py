"""Captures of DNS messages, made by hand: who asks whom, what the header says, which records follow."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

CLIENT, SERVER = ("192.0.2.10", 40_000), ("192.0.2.53", 53)
A, NS, CNAME, SOA, OPT, AXFR = 1, 2, 5, 6, 41, 252
UDP, TCP = 17, 6

End = tuple[str, int]


def name_bytes(name: str) -> bytes:
    """A name on the wire."""
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def record(kind: int, *, name: str = "", seconds: int = 0, data: bytes = b"\0") -> bytes:
    """A resource record."""
    return name_bytes(name) + struct.pack("!HHIH", kind, 1, seconds, len(data)) + data


def opt(extended_rcode: int = 0, options: bytes = b"") -> bytes:
    """An OPT record (RFC 6891 section 6.1.2)."""
    return record(OPT, seconds=extended_rcode << 24, data=options)


@dataclass(frozen=True)
class Message:
    """A DNS message."""

    name: str | None = "www.example.com"
    """Of the question; None for a message without one."""
    qtype: int = A
    identity: int = 1
    flags: int = 0x0100
    sections: tuple[Sequence[bytes], Sequence[bytes], Sequence[bytes]] = ((), (), ())

    @property
    def payload(self) -> bytes:
        counts = [len(section) for section in self.sections]
        head = struct.pack("!6H", self.identity, self.flags, int(self.name is not None), *counts)
        question = b"" if self.name is None else name_bytes(self.name) + struct.pack("!HH", self.qtype, 1)
        return head + question + b"".join(part for section in self.sections for part in section)


def reply(
    rcode: int = 0,
    *,
    flags: int = 0x8180,
    answers: Sequence[bytes] = (),
    authority: Sequence[bytes] = (),
    additional: Sequence[bytes] = (),
    name: str | None = "www.example.com",
    qtype: int = A,
    identity: int = 1,
) -> Message:
    """A response."""
    return Message(name, qtype, identity, flags | rcode, (answers, authority, additional))


@dataclass
class Story:
    """Packets in the order in which they are told."""

    frames: list[tuple[float, bytes]] = field(default_factory=list)
    _sequences: dict[tuple[End, End], int] = field(default_factory=dict)

    def udp(self, second: float, source: End, destination: End, message: Message) -> Story:
        """A message in a datagram."""
        payload = message.payload
        datagram = struct.pack("!HHHH", source[1], destination[1], 8 + len(payload), 0) + payload
        return self._packet(second, source, destination, UDP, datagram)

    def tcp(self, second: float, source: End, destination: End, message: Message) -> Story:
        """A message in a segment of its own; the first one of a side begins the side's stream."""
        payload = struct.pack("!H", len(message.payload)) + message.payload
        sequence = self._sequences.get((source, destination), 1000)
        self._sequences[source, destination] = sequence + len(payload)
        head = struct.pack("!HHIIBBHHH", source[1], destination[1], sequence, 1, 5 << 4, 0x18, 65535, 0, 0)
        return self._packet(second, source, destination, TCP, head + payload)

    def _packet(self, second: float, source: End, destination: End, protocol: int, body: bytes) -> Story:
        addresses = b"".join(ipaddress.ip_address(end[0]).packed for end in (source, destination))
        if ":" in source[0]:
            head, ethertype = struct.pack("!IHBB", 6 << 28, len(body), protocol, 64), 0x86DD
        else:
            head, ethertype = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, 64, protocol, 0), 0x0800
        frame = bytes(12) + struct.pack("!H", ethertype) + head + addresses + body
        self.frames.append((second, frame))
        return self

    def write(self, path: Path) -> Path:
        """A pcap file of them."""
        parts = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1)]
        for second, frame in self.frames:
            microseconds = round(second * 1_000_000) + 1_700_000_000 * 1_000_000
            whole, rest = divmod(microseconds, 1_000_000)
            parts += [struct.pack("<IIII", whole, rest, len(frame), len(frame)), frame]
        path.write_bytes(b"".join(parts))
        return path
