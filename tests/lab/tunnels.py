"""tunnel_kinds.pcap: IP packets of dns_truncated.pcap through every tunnel that pktvisor reads.

Each kind carries the same few packets between ends of its own, 192.0.2.N and 198.51.100.N (or 2001:db8::N and
2001:db8:1::N). Two are within each other (VXLAN in GRE); a GTP-U echo and a frame of VXLAN without IP carry no packet.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from frames import Path, ethernet, ethertype_of, ipv4, ipv6, udp
from links import ip_packets, is_ipv6
from pcapfile import Packet, write_capture

IP_IN_IP, IPV6_IN_IP, GRE, UDP = 4, 41, 47, 17
VXLAN_PORT, GENEVE_PORT, GTP_PORT, GRE_PORT, MPLS_PORT = 4789, 6081, 2152, 4754, 6635
VXLAN_OLD_PORT = 8472
ENTROPY_PORT = 53_000
"""Where tunnels over UDP come from: any dynamic port, also one on which DNS is known."""
ERSPAN_II, ERSPAN_III, TRANSPARENT_ETHERNET, ETHERTYPE_ARP = 0x88BE, 0x22EB, 0x6558, 0x0806
PACKETS = 6


def frame(packet: bytes) -> bytes:
    """The packet in an Ethernet frame."""
    return ethernet(packet, ethertype_of(packet))


def vxlan(inside: bytes, network: int) -> bytes:
    """VXLAN header and frame (RFC 7348)."""
    return struct.pack("!BxxxI", 8, network << 8) + inside


def geneve(inside: bytes, network: int) -> bytes:
    """Geneve header with one option, and frame (RFC 8926)."""
    option = struct.pack("!HBBI", 0x0102, 3, 1, 4)
    return struct.pack("!BxHI", len(option) // 4, TRANSPARENT_ETHERNET, network << 8) + option + inside


def gtp(inside: bytes, tunnel: int) -> bytes:
    """GTP-U header with the container of a PDU session, and packet (3GPP TS 29.281, 38.415)."""
    optional = struct.pack("!HBB", 0, 0, 0x85) + bytes([1, 0x10, 9, 0])
    return struct.pack("!BBHI", 0x34, 255, len(optional) + len(inside), tunnel) + optional + inside


def gre(inside: bytes, protocol: int, key: int | None = None, sequence: int | None = None) -> bytes:
    """GRE header and payload (RFC 2784, RFC 2890)."""
    flags = (0x2000 if key is not None else 0) | (0x1000 if sequence is not None else 0)
    fields = b"".join(struct.pack("!I", field) for field in (key, sequence) if field is not None)
    return struct.pack("!HH", flags, protocol) + fields + inside


def erspan_ii(inside: bytes, session: int) -> bytes:
    """Header of a mirror of type II, and frame (draft-foschiano-erspan)."""
    return struct.pack("!HHI", 0x1000 | 5, session, 7) + inside


def erspan_iii(inside: bytes, session: int) -> bytes:
    """Header of a mirror of type III, and frame."""
    return struct.pack("!HHIHH", 0x2000 | 5, session, 1234, 0, 0) + inside


def mpls(packet: bytes, label: int) -> bytes:
    """One label, and packet (RFC 3032)."""
    return struct.pack("!I", label << 12 | 1 << 8 | 64) + packet


def over_ip(number: int, is_back: bool, protocol: int, payload: bytes) -> bytes:
    """A packet between the ends of tunnel `number`."""
    near, far = f"192.0.2.{number}", f"198.51.100.{number}"
    source, destination = (far, near) if is_back else (near, far)
    return ipv4(source, destination, protocol, payload)


def over_ipv6(number: int, is_back: bool, protocol: int, payload: bytes) -> bytes:
    """The same between ends with IPv6 addresses."""
    near, far = f"2001:db8::{number}", f"2001:db8:1::{number}"
    source, destination = (far, near) if is_back else (near, far)
    return ipv6(source, destination, protocol, payload)


def over_udp(number: int, is_back: bool, port: int, payload: bytes) -> bytes:
    """A datagram to a port, between the same ends."""
    near, far = f"192.0.2.{number}", f"198.51.100.{number}"
    source, destination = (far, near) if is_back else (near, far)
    return over_ip(number, is_back, UDP, udp(Path(source, ENTROPY_PORT, destination, port), payload))


Way = Callable[[bytes, bool], bytes]

ANY_FAMILY: list[Way] = [
    lambda data, back: over_ip(3, back, GRE, gre(data, ethertype_of(data), key=42)),
    lambda data, back: over_ip(4, back, GRE, gre(frame(data), ERSPAN_II)),
    lambda data, back: over_ip(5, back, GRE, gre(erspan_ii(frame(data), 11), ERSPAN_II, sequence=1)),
    lambda data, back: over_ip(6, back, GRE, gre(erspan_iii(frame(data), 12), ERSPAN_III, sequence=1)),
    lambda data, back: over_udp(7, back, VXLAN_PORT, vxlan(frame(data), 77)),
    lambda data, back: over_udp(8, back, GENEVE_PORT, geneve(frame(data), 78)),
    lambda data, back: over_udp(9, back, GTP_PORT, gtp(data, 79)),
    lambda data, back: over_udp(10, back, GRE_PORT, gre(data, ethertype_of(data), key=43)),
    lambda data, back: over_udp(11, back, MPLS_PORT, mpls(data, 16001)),
    lambda data, back: over_ip(
        12, back, GRE, gre(over_udp(13, back, VXLAN_PORT, vxlan(frame(data), 80)), 0x0800, key=44)
    ),
]
IPV4: list[Way] = [
    lambda data, back: over_ip(1, back, IP_IN_IP, data),
    lambda data, back: over_ipv6(1, back, IP_IN_IP, data),
]
IPV6: list[Way] = [
    lambda data, back: over_ip(2, back, IPV6_IN_IP, data),
    lambda data, back: over_ipv6(2, back, IPV6_IN_IP, data),
]


def chosen() -> list[Packet]:
    """The first packets of both families."""
    packets = ip_packets()
    families = [[packet for packet in packets if is_ipv6(packet) == wanted] for wanted in (False, True)]
    return [packet for family in families for packet in [one for one in family if is_dns(one)][:PACKETS]]


def is_dns(packet: Packet) -> bool:
    """Whether it is a datagram from or to port 53."""
    data = packet.data
    protocol, at = (data[6], 40) if is_ipv6(packet) else (data[9], 20)
    return protocol == UDP and 53 in struct.unpack_from("!HH", data, at)


def is_back(packet: Packet) -> bool:
    """Whether it comes from port 53."""
    source_port: int = struct.unpack_from("!H", packet.data, 40 if is_ipv6(packet) else 20)[0]
    return source_port == 53


def packets() -> Iterator[Packet]:
    """Every way, with the same packets; last what carries none."""
    for packet in chosen():
        for way in (*ANY_FAMILY, *(IPV6 if is_ipv6(packet) else IPV4)):
            yield packet.with_data(frame(way(packet.data, is_back(packet))))
    last = chosen()[-1]
    echo = struct.pack("!BBHIHxx", 0x32, 1, 4, 0, 7)
    yield last.with_data(frame(over_udp(9, False, GTP_PORT, echo)))
    yield last.with_data(frame(over_udp(7, False, VXLAN_PORT, vxlan(ethernet(bytes(28), ETHERTYPE_ARP), 77))))


def main() -> None:
    """Write it, in the order of time."""
    write_capture("tunnel_kinds.pcap", sorted(packets(), key=lambda packet: packet.time_ns))


if __name__ == "__main__":
    main()
