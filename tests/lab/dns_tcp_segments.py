"""dns_tcp_segments.pcap: DNS over TCP whose segments come late, twice, overlapping or not at all.

Six queries and their answers, recorded in dns_tcp.pcap, are cut into small segments again; each connection has its own
client port, second of time and order of segments. Needs no rights.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from dns_message import framed, query
from frames import ACK, ETHERNET_HEADER_BYTES, FIN, PSH, RST, SYN, TCP, Path, packet, tcp
from netlab import CAPTURES
from pcapfile import Packet, read_pcap, write_capture

START_NS = 1_750_000_000_000_000_000
STEP_NS = 1_000_000
SEGMENT_BYTES = 100
NAMES = ("www.lab.test", "mail.lab.test", "missing.lab.test", "a.wild.lab.test", "alias.lab.test", "only4.lab.test")
CLIENT, SERVER = "10.9.0.1", "10.9.0.2"


@dataclass(frozen=True)
class Segment:
    """Bytes of one direction of a TCP stream, and where they belong."""

    offset: int
    data: bytes


def cut(stream: bytes, size: int = SEGMENT_BYTES) -> list[Segment]:
    """The stream in segments of `size` bytes."""
    return [Segment(offset, stream[offset : offset + size]) for offset in range(0, len(stream), size)]


def recorded_answers() -> bytes:
    """The server's side of the first connection of dns_tcp.pcap: the six answers, framed."""
    stream: dict[int, bytes] = {}
    client_port = None
    for frame in read_pcap(CAPTURES / "dns_tcp.pcap"):
        if frame.data[12:14] != b"\x08\x00" or frame.data[23] != TCP:
            continue
        segment = frame.data[
            ETHERNET_HEADER_BYTES + 20 : ETHERNET_HEADER_BYTES + struct.unpack_from("!H", frame.data, 16)[0]
        ]
        source, destination, sequence = struct.unpack_from("!HHI", segment)
        client_port = client_port or source
        if (source, destination) == (53, client_port):
            stream[sequence] = segment[(segment[12] >> 4) * 4 :]
    return b"".join(stream[sequence] for sequence in sorted(stream))


Order = Callable[[list[Segment]], Sequence[Segment]]


def overlapping(segments: list[Segment]) -> list[Segment]:
    """Each segment starts with the second half of the one before."""
    half = SEGMENT_BYTES // 2
    overlaps = [Segment(b.offset - half, a.data[-half:] + b.data) for a, b in pairwise(segments)]
    return [segments[0], *overlaps]


ORDERS: dict[str, Order] = {
    "in order": lambda segments: segments,
    "neighbours swapped": lambda s: [s[i ^ 1] if i ^ 1 < len(s) else s[i] for i in range(len(s))],
    "backwards": lambda segments: segments[::-1],
    "each one twice": lambda segments: [segment for one in segments for segment in (one, one)],
    "all sent again": lambda segments: segments + segments,
    "overlapping": overlapping,
    "one lost in the middle": lambda segments: segments[:2] + segments[3:],
    "the first one lost": lambda segments: segments[1:],
    "the last one lost": lambda segments: segments[:-1],
}


class Conversation:
    """Builds the frames of one TCP connection, a millisecond apart."""

    def __init__(self, start_ns: int, path: Path, client_start: int, server_start: int) -> None:
        self.packets: list[Packet] = []
        self._time_ns = start_ns
        self._path = path
        self._starts = {path: client_start, path.reversed(): server_start}
        self._ends = dict.fromkeys(self._starts, 0)

    def send(self, from_client: bool, flags: int, segment: Segment, syn_bytes: int = 1) -> None:
        """Add one frame; offsets count from the first byte after the SYN."""
        path = self._path if from_client else self._path.reversed()
        back = path.reversed()
        sequence = self._starts[path] + syn_bytes + segment.offset
        acknowledgement = self._starts[back] + 1 + self._ends[back] if flags & ACK else 0
        data = packet(path, TCP, tcp(path, sequence, acknowledgement, flags, segment.data))
        self.packets.append(Packet(self._time_ns, data))
        self._time_ns += STEP_NS
        self._ends[path] = max(self._ends[path], segment.offset + len(segment.data))

    def open(self) -> None:
        """The three-way handshake."""
        nothing = Segment(0, b"")
        self.send(True, SYN, nothing, syn_bytes=0)
        self.send(False, SYN | ACK, nothing, syn_bytes=0)
        self.send(True, ACK, nothing)

    def close(self, asked: int, answered: int) -> None:
        """Both sides finish."""
        self.send(True, FIN | ACK, Segment(asked, b""))
        self.send(False, FIN | ACK, Segment(answered, b""))
        self.send(True, ACK, Segment(asked + 1, b""))


def conversation(number: int, order: Order, *, server_start: int = 7_000, size: int = SEGMENT_BYTES) -> Conversation:
    """One connection with all queries, then the answers in segments of `size` in the given order."""
    asked = b"".join(framed(query(name, identity=4096 + i)) for i, name in enumerate(NAMES))
    answered = recorded_answers()
    path = Path(CLIENT, 40_000 + number, SERVER, 53)
    built = Conversation(START_NS + number * 1_000_000_000, path, 1_000, server_start)
    built.open()
    built.send(True, PSH | ACK, Segment(0, asked))
    for segment in order(cut(answered, size)):
        built.send(False, ACK, segment)
    built.close(len(asked), len(answered))
    return built


def main() -> None:
    """All orders, then tiny segments, sequence numbers that wrap, a missing handshake and a reset."""
    conversations = [conversation(number, order).packets for number, order in enumerate(ORDERS.values())]
    number = len(conversations)
    in_order = ORDERS["in order"]
    conversations.append(conversation(number, in_order, size=7).packets)
    conversations.append(conversation(number + 1, in_order, server_start=2**32 - 250).packets)
    conversations.append(conversation(number + 2, ORDERS["backwards"], server_start=2**32 - 250).packets)
    conversations.append(conversation(number + 3, in_order).packets[3:])
    reset = conversation(number + 4, in_order)
    reset.packets = reset.packets[:5]
    reset.send(True, RST | ACK, Segment(0, b""))
    conversations.append(reset.packets)
    write_capture("dns_tcp_segments.pcap", [packet for packets in conversations for packet in packets])


if __name__ == "__main__":
    main()
