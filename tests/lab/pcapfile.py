"""Reading and writing pcap files, and writing pcapng, with nothing but the standard library.

Only what the recording scripts need: classic pcap in either byte order and resolution
(draft-ietf-opsawg-pcap), and pcapng blocks as bytes (draft-ietf-opsawg-pcapng).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from netlab import CAPTURES

MICROSECONDS_MAGIC = 0xA1B2C3D4
NANOSECONDS_MAGIC = 0xA1B23C4D
SNAP_LENGTH = 262_144

NULL, ETHERNET, PPP, RAW, LOOP, IPV4, IPV6 = 0, 1, 9, 101, 108, 228, 229


@dataclass(frozen=True)
class Packet:
    """One captured frame: time in nanoseconds since 1970, the bytes kept, and how long it was on the wire."""

    time_ns: int
    data: bytes
    wire_bytes: int = 0

    def with_data(self, data: bytes) -> Packet:
        """The same moment with other bytes."""
        return Packet(self.time_ns, data)

    @property
    def length(self) -> int:
        """Bytes on the wire."""
        return self.wire_bytes or len(self.data)


def read_pcap(path: Path) -> list[Packet]:
    """All packets of a classic pcap file."""
    data = path.read_bytes()
    order = "<" if data[:4] in (struct.pack("<I", MICROSECONDS_MAGIC), struct.pack("<I", NANOSECONDS_MAGIC)) else ">"
    unit_ns = 1 if struct.unpack_from(order + "I", data)[0] == NANOSECONDS_MAGIC else 1000
    packets, offset = [], 24
    while offset < len(data):
        seconds, fraction, kept, wire_bytes = struct.unpack_from(order + "IIII", data, offset)
        body = data[offset + 16 : offset + 16 + kept]
        packets.append(Packet(seconds * 1_000_000_000 + fraction * unit_ns, body, wire_bytes))
        offset += 16 + kept
    return packets


def pcap_bytes(packets: Iterable[Packet], link_type: int = ETHERNET, order: str = "<", nano: bool = False) -> bytes:
    """A classic pcap file as bytes; `order` is "<" for little-endian, ">" for big-endian."""
    magic, unit_ns = (NANOSECONDS_MAGIC, 1) if nano else (MICROSECONDS_MAGIC, 1000)
    parts = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, SNAP_LENGTH, link_type)]
    for packet in packets:
        seconds, rest_ns = divmod(packet.time_ns, 1_000_000_000)
        parts.append(struct.pack(order + "IIII", seconds, rest_ns // unit_ns, len(packet.data), packet.length))
        parts.append(packet.data)
    return b"".join(parts)


def padded(data: bytes) -> bytes:
    """Data filled up to a multiple of four bytes."""
    return data + bytes(-len(data) % 4)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    """One pcapng block: type, length, body, length."""
    length = len(padded(body)) + 12
    return struct.pack(order + "II", kind, length) + padded(body) + struct.pack(order + "I", length)


def section_header(order: str = "<") -> bytes:
    """A section header block with unknown section length."""
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface_description(link_type: int, name: str, resolution: int | None = None, order: str = "<") -> bytes:
    """An interface description block; `resolution` is the exponent of if_tsresol (9 for nanoseconds)."""
    options = struct.pack(order + "HH", 2, len(name)) + padded(name.encode())
    if resolution is not None:
        options += struct.pack(order + "HH", 9, 1) + padded(bytes([resolution]))
    fields = struct.pack(order + "HHI", link_type, 0, SNAP_LENGTH)
    return block(1, fields + options + struct.pack(order + "HH", 0, 0), order)


def enhanced_packet(interface: int, packet: Packet, resolution: int = 6, order: str = "<") -> bytes:
    """An enhanced packet block with the time in units of 10^-resolution seconds."""
    ticks = packet.time_ns // 10 ** (9 - resolution)
    head = struct.pack(order + "IIIII", interface, ticks >> 32, ticks & 0xFFFFFFFF, len(packet.data), packet.length)
    return block(6, head + packet.data, order)


def simple_packet(packet: Packet) -> bytes:
    """A simple packet block: no time, no interface number."""
    return block(3, struct.pack("<I", packet.length) + packet.data)


def pcapng_bytes(blocks: Sequence[bytes], order: str = "<") -> bytes:
    """A pcapng file of one section."""
    return section_header(order) + b"".join(blocks)


def write_capture(name: str, packets: Iterable[Packet], link_type: int = ETHERNET) -> None:
    """Write a little-endian microsecond pcap file among the project's captures."""
    (CAPTURES / name).write_bytes(pcap_bytes(packets, link_type))
