"""The IP packets of one capture again, behind headers that other networks put before them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from pathlib import Path

from support.captures import FOLDER

RECORD_BYTES = 16
ETHERNET, IPV4_ONLY = 1, 228
MACS = bytes.fromhex("020000000102020000000101")
UDP, GRE, AUTHENTICATION = 17, 47, 51


def read(path: Path) -> list[bytes]:
    """Give the frames of a little-endian pcap file."""
    data = path.read_bytes()
    frames, at = [], 24
    while at < len(data):
        (length,) = struct.unpack_from("<8xI", data, at)
        frames.append(data[at + RECORD_BYTES : at + RECORD_BYTES + length])
        at += RECORD_BYTES + length
    return frames


def write(path: Path, link_type: int, frames: Iterable[bytes]) -> Path:
    """Write frames as a pcap file, a millisecond apart."""
    records = [
        struct.pack("<IIII", 1_700_000_000, 1000 * number, len(frame), len(frame)) + frame
        for number, frame in enumerate(frames)
    ]
    path.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link_type) + b"".join(records))
    return path


def raw_packets() -> list[bytes]:
    """Give IP packets of both versions: DNS, by UDP and TCP."""
    return read(FOLDER / "links_raw.pcap")


def ethertype(packet: bytes) -> bytes:
    """Give the EtherType of an IP packet."""
    return b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00"


def ethernet(packet: bytes) -> bytes:
    """Put an IP packet into an Ethernet frame."""
    return MACS + ethertype(packet) + packet


def ipv4(protocol: int, payload: bytes, source: bytes = b"\xc0\0\2\x01", destination: bytes = b"\xc0\0\2\x02") -> bytes:
    """Put a payload into an IPv4 packet, without a checksum."""
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0)
    return header + source + destination + payload


def gre(next_type: int, payload: bytes, *, sequence: bool = False) -> bytes:
    """Put a payload into GRE in an Ethernet frame; the ends of the tunnel are always the same way round."""
    header = struct.pack("!HH", 0x1000 if sequence else 0, next_type) + (bytes(4) if sequence else b"")
    return ethernet(ipv4(GRE, header + payload))


def authenticated(packet: bytes) -> bytes:
    """Put an authentication header between an IPv4 header and its payload."""
    header = bytes([packet[9], 4]) + bytes(22)
    return ethernet(ipv4(AUTHENTICATION, header + packet[20:], packet[12:16], packet[16:20]))


def llc(packet: bytes) -> bytes:
    """Put LLC and SNAP before an IP packet."""
    return b"\xaa\xaa\x03\0\0\0" + ethertype(packet) + packet


def family(packet: bytes) -> int:
    """Give the address family of an IP packet, as OpenBSD numbers it."""
    return 24 if packet[0] >> 4 == 6 else 2


def ppp(packet: bytes) -> bytes:
    """Put a PPP header with address and control before an IP packet."""
    return b"\xff\x03\0" + (b"\x57" if packet[0] >> 4 == 6 else b"\x21") + packet


WIRELESS = b"\x88\x01" + bytes(24)
"""A header of 802.11 with quality of service."""

Way = Callable[[bytes], bytes]
LINKS: dict[str, tuple[int, Way]] = {
    "ATM": (100, llc),
    "Cisco HDLC": (104, lambda packet: b"\x0f\0" + ethertype(packet) + packet),
    "Cisco HDLC with direction": (205, lambda packet: b"\1\x0f\0" + ethertype(packet) + packet),
    "Cisco HDLC captured as PPP": (50, lambda packet: b"\x8f\0" + ethertype(packet) + packet),
    "802.11": (105, lambda packet: WIRELESS + llc(packet)),
    "radiotap": (127, lambda packet: b"\0\0\x0a\0" + bytes(6) + WIRELESS + llc(packet)),
    "Prism": (119, lambda packet: bytes(144) + WIRELESS + llc(packet)),
    "AVS": (163, lambda packet: b"\x80\x21\x10\x01\0\0\0\x40" + bytes(56) + WIRELESS + llc(packet)),
    "PPI": (192, lambda packet: b"\0\0\x0c\0" + struct.pack("<I", 105) + bytes(4) + WIRELESS + llc(packet)),
    "frame relay": (107, lambda packet: b"\x18\x41\3" + (b"\x8e" if family(packet) == 24 else b"\xcc") + packet),
    "frame relay as Cisco has it": (107, lambda packet: b"\x18\x41" + ethertype(packet) + packet),
    "IPsec, OpenBSD": (109, lambda packet: struct.pack(">III", family(packet), 1, 2) + packet),
    "packet filter": (117, lambda packet: bytes([61, family(packet)]) + bytes(62) + packet),
    "FireWire": (138, lambda packet: bytes(16) + ethertype(packet) + packet),
    "PPP with direction": (204, lambda packet: b"\1" + ppp(packet)),
    "PPP of pppd": (166, lambda packet: b"\1" + ppp(packet)[1:]),
    "InfiniBand": (242, lambda packet: bytes(40) + ethertype(packet) + bytes(2) + packet),
    "netfilter": (
        239,
        lambda packet: (
            bytes([10 if family(packet) == 24 else 2, 0, 0, 0])
            + struct.pack("<HHI", 8, 1, 0)
            + struct.pack("<HH", 4 + len(packet), 9)
            + packet
        ),
    ),
    "LLC": (ETHERNET, lambda packet: MACS + struct.pack("!H", 8 + len(packet)) + llc(packet)),
    "LLC in a VLAN": (ETHERNET, lambda packet: MACS + struct.pack("!HHH", 0x8100, 7, 8 + len(packet)) + llc(packet)),
    "a backbone": (ETHERNET, lambda packet: MACS + b"\x88\xe7" + bytes(4) + ethernet(packet)),
    "a VN-tag": (ETHERNET, lambda packet: MACS + b"\x89\x26" + bytes(4) + ethertype(packet) + packet),
    "an E-tag": (ETHERNET, lambda packet: MACS + b"\x89\x3f" + bytes(6) + ethertype(packet) + packet),
    "Cisco metadata": (ETHERNET, lambda packet: MACS + b"\x89\x09\1\1\0\1\0\5" + ethertype(packet) + packet),
    "HSR": (ETHERNET, lambda packet: MACS + b"\x89\x2f\0\x43\0\1" + ethertype(packet) + packet),
    "PRP": (ETHERNET, lambda packet: ethernet(packet) + b"\0\1\xa0\x43\x88\xfb"),
    "MACsec without encryption": (ETHERNET, lambda packet: MACS + b"\x88\xe5" + bytes(6) + ethernet(packet)[12:]),
    "a pseudowire": (ETHERNET, lambda packet: MACS + b"\x88\x47\0\1\1\x40" + ethernet(packet)),
    "a pseudowire with control word": (
        ETHERNET,
        lambda packet: MACS + b"\x88\x47\0\1\1\x40" + bytes(4) + ethernet(packet),
    ),
    "ERSPAN I": (ETHERNET, lambda packet: gre(0x88BE, ethernet(packet))),
    "ERSPAN II": (ETHERNET, lambda packet: gre(0x88BE, bytes(8) + ethernet(packet), sequence=True)),
    "ERSPAN III": (ETHERNET, lambda packet: gre(0x22EB, bytes(12) + ethernet(packet), sequence=True)),
    "ERSPAN III with a subheader": (
        ETHERNET,
        lambda packet: gre(0x22EB, bytes(11) + b"\1" + bytes(8) + ethernet(packet), sequence=True),
    ),
    "Ethernet in GRE": (ETHERNET, lambda packet: gre(0x6558, ethernet(packet))),
    "MPLS in GRE": (ETHERNET, lambda packet: gre(0x8847, b"\0\1\1\x40" + packet)),
}
"""By name: link type, and how an IP packet becomes a frame."""
