"""fragments_orders.pcap and ip_options.pcap: IP headers that a reader must get past or put together.

The first holds the fragmented answers of fragments.pcap in order, reversed, doubled and incomplete, one second apart.
The second holds one query without and with IPv4 options, and behind IPv6 extension headers. Needs no rights.
"""

from __future__ import annotations

import struct

from dns_message import query
from frames import ETHERNET_HEADER_BYTES, UDP, Path, ethernet, ethertype_of, ipv4, ipv6, udp
from netlab import CAPTURES
from pcapfile import Packet, read_pcap, write_capture

START_NS = 1_750_000_000_000_000_000
STEP_NS = 1_000_000
CLIENT, SERVER = "10.9.0.1", "10.9.0.2"
HOP_BY_HOP, ROUTING, FRAGMENT_HEADER, AUTHENTICATION, DESTINATION_OPTIONS, NO_NEXT_HEADER = 0, 43, 44, 51, 60, 59
PADDING_OPTION = b"\x01\x04\0\0\0\0"  # PadN: six bytes of nothing


def write_fragment_orders() -> None:
    """Fragmented answers in other orders; every case gets an identification of its own."""
    frames = read_pcap(CAPTURES / "fragments.pcap")
    pairs = {"4": fragment_pair(frames, version6=False), "6": fragment_pair(frames, version6=True)}
    packets: list[Packet] = []
    identity = 1
    for family, (first, last) in pairs.items():
        cases = [(first, last), (last, first), (first, first, last, last), (first,), (last,), (last, last, first)]
        for case in cases:
            for fragment in case:
                time_ns = START_NS + identity * 1_000_000_000 + len(packets) * STEP_NS
                packets.append(Packet(time_ns, with_identification(fragment, family, identity)))
            identity += 1
    write_capture("fragments_orders.pcap", packets)


def fragment_pair(frames: list[Packet], *, version6: bool) -> tuple[bytes, bytes]:
    """The two frames of the first fragmented answer of one family."""
    if version6:
        found = [
            frame.data for frame in frames if frame.data[12:14] == b"\x86\xdd" and frame.data[20] == FRAGMENT_HEADER
        ]
    else:
        found = [
            f.data for f in frames if f.data[12:14] == b"\x08\x00" and struct.unpack_from("!H", f.data, 20)[0] & 0x3FFF
        ]
    return found[0], found[1]


def with_identification(frame: bytes, family: str, identity: int) -> bytes:
    """A fragment as if it belonged to another packet."""
    if family == "6":
        at = ETHERNET_HEADER_BYTES + 40 + 4
        return frame[:at] + struct.pack("!I", identity) + frame[at + 4 :]
    header = frame[ETHERNET_HEADER_BYTES:]
    fragment = struct.unpack_from("!H", header, 6)[0]
    return ethernet(ipv4(SERVER, CLIENT, UDP, header[20:], fragment=fragment, identification=identity), 0x0800)


def write_ip_options() -> None:
    """A query behind every kind of header that may come before UDP, one second apart."""
    path4, path6 = Path(CLIENT, 40_000, SERVER, 53), Path("fd09::1", 40_000, "fd09::2", 53)
    asked = query("www.lab.test")
    record_route = b"\x07\x07\x04\0\0\0\0\0"
    packets = [ipv4(CLIENT, SERVER, UDP, udp(path4, asked)), ipv4(CLIENT, SERVER, UDP, udp(path4, asked), record_route)]
    for chain in extension_chains():
        packets.append(extended(path6, chain, udp(path6, asked)))
    packets.append(ipv6(path6.source, path6.destination, NO_NEXT_HEADER, b""))
    write_capture(
        "ip_options.pcap",
        [Packet(START_NS + i * 1_000_000_000, ethernet(data, ethertype_of(data))) for i, data in enumerate(packets)],
    )


def extension_chains() -> list[list[tuple[int, bytes]]]:
    """Extension headers, each with its number and its bytes after the next-header field (RFC 8200, RFC 4302)."""
    options = b"\0" + PADDING_OPTION
    routing = b"\x02\0\0\0\0\0\0" + bytes(16)  # type 0 with one address, no segment left
    atomic_fragment = b"\0\0\0\0\0\0\x09"
    authentication = b"\x04\0\0" + struct.pack("!II", 1, 1) + bytes(12)
    hop, destination = (HOP_BY_HOP, options), (DESTINATION_OPTIONS, options)
    route, atomic = (ROUTING, routing), (FRAGMENT_HEADER, atomic_fragment)
    signature = (AUTHENTICATION, authentication)
    return [[], [hop], [destination], [route], [atomic], [signature], [hop, route, atomic, signature, destination]]


def extended(path: Path, chain: list[tuple[int, bytes]], segment: bytes) -> bytes:
    """An IPv6 packet with a chain of extension headers before its UDP segment."""
    payload, following = segment, UDP
    for number, body in reversed(chain):
        payload, following = bytes([following]) + body + payload, number
    return ipv6(path.source, path.destination, following, payload)


def main() -> None:
    """Write both captures."""
    write_fragment_orders()
    write_ip_options()


if __name__ == "__main__":
    main()
