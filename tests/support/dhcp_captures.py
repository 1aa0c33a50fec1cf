"""DHCP exchanges as capture files, made of bytes (RFC 2131, RFC 8415)."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable
from pathlib import Path

ETHERNET, COOKED, COOKED_2 = 1, 113, 276
CLIENT, SERVER = "020000000005", "020000000009"
"""Hardware addresses."""
SERVER_ADDRESS = "192.0.2.1"
COOKIE = bytes.fromhex("63825363")
DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM = range(1, 9)
END = b"\xff"


def option(code: int, data: bytes | str) -> bytes:
    """One option of IPv4."""
    data = data.encode() if isinstance(data, str) else data
    return bytes([code, len(data)]) + data


def message_v4(
    options: bytes,
    *,
    given: str = "0.0.0.0",
    has_already: str = "0.0.0.0",
    hardware: str = CLIENT,
    identifier: int = 7,
    file: bytes = b"",
    server_name: bytes = b"",
) -> bytes:
    """A message with these options, as they are."""
    addresses = b"".join(ipaddress.IPv4Address(text).packed for text in (has_already, given, "0.0.0.0", "0.0.0.0"))
    fixed = struct.pack("!BBBBIHH", 1, 1, 6, 0, identifier, 0, 0) + addresses
    fields = bytes.fromhex(hardware).ljust(16, b"\0") + server_name.ljust(64, b"\0") + file.ljust(128, b"\0")
    return fixed + fields + COOKIE + options


def option_v6(code: int, data: bytes) -> bytes:
    """One option of IPv6."""
    return struct.pack("!HH", code, len(data)) + data


def relayed(message_type: int, message: bytes) -> bytes:
    """A message within a relay's."""
    return bytes([message_type]) + bytes(33) + option_v6(9, message)


def datagram_v4(source: str, destination: str, message: bytes) -> bytes:
    """An IPv4 packet between the ports of DHCP."""
    udp = struct.pack("!HHHH", 68, 67, 8 + len(message), 0) + message
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0)
    return head + ipaddress.IPv4Address(source).packed + ipaddress.IPv4Address(destination).packed + udp


def datagram_v6(source: str, destination: str, message: bytes) -> bytes:
    """An IPv6 packet between the ports of DHCP servers and relays."""
    udp = struct.pack("!HHHH", 547, 547, 8 + len(message), 0) + message
    head = struct.pack("!IHBB", 6 << 28, len(udp), 17, 64)
    return head + ipaddress.IPv6Address(source).packed + ipaddress.IPv6Address(destination).packed + udp


def framed(link_type: int, source: str, packet: bytes) -> bytes:
    """A packet behind the header of a link, with its sender's hardware address."""
    kind = 0x86DD if packet[0] >> 4 == 6 else 0x0800
    sender = bytes.fromhex(source)
    if link_type == COOKED:
        return struct.pack("!HHH", 0, 1, 6) + sender.ljust(8, b"\0") + struct.pack("!H", kind) + packet
    if link_type == COOKED_2:
        return struct.pack("!HHIHBB", kind, 0, 2, 1, 0, 6) + sender.ljust(8, b"\0") + packet
    return bytes.fromhex("ffffffffffff") + sender + struct.pack("!H", kind) + packet


def client_says(message: bytes, *, source: str = "0.0.0.0", destination: str = "255.255.255.255") -> tuple[str, bytes]:
    """A client's message, with its hardware address."""
    return CLIENT, datagram_v4(source, destination, message)


def server_says(message: bytes) -> tuple[str, bytes]:
    """A server's message, with its hardware address."""
    return SERVER, datagram_v4(SERVER_ADDRESS, "255.255.255.255", message)


def write_capture(path: Path, packets: Iterable[tuple[str, bytes]], link_type: int = ETHERNET) -> str:
    """Write packets, each with its sender, a millisecond apart. Gives the path."""
    parts = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link_type)]
    for number, (source, packet) in enumerate(packets):
        frame = framed(link_type, source, packet)
        parts.append(struct.pack("<IIII", 1_700_000_000, number * 1000, len(frame), len(frame)) + frame)
    path.write_bytes(b"".join(parts))
    return str(path)
