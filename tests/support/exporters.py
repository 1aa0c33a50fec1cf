"""What many exporters of many interfaces send by NetFlow 5, as frames."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from random import Random

from support.made_up import BEGIN_S

HEADER = struct.Struct(">HHIIIIBBH")
RECORD = struct.Struct(">IIIHHIIIIHHBBBBHHBBH")
FIRST_EXPORTER, COLLECTOR = 0x0A640000, 0xC0000264
RECORDS_OF_A_DATAGRAM = 24
STEP_NS = 1_000_000


def exporters_frames(*, exporters: int, interfaces: int, rounds: int = 1, seed: int = 1) -> list[tuple[int, bytes]]:
    """Frames with nanoseconds from the beginning: in each round every exporter tells of each interface once."""
    random = Random(seed)
    frames: list[tuple[int, bytes]] = []
    for turn in range(rounds):
        for exporter in range(exporters):
            for datagram in _datagrams(random, interfaces, turn):
                frames.append((len(frames) * STEP_NS, _frame(FIRST_EXPORTER + exporter, datagram)))
    return frames


def _datagrams(random: Random, interfaces: int, turn: int) -> Iterator[bytes]:
    pairs = [(number, number + 1) for number in range(1, interfaces, 2)]
    for first in range(0, len(pairs), RECORDS_OF_A_DATAGRAM):
        records = [_record(random, *pair) for pair in pairs[first : first + RECORDS_OF_A_DATAGRAM]]
        sequence = turn * len(pairs) + first
        yield HEADER.pack(5, len(records), 100_000, BEGIN_S, 0, sequence, 0, 1, 0) + b"".join(records)


def _record(random: Random, incoming: int, outgoing: int) -> bytes:
    client, server = 0x0A000000 | random.getrandbits(16), 0xC6336400 | random.getrandbits(8)
    packets, ports = random.randint(1, 16), (random.randint(1024, 65535), 443)
    counts = (packets, packets * random.randint(64, 1500))
    return RECORD.pack(
        client, server, 0, incoming, outgoing, *counts, 90_000, 99_000, *ports, 0, 0x1B, 6, 0, 0, 0, 24, 24, 0
    )


def _frame(source: int, payload: bytes) -> bytes:
    udp = struct.pack(">HHHH", 40_000, 2055, 8 + len(payload), 0)
    ip = struct.pack(">BBHHHBBHII", 0x45, 0, 28 + len(payload), 0, 0, 64, 17, 0, source, COLLECTOR)
    return bytes(12) + b"\x08\x00" + ip + udp + payload
