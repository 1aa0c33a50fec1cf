"""DNS queries as bytes, and a client that sends several of them on one TCP connection (RFC 7766, section 6.2.1.1).

python3 dns_message.py SERVER NAME [NAME ...]      pipelined queries, all in flight before the first answer
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys

HEADER = struct.Struct("!HHHHHH")
RECURSION_DESIRED = 0x0100
TYPES = {"A": 1, "NS": 2, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28}
CLASS_IN = 1


def query(name: str, qtype: str = "A", identity: int = 1, flags: int = RECURSION_DESIRED) -> bytes:
    """One DNS query without EDNS (RFC 1035, section 4)."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label)
    return HEADER.pack(identity, flags, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", TYPES[qtype], CLASS_IN)


def framed(message: bytes) -> bytes:
    """A message as it goes over TCP: two bytes of length in front (RFC 1035, section 4.2.2)."""
    return struct.pack("!H", len(message)) + message


def read_exactly(connection: socket.socket, size: int) -> bytes:
    """Read `size` bytes or raise EOFError."""
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise EOFError(f"connection closed {size - len(data)} bytes early")
        data += piece
    return data


def pipelined(server: str, names: list[str]) -> list[bytes]:
    """Ask for the addresses of all names on one connection before reading any answer; answers in any order."""
    with socket.create_connection((server, 53), timeout=5) as connection:
        connection.sendall(b"".join(framed(query(name, identity=4096 + i)) for i, name in enumerate(names)))
        sizes = (struct.unpack("!H", read_exactly(connection, 2))[0] for _ in names)
        return [read_exactly(connection, size) for size in sizes]


def hop_limited(server: str, name: str, hop_limit: int) -> None:
    """Send one query over UDP with a small TTL or hop limit, and wait shortly for what comes back."""
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.settimeout(0.3)
        if family == socket.AF_INET6:
            client.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, hop_limit)
        else:
            client.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, hop_limit)
        client.sendto(query(name), (server, 53))
        with contextlib.suppress(OSError):
            client.recv(4096)


def main(arguments: list[str]) -> None:
    """Run one of the two clients."""
    if arguments[0] == "--hop-limit":
        hop_limited(arguments[2], arguments[3], int(arguments[1]))
    else:
        pipelined(arguments[0], arguments[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
