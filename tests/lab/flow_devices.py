"""flow_devices.pcap: what three exporters with several interfaces tell, built by hand. Needs no rights.

Two agents sample packets (sFlow 5), one in 100 and one in 200: TCP, UDP, ICMP, both families, a whole, a cut and an
expanded sample, counters and a sample of a vendor's own. The third exports NetFlow 5 records of one packet in 10.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Sequence

from frames import ACK, TCP, UDP, Path, ethernet, ethertype_of, ipv4, packet, tcp, udp
from pcapfile import Packet, padded, write_capture

START_NS = 1_750_000_000_000_000_000
STEP_NS = 250_000_000
COLLECTOR = "192.0.2.100"
SFLOW_PORT, NETFLOW_PORT = 6343, 2055
CUT_BYTES = 64

FLOW_SAMPLE, COUNTER_SAMPLE, EXPANDED_SAMPLE, VENDOR_SAMPLE = 1, 2, 3, 4242 << 12 | 1
RAW_HEADER, INTERFACE_COUNTERS, ETHERNET = 1, 1, 1

WEB = Path("10.4.1.1", 40_000, "198.51.100.7", 443)
MAIL = Path("10.4.2.1", 40_001, "198.51.100.8", 25)
NAMES = Path("10.5.1.1", 40_002, "203.0.113.53", 53)
NAMES6 = Path("2001:db8:1::1", 40_003, "2001:db8:2::53", 53)


def tagged(tag: int, content: bytes) -> bytes:
    """A sample or record: its number, its length, its content."""
    return struct.pack("!II", tag, len(padded(content))) + padded(content)


def raw_header(frame: bytes) -> bytes:
    """The beginning of a sampled frame; on the wire it was four bytes longer."""
    kept = frame[:CUT_BYTES]
    return tagged(RAW_HEADER, struct.pack("!IIII", ETHERNET, len(frame) + 4, 4, len(kept)) + padded(kept))


def sample(frame: bytes, rate: int, incoming: int, outgoing: int) -> bytes:
    """A packet that stands for `rate` of them, by the interfaces that it came in and left by."""
    fields = struct.pack("!IIIIIIII", 1, incoming, rate, 4000, 0, incoming, outgoing, 1)
    return tagged(FLOW_SAMPLE, fields + raw_header(frame))


def expanded_sample(frame: bytes, rate: int, incoming: int, outgoing: int) -> bytes:
    """The same with interfaces of 32 bits."""
    fields = struct.pack("!IIIIIIIIIII", 1, 0, incoming, rate, 4000, 0, 0, incoming, 0, outgoing, 1)
    return tagged(EXPANDED_SAMPLE, fields + raw_header(frame))


def counters() -> bytes:
    """What an interface has counted: nothing of flows."""
    return tagged(COUNTER_SAMPLE, struct.pack("!III", 1, 1, 1) + tagged(INTERFACE_COUNTERS, bytes(88)))


def sflow(agent: str, sequence: int, samples: Sequence[bytes]) -> bytes:
    """A datagram of sFlow 5."""
    head = struct.pack("!II", 5, 1) + ipaddress.IPv4Address(agent).packed
    return head + struct.pack("!IIII", 0, sequence, 10_000, len(samples)) + b"".join(samples)


def netflow5(sequence: int, interval: int, records: Sequence[tuple[Path, int, int, int, int, int]]) -> bytes:
    """A datagram of NetFlow 5 of a sampling exporter: path, protocol, interfaces, packets and bytes of each record."""
    head = struct.pack("!HHIIIIBBH", 5, len(records), 60_000, START_NS // 10**9, 0, sequence, 0, 0, 1 << 14 | interval)
    return head + b"".join(map(netflow5_record, records))


def netflow5_record(record: tuple[Path, int, int, int, int, int]) -> bytes:
    """One record of 48 bytes."""
    path, protocol, incoming, outgoing, packets, octets = record
    ends = ipaddress.IPv4Address(path.source).packed + ipaddress.IPv4Address(path.destination).packed
    counted = struct.pack("!IHHIIII", 0, incoming, outgoing, packets, octets, 50_000, 55_000)
    return ends + counted + path.ports() + struct.pack("!BBBBHHBBH", 0, 0, protocol, 0xB8, 0, 0, 0, 0, 0)


def datagrams() -> list[tuple[Path, bytes]]:
    """Who sends what to the collector."""
    web = packet(WEB, TCP, tcp(WEB, 1, 1, ACK, bytes(1000)))
    mail = packet(MAIL, TCP, tcp(MAIL, 1, 1, ACK, bytes(200)))
    names, names6 = packet(NAMES, UDP, udp(NAMES, bytes(40))), packet(NAMES6, UDP, udp(NAMES6, bytes(60)))
    ping = ipv4("10.4.1.1", "203.0.113.53", 1, bytes.fromhex("0800f7ff00000000") + bytes(32))
    ping_frame = ethernet(ping, ethertype_of(ping))
    first = [sample(web, 100, 1, 2), sample(names6, 100, 2, 1), counters(), expanded_sample(mail, 100, 1, 3)]
    second = [sample(web, 200, 1, 2), sample(names, 200, 1, 2), tagged(VENDOR_SAMPLE, bytes(8))]
    records = [(WEB, TCP, 1, 2, 30, 36_000), (NAMES, UDP, 2, 1, 4, 400), (MAIL.reversed(), TCP, 3, 3, 8, 900)]
    return [
        (to_collector("192.0.2.1", SFLOW_PORT), sflow("192.0.2.1", 1, first)),
        (to_collector("192.0.2.2", SFLOW_PORT), sflow("192.0.2.2", 1, second)),
        (to_collector("192.0.2.3", NETFLOW_PORT), netflow5(1, 10, records)),
        (
            to_collector("192.0.2.1", SFLOW_PORT),
            sflow("192.0.2.1", 2, [sample(web, 100, 1, 2), sample(ping_frame, 100, 3, 1)]),
        ),
    ]


def to_collector(exporter: str, port: int) -> Path:
    """The way of an exporter's datagrams."""
    return Path(exporter, 50_000, COLLECTOR, port)


def main() -> None:
    """Write the capture."""
    frames = [packet(path, UDP, udp(path, payload)) for path, payload in datagrams()]
    write_capture("flow_devices.pcap", [Packet(START_NS + at * STEP_NS, frame) for at, frame in enumerate(frames)])


if __name__ == "__main__":
    main()
