"""Make captures of flow exports and a file of DNS server messages, from fixed seeds: the same bytes on every machine.

python benches/flow_maker.py FOLDER

netflow9, ipfix and sflow are what 20 exporters of 48 interfaces send in 30 s; records (sFlow: samples) are of the same
traffic: clients and servers as uneven as in life (Zipf), nearly every record with another port of the client. dnstap is
a file in Frame Streams with questions and answers as a resolver tells of them.
"""

from __future__ import annotations

import argparse
import itertools
import struct
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import maker
import packets as p

RECORDS = {"netflow9": 3_000_000, "ipfix": 3_000_000, "sflow": 3_000_000, "messages": 1_000_000}
"""Of each file: enough that the output of all interfaces, which is taken off, is no more than what they cost."""
EXPORTERS, INTERFACES = 20, 48
SPAN_S = 30
CLIENTS, SERVERS, NAMES = 50_000, 5_000, 100_000
SERVER_PORTS, SERVER_PORT_SHARES = (443, 53, 80, 123, 22, 8080), (60, 20, 12, 4, 2, 2)
COLLECTOR = 0xC0000201
PORTS = {"netflow9": 2055, "ipfix": 4739, "sflow": 6343}
TEMPLATE = 256
RECORDS_OF_A_DATAGRAM = 26
SAMPLES_OF_A_DATAGRAM = 7
SAMPLING_RATE = 1000
HEADER_BYTES = 128
"""Of each packet that sFlow samples."""

FIELDS = ((8, 4), (12, 4), (15, 4), (10, 4), (14, 4), (2, 4), (1, 4), (7, 2), (11, 2), (6, 1), (4, 1), (5, 1), (16, 4))
FIELDS_OF_TIME = {"netflow9": ((22, 4), (21, 4)), "ipfix": ((152, 8), (153, 8))}
"""Information elements with their widths; those of time differ."""

_RECORD = struct.Struct(">IIIIIIIHHBBBI")
_UPTIMES, _MILLISECONDS = struct.Struct(">II"), struct.Struct(">QQ")


@dataclass(frozen=True)
class Flow:
    """One flow, or one packet of it."""

    source: int
    target: int
    ports: tuple[int, int]
    protocol: int
    interfaces: tuple[int, int]
    packets: int
    octets: int


class Traffic:
    """An endless draw of flows."""

    def __init__(self, random: Random) -> None:
        self._random = random
        clients = [0x0A000000 + number for number in random.sample(range(1 << 20), CLIENTS)]
        servers = random.sample(range(0x01000000, 0xDF000000), SERVERS)
        self._client = maker.Drawn(random, clients, maker.zipf(CLIENTS, 0.9))
        self._server = maker.Drawn(random, servers, maker.zipf(SERVERS, 1.0))
        self._port = maker.Drawn(random, SERVER_PORTS, list(itertools.accumulate(SERVER_PORT_SHARES)))

    def flow(self) -> Flow:
        random, port = self._random, self._port.next()
        source, target, ports = self._client.next(), self._server.next(), (random.randrange(1024, 65536), port)
        if random.random() < 0.5:
            source, target, ports = target, source, ports[::-1]
        packets = min(int(random.paretovariate(1.2)), 100_000)
        interfaces = random.randint(1, INTERFACES), random.randint(1, INTERFACES)
        octets = packets * random.randint(64, 1400)
        return Flow(source, target, ports, p.UDP if port in (53, 123) else p.TCP, interfaces, packets, octets)


def record(flow: Flow) -> bytes:
    """A record by `FIELDS`."""
    head = (flow.source, flow.target, 0x0A0000FE, *flow.interfaces, flow.packets, flow.octets, *flow.ports)
    return _RECORD.pack(*head, 0x1B, flow.protocol, 0, 64_500)


def data_set(number: int, body: bytes) -> bytes:
    return struct.pack(">HH", number, 4 + len(body)) + body


def template_set(name: str, number: int) -> bytes:
    fields = (*FIELDS, *FIELDS_OF_TIME[name])
    body = b"".join(struct.pack(">HH", *field) for field in fields)
    return data_set(number, struct.pack(">HH", TEMPLATE, len(fields)) + body)


def netflow9(traffic: Traffic, at_ms: int, sequence: int, exporter: int) -> tuple[bytes, int]:
    """A datagram (RFC 3954) and its records; the first of an exporter brings the template."""
    times = _UPTIMES.pack(at_ms, at_ms + 500)
    body = b"".join(record(traffic.flow()) + times for _ in range(RECORDS_OF_A_DATAGRAM))
    sets = (template_set("netflow9", 0) if sequence == 0 else b"") + data_set(TEMPLATE, body)
    head = struct.pack(">HHIIII", 9, RECORDS_OF_A_DATAGRAM, at_ms, maker.START_S + at_ms // 1000, sequence, exporter)
    return head + sets, RECORDS_OF_A_DATAGRAM


def ipfix(traffic: Traffic, at_ms: int, sequence: int, exporter: int) -> tuple[bytes, int]:
    """A message (RFC 7011) and its records; the first of an exporter brings the template."""
    now_ms = maker.START_S * 1000 + at_ms
    times = _MILLISECONDS.pack(now_ms, now_ms + 500)
    body = b"".join(record(traffic.flow()) + times for _ in range(RECORDS_OF_A_DATAGRAM))
    sets = (template_set("ipfix", 2) if sequence == 0 else b"") + data_set(TEMPLATE, body)
    counted = sequence * RECORDS_OF_A_DATAGRAM
    return struct.pack(">HHIII", 10, 16 + len(sets), now_ms // 1000, counted, exporter) + sets, RECORDS_OF_A_DATAGRAM


def sflow(traffic: Traffic, at_ms: int, sequence: int, exporter: int) -> tuple[bytes, int]:
    """A datagram ("sFlow Version 5") and its samples: the first bytes of packets."""
    numbers = range(sequence * SAMPLES_OF_A_DATAGRAM, (sequence + 1) * SAMPLES_OF_A_DATAGRAM)
    body = b"".join(sample(traffic.flow(), number) for number in numbers)
    agent = 0x0A640000 + exporter
    return struct.pack(">IIIIIII", 5, 1, agent, 0, sequence, at_ms, len(numbers)) + body, len(numbers)


def sample(flow: Flow, number: int) -> bytes:
    """A flow sample with one raw header."""
    size = min(flow.octets // flow.packets, 1400)
    segment = (
        p.tcp(flow.ports, 1, 0x18, b"", b"") if flow.protocol == p.TCP else struct.pack(">HHHH", *flow.ports, 8, 0)
    )
    frame = (p.PLAIN_IPV4 + p.ipv4(flow.protocol, flow.source, flow.target, size) + segment).ljust(HEADER_BYTES, b"\0")
    raw = struct.pack(">IIII", 1, size + 34, 4, len(frame)) + frame
    source, pool = flow.interfaces[0], number * SAMPLING_RATE
    head = struct.pack(">IIIIIIII", number, source, SAMPLING_RATE, pool, 0, *flow.interfaces, 1)
    body = head + struct.pack(">II", 1, len(raw)) + raw
    return struct.pack(">II", 1, len(body)) + body


def file_name(name: str) -> str:
    """The name of a file tells how many records it has, so that none of another size is taken for it."""
    return f"{name}-{RECORDS[name]}"


FORMATS: dict[str, Callable[[Traffic, int, int, int], tuple[bytes, int]]] = {
    "netflow9": netflow9,
    "ipfix": ipfix,
    "sflow": sflow,
}


def exports(name: str, count: int) -> Iterator[maker.Packet]:
    """Datagrams of all exporters in turn, with at least so many records."""
    traffic, port, make, made = Traffic(Random(name)), PORTS[name], FORMATS[name], 0
    for step in itertools.count():
        if made >= count:
            return
        sequence, exporter = divmod(step, EXPORTERS)
        at_ms = made * SPAN_S * 1000 // count
        payload, records = make(traffic, at_ms, sequence, exporter)
        frame = p.udp4(0x0A640000 + exporter, COLLECTOR, (40_000, port), payload)
        made += records
        yield at_ms * 1000, frame, len(frame)


def field(number: int, value: int | bytes) -> bytes:
    """A field of a protocol buffer: a number (type 0) or bytes (type 2)."""
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def fixed32(number: int, value: int) -> bytes:
    """A field of four bytes (type 5)."""
    return varint(number << 3 | 5) + struct.pack("<I", value)


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


CLIENT_QUERY, CLIENT_RESPONSE = 5, 6
CONTENT_TYPE = b"protobuf:dnstap.Dnstap"


def told(kind: int, client: int, port: int, at_us: int, message: bytes) -> bytes:
    """A message as dnstap.proto has it: of a resolver at 192.0.2.53, over UDP and IPv4."""
    seconds, microseconds = divmod(at_us, 1_000_000)
    first = kind == CLIENT_QUERY
    times = field(8 if first else 12, maker.START_S + seconds) + fixed32(9 if first else 13, microseconds * 1000)
    addresses = field(4, client.to_bytes(4)) + field(5, bytes([192, 0, 2, 53])) + field(6, port) + field(7, 53)
    inner = field(1, kind) + field(2, 1) + field(3, 1) + addresses + times + field(10 if first else 14, message)
    return field(1, b"resolver") + field(2, b"bench 1.0") + field(14, inner) + field(15, 1)


def told_messages(count: int) -> Iterator[bytes]:
    """So many messages: a question and its answer in turn, a millisecond apart."""
    random = Random("dnstap")
    names = maker.make_names(random, NAMES)
    name = maker.Drawn(random, range(NAMES), maker.zipf(NAMES, 0.95))
    client = maker.Drawn(random, [0x0A000000 + number for number in range(CLIENTS)], maker.zipf(CLIENTS, 0.9))
    kind = maker.Drawn(random, maker.TYPES, list(itertools.accumulate(maker.TYPE_SHARES)))
    for step in range(count // 2):
        at_us = step * SPAN_S * 2_000_000 // count
        number, asker, port = random.getrandbits(16), client.next(), random.randrange(1024, 65536)
        asked, wanted = names[name.next()], kind.next()
        records = 0 if random.random() < 0.1 else random.choices((1, 2, 3), (60, 25, 15))[0]
        question = p.question(number, asked, wanted, has_edns=True)
        answer = p.answer(number, asked, wanted, records, has_edns=True)
        yield told(CLIENT_QUERY, asker, port, at_us, question)
        yield told(CLIENT_RESPONSE, asker, port, at_us + 1000, answer)


def write_frames(path: Path, frames: Iterable[bytes]) -> None:
    """A file in Frame Streams: START with the content type, data, STOP."""
    control = struct.pack(">III", 2, 1, len(CONTENT_TYPE)) + CONTENT_TYPE
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("wb", buffering=1 << 20) as target:
        target.write(struct.pack(">II", 0, len(control)) + control)
        for frame in frames:
            target.write(struct.pack(">I", len(frame)) + frame)
        target.write(struct.pack(">III", 0, 4, 3))
    unfinished.rename(path)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(arguments).folder
    folder.mkdir(parents=True, exist_ok=True)
    for name in FORMATS:
        maker.write(folder / f"{file_name(name)}.pcap", exports(name, RECORDS[name]))
    write_frames(folder / f"{file_name('messages')}.dnstap", told_messages(RECORDS["messages"]))


if __name__ == "__main__":
    main(sys.argv[1:])
