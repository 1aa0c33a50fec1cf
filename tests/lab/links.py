"""links_*.pcap and formats_*: the IP packets of dns_truncated.pcap again, in other link layers and file formats.

Every file holds the same IP packets at the same times (links_ipv4 and links_ipv6 only those of their family), so counts
above the link layer must agree with dns_truncated.counts.json. Needs no rights, but gzip, zstd and lz4 on the path.
"""

from __future__ import annotations

import socket
import struct
import subprocess
from collections.abc import Callable

from frames import (
    ETHERNET_HEADER_BYTES,
    ETHERTYPE_QINQ,
    ETHERTYPE_VLAN,
    PPP_IPV4,
    PPP_IPV6,
    ethernet,
    ethertype_of,
    mpls,
    pppoe,
    tagged,
)
from netlab import CAPTURES
from pcapfile import (
    ETHERNET,
    IPV4,
    IPV6,
    LOOP,
    NULL,
    PPP,
    RAW,
    Packet,
    block,
    enhanced_packet,
    interface_description,
    pcap_bytes,
    pcapng_bytes,
    read_pcap,
    simple_packet,
    write_capture,
)

IP_ETHERTYPES = (b"\x08\x00", b"\x86\xdd")
AF_INET6_MACOS = 30
LOCAL_BLOCK = 0x80000001


def ip_packets() -> list[Packet]:
    """The IP packets of dns_truncated.pcap without their Ethernet headers."""
    frames = read_pcap(CAPTURES / "dns_truncated.pcap")
    return [
        frame.with_data(frame.data[ETHERNET_HEADER_BYTES:]) for frame in frames if frame.data[12:14] in IP_ETHERTYPES
    ]


def is_ipv6(packet: Packet) -> bool:
    """Whether an IP packet has version 6."""
    return packet.data[0] >> 4 == 6


def null_header(packet: bytes, order: str) -> bytes:
    """A packet behind the address family of BSD loopback, in the byte order of the capturing machine."""
    family = AF_INET6_MACOS if packet[0] >> 4 == 6 else socket.AF_INET
    return struct.pack(order + "I", family) + packet


def ppp_header(packet: bytes) -> bytes:
    """A packet behind address, control and protocol of PPP in HDLC-like framing (RFC 1662)."""
    return struct.pack("!BBH", 0xFF, 0x03, PPP_IPV6 if packet[0] >> 4 == 6 else PPP_IPV4) + packet


def write_links(packets: list[Packet]) -> None:
    """One file per link layer."""
    ways: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
        "vlan": (ETHERNET, lambda data: tagged(data, (ETHERTYPE_VLAN, 100))),
        "qinq": (ETHERNET, lambda data: tagged(data, (ETHERTYPE_QINQ, 200), (ETHERTYPE_VLAN, 100))),
        "mpls": (ETHERNET, lambda data: mpls(data, 16001, 24)),
        "pppoe": (ETHERNET, lambda data: pppoe(data, 7)),
        "raw": (RAW, lambda data: data),
        "null": (NULL, lambda data: null_header(data, "<")),
        "loop": (LOOP, lambda data: null_header(data, ">")),
        "ppp": (PPP, ppp_header),
    }
    for name, (link_type, wrap) in ways.items():
        write_capture(f"links_{name}.pcap", [packet.with_data(wrap(packet.data)) for packet in packets], link_type)
    write_capture("links_ipv4.pcap", [packet for packet in packets if not is_ipv6(packet)], IPV4)
    write_capture("links_ipv6.pcap", [packet for packet in packets if is_ipv6(packet)], IPV6)


def in_ethernet(packets: list[Packet]) -> list[Packet]:
    """The packets in plain Ethernet frames."""
    return [packet.with_data(ethernet(packet.data, ethertype_of(packet.data))) for packet in packets]


def write_pcapng(packets: list[Packet]) -> None:
    """Two interfaces of different link types and resolutions, a block of unknown type, the other byte order."""
    frames = in_ethernet(packets)
    blocks = [interface_description(ETHERNET, "eth0"), interface_description(RAW, "tun0", resolution=9)]
    blocks.append(block(LOCAL_BLOCK, b"a block that readers must skip"))
    for number, (frame, packet) in enumerate(zip(frames, packets, strict=True)):
        blocks.append(enhanced_packet(1, packet, 9) if number % 2 else enhanced_packet(0, frame))
    (CAPTURES / "formats_two_interfaces.pcapng").write_bytes(pcapng_bytes(blocks))
    big = [interface_description(ETHERNET, "eth0", order=">")]
    big += [enhanced_packet(0, frame, order=">") for frame in frames]
    (CAPTURES / "formats_big_endian_ng.pcapng").write_bytes(pcapng_bytes(big, ">"))
    simple = [interface_description(ETHERNET, "eth0"), *(simple_packet(frame) for frame in frames)]
    (CAPTURES / "formats_simple_packets.pcapng").write_bytes(pcapng_bytes(simple))


def write_formats(packets: list[Packet]) -> None:
    """Byte orders, resolutions, a snap length, a cut file and compressed files."""
    frames = in_ethernet(packets)
    plain = pcap_bytes(frames)
    (CAPTURES / "formats_big_endian.pcap").write_bytes(pcap_bytes(frames, order=">"))
    (CAPTURES / "formats_nanoseconds.pcap").write_bytes(pcap_bytes(frames, nano=True))
    (CAPTURES / "formats_snapped.pcap").write_bytes(
        pcap_bytes(Packet(frame.time_ns, frame.data[:96], len(frame.data)) for frame in frames)
    )
    (CAPTURES / "formats_cut.pcap").write_bytes(plain[:-11])
    for name, command in {"gzip.pcap.gz": "gzip -9n", "zstd.pcap.zst": "zstd -19", "lz4.pcap.lz4": "lz4 -9"}.items():
        packed = subprocess.run([*command.split(), "-c"], input=plain, capture_output=True, check=True).stdout
        (CAPTURES / f"formats_{name}").write_bytes(packed)


def main() -> None:
    """Write all files."""
    packets = ip_packets()
    write_links(packets)
    write_pcapng(packets)
    write_formats(packets)


if __name__ == "__main__":
    main()
