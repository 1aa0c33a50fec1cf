"""Make captures that fill what the agent keeps open, from fixed seeds: the same bytes on every machine.

python benches/memory_maker.py FOLDER

*waiting* is 100,000 DNS questions that nobody answers and 300,000 TCP connections to a DNS server, each with the front
of a message, all within 4 s. *exporters* is what 10,000 exporters of 48 interfaces send in 30 s by NetFlow 5: 4.8
million records, half of them from 1 in 50 exporters.
"""

from __future__ import annotations

import argparse
import itertools
import struct
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import maker
import packets as p
from flow_sender import HEADER, RECORD

QUESTIONS, CONNECTIONS, WAITING_S = 100_000, 300_000, 4
EXPORTERS, INTERFACES, EXPORTERS_S = 10_000, 48, 30
RECORDS_OF_A_DATAGRAM = 24
"""In and out: a datagram tells of every interface once."""
HEAVY_SHARE = 50
ROUNDS, HEAVY_ROUNDS = 10, 500
"""Datagrams of an exporter, and of a heavy one."""
SERVER, COLLECTOR = 0xC6336401, 0xC0000201
SYN, PUSH = 0x02, 0x18


def waiting() -> Iterator[maker.Packet]:
    """A question and three connections in turn."""
    name = p.name_on_the_wire("www.example.com")
    for step in range(QUESTIONS):
        at_us = step * WAITING_S * 1_000_000 // QUESTIONS
        question = p.question(step & 0xFFFF, name, p.A, has_edns=False)
        yield framed(at_us, p.udp4(0x0A000000 + step, SERVER, (1024 + step % 60_000, 53), question))
        for number in range(step * 3, step * 3 + CONNECTIONS // QUESTIONS):
            yield from connection(at_us, 0x0A800000 + number // 50_000, 1024 + number % 50_000)


def connection(at_us: int, client: int, port: int) -> Iterator[maker.Packet]:
    """Its first segment, and one with a third of a message."""
    front = struct.pack(">H", 60) + bytes(20)
    for sequence, flags, payload in ((0, SYN, b""), (1, PUSH, front)):
        segment = p.tcp((port, 53), sequence, flags, b"", payload)
        yield framed(at_us, p.PLAIN_IPV4 + p.ipv4(p.TCP, client, SERVER, len(segment)) + segment)


def framed(at_us: int, frame: bytes) -> maker.Packet:
    return at_us, frame, len(frame)


def exporters() -> Iterator[maker.Packet]:
    """Datagrams of all exporters in turn, then of the heavy ones alone, as long as they have any."""
    random = Random("exporters")
    datagrams = EXPORTERS * ROUNDS + EXPORTERS // HEAVY_SHARE * (HEAVY_ROUNDS - ROUNDS)
    every, heavy = range(EXPORTERS), range(0, EXPORTERS, HEAVY_SHARE)
    rounds = itertools.chain(itertools.repeat(every, ROUNDS), itertools.repeat(heavy, HEAVY_ROUNDS - ROUNDS))
    turns = ((number, exporter) for number, senders in enumerate(rounds) for exporter in senders)
    for step, (number, exporter) in enumerate(turns):
        at_us = step * EXPORTERS_S * 1_000_000 // datagrams
        payload = datagram(random, number * RECORDS_OF_A_DATAGRAM)
        yield framed(at_us, p.udp4(0x0A640000 + exporter, COLLECTOR, (40_000, 2055), payload))


def datagram(random: Random, sequence: int) -> bytes:
    head = HEADER.pack(5, RECORDS_OF_A_DATAGRAM, 100_000, maker.START_S, 0, sequence, 0, 1, 0)
    return head + b"".join(record(random, number * 2 + 1) for number in range(RECORDS_OF_A_DATAGRAM))


def record(random: Random, interface: int) -> bytes:
    """A record from one interface to the next, of any client with any port."""
    bits = random.getrandbits(64)
    client, server, port = 0x0A000000 | bits & 0xFFFF, 0xC0000200 | bits >> 16 & 0xFF, 1024 + (bits >> 24 & 0x7FFF)
    packets = 1 + (bits >> 39 & 0xF)
    counts, times = (packets, packets * (64 + (bits >> 43 & 0x3FF))), (90_000, 99_000)
    return RECORD.pack(
        client, server, 0, interface, interface + 1, *counts, *times, port, 443, 0, 0x1B, 6, 0, 0, 0, 24, 24, 0
    )


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    maker.write(options.folder / "waiting.pcap", waiting())
    maker.write(options.folder / "exporters.pcap", exporters())


if __name__ == "__main__":
    main(sys.argv[1:])
