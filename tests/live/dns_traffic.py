"""A name server on the loopback interface, and a client that asks it ten times a second, for two minutes at most."""

from __future__ import annotations

import socket
import struct
import threading
import time

NAMES = ("www.example.com", "www.example.com", "mail.example.org", "missing.example.com")
LONGEST_S = 120.0
A, INTERNET = 1, 1
NXDOMAIN = 3


def question(number: int, name: str) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, A, INTERNET)


def answer(query: bytes) -> bytes:
    if b"missing" in query:
        return query[:2] + struct.pack(">HHHHH", 0x8180 | NXDOMAIN, 1, 0, 0, 0) + query[12:]
    address = b"\xc0\x0c" + struct.pack(">HHIH", A, INTERNET, 60, 4) + bytes([192, 0, 2, 1])
    return query[:2] + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0) + query[12:] + address


def serve(server: socket.socket) -> None:
    while True:
        query, asker = server.recvfrom(512)
        server.sendto(answer(query), asker)


def main() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 53))
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        for number in range(int(LONGEST_S * 10)):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.sendto(question(number % 65536, NAMES[number % len(NAMES)]), server.getsockname())
                time.sleep(0.1)


if __name__ == "__main__":
    main()
