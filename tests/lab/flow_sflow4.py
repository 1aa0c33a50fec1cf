"""flow_sflow4.pcap: what agents of sFlow 2 and 4 tell, built by hand. Needs no rights.

All sample one packet in 100 and send counters between the samples. The first tells of the way of its packets (VLANs,
next hop, autonomous systems), the second also of user and address of the web, and of packets that it has read itself,
which tshark can't read; the third speaks version 2.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Sequence

from flow_devices import COLLECTOR, CUT_BYTES, ETHERNET, MAIL, NAMES, NAMES6, SFLOW_PORT, START_NS, STEP_NS, WEB
from frames import ACK, TCP, UDP, Path, packet, tcp, udp
from pcapfile import Packet, padded, write_capture

RATE = 100
FLOW_SAMPLE, COUNTERS_SAMPLE = 1, 2
HEADER, IPV4, IPV6 = 1, 2, 3
SWITCH, ROUTER, GATEWAY, USER, URL = 1, 2, 3, 4, 5
COUNTERS_BYTES = {1: 88, 2: 140, 7: 28}
"""Of a plain interface, of Ethernet, of a VLAN."""


def words(*numbers: int) -> bytes:
    """Numbers of four bytes."""
    return struct.pack(f"!{len(numbers)}I", *numbers)


def opaque(content: bytes) -> bytes:
    """Bytes behind their number, filled up to a multiple of four."""
    return words(len(content)) + padded(content)


def header(frame: bytes) -> bytes:
    """The beginning of a sampled frame; on the wire it was four bytes longer."""
    return words(HEADER, ETHERNET, len(frame) + 4) + opaque(frame[:CUT_BYTES])


def ip_packet(kind: int, path: Path, protocol: int, octets: int) -> bytes:
    """A packet that the agent has read itself."""
    ends = b"".join(ipaddress.ip_address(end).packed for end in (path.source, path.destination))
    return words(kind, octets, protocol) + ends + words(path.source_port, path.destination_port, 0, 0)


def sample(told: bytes, incoming: int, outgoing: int, *extensions: bytes) -> bytes:
    """A packet that stands for `RATE` of them, and what the device knows of it beside."""
    head = words(FLOW_SAMPLE, 1, incoming, RATE, 4000, 0, incoming, outgoing)
    return head + told + words(len(extensions)) + b"".join(extensions)


def counters(kind: int) -> bytes:
    """What an interface of a kind has counted: nothing of flows."""
    return words(COUNTERS_SAMPLE, 1, 1, 30, kind) + bytes(COUNTERS_BYTES[kind])


def way() -> Sequence[bytes]:
    """What a device knows of the way of a packet."""
    next_hop = words(1) + ipaddress.IPv4Address("192.0.2.254").packed
    systems = words(GATEWAY, 64_500, 64_501, 64_502, 2, 2, 2, 64_503, 64_504, 1, 1, 64_505, 1, 64_500 << 16 | 1, 100)
    return [words(SWITCH, 10, 0, 20, 0), words(ROUTER) + next_hop + words(16, 24), systems]


def texts() -> Sequence[bytes]:
    """Who sends it, and what for."""
    return [words(USER) + opaque(b"ann") + opaque(b"bob"), words(URL, 1) + opaque(b"/index.html")]


def datagram(version: int, agent: str, sequence: int, samples: Sequence[bytes]) -> bytes:
    """A datagram of sFlow 2 or 4."""
    head = words(version, 1) + ipaddress.IPv4Address(agent).packed
    return head + words(sequence, 10_000, len(samples)) + b"".join(samples)


def datagrams() -> Sequence[tuple[str, bytes]]:
    """Which agent sends what."""
    web = header(packet(WEB, TCP, tcp(WEB, 1, 1, ACK, bytes(1000))))
    mail = header(packet(MAIL, TCP, tcp(MAIL, 1, 1, ACK, bytes(200))))
    names, names6 = ip_packet(IPV4, NAMES, UDP, 68), ip_packet(IPV6, NAMES6, UDP, 108)
    question = header(packet(NAMES, UDP, udp(NAMES, bytes(40))))
    path = words(GATEWAY, 64_500, 64_501, 64_502, 2, 64_503, 64_505)
    first = [sample(web, 1, 2, *way()), counters(1), counters(2), sample(mail, 1, 3)]
    second = [sample(names, 2, 1, *texts()), counters(7), sample(names6, 2, 1, *way(), *texts())]
    old = [sample(web, 1, 2, path), counters(2), sample(mail, 1, 2, words(SWITCH, 10, 0, 20, 0))]
    return [
        ("192.0.2.4", datagram(4, "192.0.2.4", 1, first)),
        ("192.0.2.5", datagram(4, "192.0.2.5", 1, second)),
        ("192.0.2.4", datagram(4, "192.0.2.4", 2, [sample(question, 2, 1)])),
        ("192.0.2.2", datagram(2, "192.0.2.2", 1, old)),
    ]


def main() -> None:
    """Write the capture."""
    sent = [(Path(agent, 50_000, COLLECTOR, SFLOW_PORT), payload) for agent, payload in datagrams()]
    frames = [packet(path, UDP, udp(path, payload)) for path, payload in sent]
    write_capture("flow_sflow4.pcap", [Packet(START_NS + at * STEP_NS, frame) for at, frame in enumerate(frames)])


if __name__ == "__main__":
    main()
