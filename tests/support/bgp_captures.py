"""Capture files of BGP sessions, built by hand."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable
from pathlib import Path

OPEN, UPDATE, NOTIFICATION, KEEPALIVE, ROUTE_REFRESH = 1, 2, 3, 4, 5

BGP_PORT = 179
SYN, PUSH_ACK = 0x02, 0x18
FIRST_SEQUENCE = 1000


def message(kind: int, body: bytes = b"", length: int | None = None) -> bytes:
    """A message, whose header may lie about the length."""
    return b"\xff" * 16 + struct.pack("!HB", 19 + len(body) if length is None else length, kind) + body


def withdrawing(count: int) -> bytes:
    """An UPDATE that withdraws so many networks 10.N.0.0/16."""
    networks = b"".join(bytes([16, 10, number % 256]) for number in range(count))
    return message(UPDATE, struct.pack("!H", len(networks)) + networks + b"\0\0")


def segment(at: int, payload: bytes, *, flags: int = PUSH_ACK, port: int = BGP_PORT, missing: int = 0) -> bytes:
    """A frame with bytes of the client's stream, the last of which may be missing from the capture."""
    tcp = struct.pack("!HHIIBBHHH", 40_000, port, FIRST_SEQUENCE + at, 1, 5 << 4, flags, 65535, 0, 0)
    addresses = b"".join(ipaddress.ip_address(end).packed for end in ("192.0.2.1", "192.0.2.2"))
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 40 + len(payload), 1, 0, 64, 6, 0) + addresses
    frame = bytes(12) + b"\x08\0" + ip + tcp + payload
    return frame[: len(frame) - missing]


def session(*payloads: bytes, port: int = BGP_PORT) -> list[bytes]:
    """Frames that begin a connection and send these payloads one behind the other."""
    frames, at = [segment(-1, b"", flags=SYN, port=port)], 0
    for payload in payloads:
        frames.append(segment(at, payload, port=port))
        at += len(payload)
    return frames


def write_capture(path: Path, frames: Iterable[bytes]) -> Path:
    """Write frames a millisecond apart; those that are cut say what they had on the wire. Gives the path."""
    parts = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)]
    for number, frame in enumerate(frames):
        wire_bytes = 14 + struct.unpack_from("!H", frame, 16)[0]
        parts.append(struct.pack("<IIII", 1_700_000_000, number * 1000, len(frame), wire_bytes) + frame)
    path.write_bytes(b"".join(parts))
    return path
