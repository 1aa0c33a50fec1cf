"""Answers pings of IPv4 in its own way, instead of the kernel: a command for a namespace of its own.

By their sequence numbers, the first of four requests is answered twice, the second late, the third with another token,
the fourth never.
"""

from __future__ import annotations

import socket
import struct
import sys
import threading
from pathlib import Path


def checksum(message: bytes) -> int:
    """The checksum of the Internet (RFC 1071) over bytes of even number."""
    total: int = sum(struct.unpack(f"!{len(message) // 2}H", message))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def reply_to(request: bytes, token: bytes) -> bytes:
    body = request[4:8] + token + request[16:]
    return struct.pack("!BBH", 0, 0, checksum(b"\0\0\0\0" + body)) + body


def respond(late_s: float) -> None:
    Path("/proc/sys/net/ipv4/icmp_echo_ignore_all").write_text("1")
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as wire:
        print("ready", flush=True)
        while True:
            packet, sender = wire.recvfrom(2048)
            request = packet[(packet[0] & 0x0F) * 4 :]
            if request[0] != 8:
                continue
            (sequence,) = struct.unpack_from("!H", request, 6)
            reply = reply_to(request, request[8:16])
            match sequence % 4:
                case 0:
                    wire.sendto(reply, sender)
                    wire.sendto(reply, sender)
                case 1:
                    threading.Timer(late_s, wire.sendto, (reply, sender)).start()
                case 2:
                    wire.sendto(reply_to(request, bytes(8)), sender)


if __name__ == "__main__":
    respond(float(sys.argv[1]))
