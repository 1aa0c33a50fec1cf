"""Building packets by hand: link, IPv4, IPv6, UDP and TCP headers with right lengths and checksums."""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass

ETHERTYPE_IPV4, ETHERTYPE_IPV6 = 0x0800, 0x86DD
ETHERTYPE_VLAN, ETHERTYPE_QINQ, ETHERTYPE_MPLS, ETHERTYPE_PPPOE = 0x8100, 0x88A8, 0x8847, 0x8864
PPP_IPV4, PPP_IPV6 = 0x0021, 0x0057
TCP, UDP = 6, 17
FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
ETHERNET_HEADER_BYTES = 14
MAC_ADDRESSES = bytes.fromhex("020000000102020000000101")


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    padded = data + bytes(len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ethernet(payload: bytes, ethertype: int) -> bytes:
    """An Ethernet II frame between the lab's first two machines."""
    return MAC_ADDRESSES + struct.pack("!H", ethertype) + payload


def ethertype_of(packet: bytes) -> int:
    """The EtherType of an IP packet, from its version."""
    return ETHERTYPE_IPV6 if packet[0] >> 4 == 6 else ETHERTYPE_IPV4


def tagged(packet: bytes, *tags: tuple[int, int]) -> bytes:
    """An IP packet in Ethernet with VLAN tags, outermost first, each (tag protocol, VLAN number)."""
    inner = packet
    ethertype = ethertype_of(packet)
    for protocol, vlan in reversed(tags):
        inner = struct.pack("!HH", vlan, ethertype) + inner
        ethertype = protocol
    return ethernet(inner, ethertype)


def mpls(packet: bytes, *labels: int) -> bytes:
    """An IP packet in Ethernet below a stack of MPLS labels (RFC 3032)."""
    last = len(labels) - 1
    stack = b"".join(struct.pack("!I", label << 12 | (i == last) << 8 | 64) for i, label in enumerate(labels))
    return ethernet(stack + packet, ETHERTYPE_MPLS)


def pppoe(packet: bytes, session: int) -> bytes:
    """An IP packet in a PPPoE session (RFC 2516)."""
    protocol = PPP_IPV6 if packet[0] >> 4 == 6 else PPP_IPV4
    header = struct.pack("!BBHHH", 0x11, 0, session, len(packet) + 2, protocol)
    return ethernet(header + packet, ETHERTYPE_PPPOE)


def ipv4(
    source: str,
    destination: str,
    protocol: int,
    payload: bytes,
    options: bytes = b"",
    *,
    fragment: int = 0,
    identification: int = 1,
) -> bytes:
    """An IPv4 packet; `options` must be a multiple of four bytes, `fragment` is the flags and offset field."""
    addresses = ipaddress.IPv4Address(source).packed + ipaddress.IPv4Address(destination).packed
    words = 5 + len(options) // 4
    length = words * 4 + len(payload)
    first = struct.pack("!BBHHHBB", 0x40 | words, 0, length, identification, fragment, 64, protocol)
    check = checksum(first + b"\0\0" + addresses + options)
    return first + struct.pack("!H", check) + addresses + options + payload


def ipv6(source: str, destination: str, next_header: int, payload: bytes) -> bytes:
    """An IPv6 packet; `payload` starts with the extension headers, if any."""
    addresses = ipaddress.IPv6Address(source).packed + ipaddress.IPv6Address(destination).packed
    return struct.pack("!IHBB", 6 << 28, len(payload), next_header, 64) + addresses + payload


def pseudo_header(source: str, destination: str, protocol: int, length: int) -> bytes:
    """What the UDP and TCP checksums cover of the IP header (RFC 768, RFC 8200 section 8.1)."""
    addresses = ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed
    if ":" in source:
        return addresses + struct.pack("!IHBB", length, 0, 0, protocol)
    return addresses + struct.pack("!BBH", 0, protocol, length)


@dataclass(frozen=True)
class Path:
    """Who sends to whom."""

    source: str
    source_port: int
    destination: str
    destination_port: int

    def reversed(self) -> Path:
        """The way back."""
        return Path(self.destination, self.destination_port, self.source, self.source_port)

    def ports(self) -> bytes:
        """Both ports as the first four bytes of a UDP or TCP header."""
        return struct.pack("!HH", self.source_port, self.destination_port)


def udp(path: Path, payload: bytes) -> bytes:
    """A UDP header and its payload."""
    length = 8 + len(payload)
    before, after = path.ports() + struct.pack("!H", length), payload
    covered = pseudo_header(path.source, path.destination, UDP, length) + before + b"\0\0" + after
    return before + struct.pack("!H", checksum(covered) or 0xFFFF) + after


def tcp(path: Path, sequence: int, acknowledgement: int, flags: int, payload: bytes = b"") -> bytes:
    """A TCP header without options and its payload."""
    numbers = struct.pack("!II", sequence & 0xFFFFFFFF, acknowledgement & 0xFFFFFFFF)
    before = path.ports() + numbers + struct.pack("!BBH", 5 << 4, flags, 65535)
    covered = pseudo_header(path.source, path.destination, TCP, 20 + len(payload)) + before + b"\0\0\0\0" + payload
    return before + struct.pack("!HH", checksum(covered), 0) + payload


def packet(path: Path, protocol: int, segment: bytes) -> bytes:
    """An IPv4 or IPv6 packet for `segment`, in an Ethernet frame."""
    make = ipv6 if ":" in path.source else ipv4
    whole = make(path.source, path.destination, protocol, segment)
    return ethernet(whole, ethertype_of(whole))
