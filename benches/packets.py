"""Frames as the standard captures need them: Ethernet with DNS and DHCP over UDP, TCP, ARP, ICMP and QUIC-like UDP.

Only what a passive reader looks at is right: lengths, ports, flags, names. Checksums are zero, as with hardware that
computes them.
"""

from __future__ import annotations

import struct

ETHERNET = bytes.fromhex("02000000000a 02000000000b")
IPV4, IPV6, ARP = b"\x08\x00", b"\x86\xdd", b"\x08\x06"
ICMP, TCP, UDP = 1, 6, 17
A, PTR, MX, TXT, AAAA, HTTPS = 1, 12, 15, 16, 28, 65

DATA = {
    A: bytes([198, 51, 100, 7]),
    PTR: b"\xc0\x0c",
    MX: b"\0\x0a\xc0\x0c",
    TXT: bytes([47]) + b"t" * 47,
    AAAA: b"\x20\x01\x0d\xb8".ljust(16, b"\x07"),
    HTTPS: b"\0\x01\0" + b"\0\x01\0\x06\x02h2\x02h3",
}
"""An answer's data by type; the names in it point to the question's."""
OPT = bytes.fromhex("00 0029 04d0 00000000 0000")
"""An EDNS record that offers 1232 bytes (RFC 6891, section 6.1.2)."""
SOA = bytes.fromhex("c00c 0006 0001 0000012c 0018 c00c c00c 00000001 00000e10 00000384 00093a80 0000012c")
"""The zone's record in a negative answer (RFC 2308, section 3); its two names point to the question's."""
QUESTION_FLAGS, ANSWER_FLAGS, NXDOMAIN_FLAGS = 0x0100, 0x8180, 0x8183
TIMESTAMPS = bytes.fromhex("0101080a 00000001 00000002")
SYN_OPTIONS = bytes.fromhex("020405b4 0402080a 00000001 00000000 01030307")

_IPV4_UDP = struct.Struct(">BBHHHBBHII HHHH")
_IPV4 = struct.Struct(">BBHHHBBHII")
_IPV6 = struct.Struct(">IHBB")
_UDP = struct.Struct(">HHHH")
_DNS = struct.Struct(">HHHHHH")
_TCP = struct.Struct(">HHIIBBHHH")
_RECORD = struct.Struct(">HHHIH")


def ethernet(kind: bytes, vlan: int | None = None) -> bytes:
    """An Ethernet header, with an 802.1Q tag where a VLAN is given."""
    return ETHERNET + (b"" if vlan is None else b"\x81\x00" + vlan.to_bytes(2)) + kind


PLAIN_IPV4, PLAIN_IPV6 = ethernet(IPV4), ethernet(IPV6)


def ipv4(protocol: int, source: int, target: int, payload_bytes: int) -> bytes:
    """A header without options (RFC 791)."""
    return _IPV4.pack(0x45, 0, 20 + payload_bytes, 0, 0x4000, 60, protocol, 0, source, target)


def ipv6(protocol: int, source: bytes, target: bytes, payload_bytes: int) -> bytes:
    """A header without extensions (RFC 8200)."""
    return _IPV6.pack(6 << 28, payload_bytes, protocol, 60) + source + target


def ipv6_address(number: int) -> bytes:
    """An address of the documentation prefix for each number (RFC 3849)."""
    return b"\x20\x01\x0d\xb8" + (number & 0xFFFF).to_bytes(2) + bytes(6) + number.to_bytes(4)


def udp4(source: int, target: int, ports: tuple[int, int], payload: bytes, link: bytes = PLAIN_IPV4) -> bytes:
    """A datagram over IPv4, with its Ethernet header."""
    length = 8 + len(payload)
    addresses_and_ports = (source, target, *ports)
    return link + _IPV4_UDP.pack(0x45, 0, 20 + length, 0, 0x4000, 60, UDP, 0, *addresses_and_ports, length, 0) + payload


def udp6(source: int, target: int, ports: tuple[int, int], payload: bytes) -> bytes:
    """A datagram over IPv6, with its Ethernet header."""
    length = 8 + len(payload)
    header = ipv6(UDP, ipv6_address(source), ipv6_address(target), length)
    return PLAIN_IPV6 + header + _UDP.pack(*ports, length, 0) + payload


def name_on_the_wire(name: str) -> bytes:
    """Labels with their lengths (RFC 1035, section 3.1)."""
    return b"".join(len(label).to_bytes(1) + label.encode() for label in name.split(".")) + b"\0"


def question(number: int, name: bytes, kind: int, *, has_edns: bool) -> bytes:
    """A DNS query with recursion desired."""
    opt = OPT if has_edns else b""
    return _DNS.pack(number, QUESTION_FLAGS, 1, 0, 0, len(opt) // len(OPT)) + name + struct.pack(">HH", kind, 1) + opt


def answer(number: int, name: bytes, kind: int, records: int, *, has_edns: bool) -> bytes:
    """The response to `question`: so many records, or NXDOMAIN with the zone's SOA for none."""
    flags = ANSWER_FLAGS if records else NXDOMAIN_FLAGS
    opt = OPT if has_edns else b""
    head = _DNS.pack(number, flags, 1, records, 0 if records else 1, len(opt) // len(OPT))
    data = DATA[kind]
    body = (_RECORD.pack(0xC00C, kind, 1, 300, len(data)) + data) * records or SOA
    return head + name + struct.pack(">HH", kind, 1) + body + opt


def dhcp_request(client: int) -> bytes:
    """The broadcast of a client that asks for an address it was offered (RFC 2131, section 4.3.2), with its name."""
    hardware = b"\x02\0" + client.to_bytes(4)
    head = b"\x01\x01\x06\0" + client.to_bytes(4) + bytes(20) + hardware.ljust(16, b"\0") + bytes(192)
    name = f"host-{client:08x}".encode()
    options = b"\x35\x01\x03" + b"\x3d\x07\x01" + hardware + b"\x0c" + len(name).to_bytes(1) + name + b"\xff"
    return udp4(0, 0xFFFFFFFF, (68, 67), head + bytes.fromhex("63825363") + options)


def tcp(ports: tuple[int, int], sequence: int, flags: int, options: bytes, payload: bytes) -> bytes:
    """A segment without its IP header (RFC 9293)."""
    offset = (20 + len(options)) // 4 << 4
    return _TCP.pack(*ports, sequence, 1, offset, flags, 501, 0, 0) + options + payload


def arp(asker: int, asked: int) -> bytes:
    """A request for the hardware address of `asked` (RFC 826), filled up to the least length of a frame."""
    fields = struct.pack(">HHBBH6sI6sI", 1, 0x0800, 6, 4, 1, ETHERNET[6:], asker, bytes(6), asked)
    return ethernet(ARP) + fields.ljust(46, b"\0")


def echo(source: int, target: int) -> bytes:
    """An ICMP echo request with 56 bytes of data (RFC 792)."""
    return PLAIN_IPV4 + ipv4(ICMP, source, target, 64) + b"\x08" + bytes(7) + bytes(range(56))
