"""Send datagrams of NetFlow 5 to a port of this host at a rate, and print how many it were and in what time.

python benches/flow_sender.py PORT [--rate 100000] [--seconds 10] [--records 10]

Several datagrams go by one system call (UDP_SEGMENT); the kernel parts them before anybody receives them. Each has its
own sequence number, so that the receiver can tell what it missed.
"""

from __future__ import annotations

import argparse
import socket
import struct
import sys
import time
from collections.abc import Sequence

UDP_SEGMENT = 103
"""Socket option of Linux: the bytes of each datagram of a call."""
BURST = 32
HEADER = struct.Struct(">HHIIIIBBH")
SEQUENCE_OFFSET, SEQUENCE = 16, struct.Struct(">I")
RECORD = struct.Struct(">IIIHHIIIIHHBBBBHHBBH")


def datagram(records: int) -> bytes:
    """A datagram of so many records, each of another client and port."""
    now_s = int(time.time())
    head = HEADER.pack(5, records, 100_000, now_s, 0, 0, 0, 1, 0)
    return head + b"".join(record(number) for number in range(records))


def record(number: int) -> bytes:
    client, server = 0x0A000000 + number * 7919 % 65536, 0xC0000200 + number % 200
    interfaces, counts, times = (number % 48 + 1, number * 5 % 48 + 1), (3, 1800), (90_000, 99_000)
    ports = (1024 + number * 31 % 60_000, 443)
    return RECORD.pack(
        client, server, 0, *interfaces, *counts, *times, *ports, 0, 0x1B, 6, 0, 64_500, 64_501, 24, 24, 0
    )


def send(port: int, rate: int, seconds: float, records: int) -> tuple[int, float]:
    """Send at a rate; give the number of datagrams and the seconds that it took."""
    one = datagram(records)
    burst = bytearray(one * BURST)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, len(one))
        sender.connect(("127.0.0.1", port))
        started = time.perf_counter()
        bursts = int(rate * seconds) // BURST
        for number in range(bursts):
            for at in range(BURST):
                sequence = (number * BURST + at) * records & 0xFFFFFFFF
                SEQUENCE.pack_into(burst, at * len(one) + SEQUENCE_OFFSET, sequence)
            due = started + number * BURST / rate
            while time.perf_counter() < due:
                pass
            sender.send(burst)
        return bursts * BURST, time.perf_counter() - started


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("--rate", type=int, default=100_000, help="datagrams per second")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--records", type=int, default=10, help="records of a datagram")
    options = parser.parse_args(arguments)
    print(*send(options.port, options.rate, options.seconds, options.records))


if __name__ == "__main__":
    main(sys.argv[1:])
