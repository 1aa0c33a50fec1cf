"""What a file holds and can't be read is told; what a filter can't mean as well."""

from __future__ import annotations

import struct
from pathlib import Path

from pktvisor.inputs.unread import unread_packets
from pktvisor.policies.summary import summarize_file
from support.links import ethernet, raw_packets, write

USB, BLUETOOTH = 189, 201


def ledger(seen: int, filtered: int = 0, **reasons: int) -> dict[str, int]:
    named = {name.replace("__", "."): count for name, count in reasons.items()}
    others = {"evicted.fragments": 9, "time.steps": 2}
    return {"seen": seen, "filtered": filtered, "malformed": sum(named.values()), **others, **named}


def test_a_tenth_of_the_packets_that_pass_the_filter_may_be_unread() -> None:
    assert unread_packets(ledger(100, udp__bad_length=10), []) is None
    assert unread_packets(ledger(100, udp__bad_length=11), []) is not None
    assert unread_packets(ledger(100, 90, udp__bad_length=2), []) is not None
    assert unread_packets(ledger(0), []) is None


def test_reasons_come_by_their_number() -> None:
    told = unread_packets(ledger(100, udp__bad_length=20, link__unknown=30, dns__too_short=0), [USB])
    assert told is not None
    assert told.startswith("50 of 100 packets could not be read: 30 of a kind of link that is not read (link type 189")
    assert told.endswith(", 20 malformed (udp.bad_length)")


def test_a_file_of_links_that_are_not_read_is_told_with_each_of_them(tmp_path: Path) -> None:
    for link_type in (USB, BLUETOOTH):
        path = write(tmp_path / "unread.pcap", link_type, [bytes(64)] * 4)
        for workers in (1, 2):
            [warning] = summarize_file(str(path), hosts="10.0.0.0/8", workers=workers).warnings
            assert f"4 of 4 packets could not be read: 4 of a kind of link that is not read (link type {link_type}" in (
                warning
            )


def test_a_file_that_can_be_read_is_told_nothing_of(tmp_path: Path) -> None:
    path = write(tmp_path / "read.pcap", 1, map(ethernet, raw_packets()))
    assert summarize_file(str(path), hosts="10.0.0.0/8").warnings == []


def mixed(path: Path) -> Path:
    """A pcapng of one Ethernet frame and one raw IP packet."""
    packet = raw_packets()[0]

    def block(kind: int, body: bytes) -> bytes:
        padded = body + bytes(-len(body) % 4)
        return struct.pack("<II", kind, 12 + len(padded)) + padded + struct.pack("<I", 12 + len(padded))

    def enhanced(interface: int, data: bytes) -> bytes:
        return block(6, struct.pack("<IIIII", interface, 0, 1000, len(data), len(data)) + data)

    blocks = [block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))]
    blocks += [block(1, struct.pack("<HHI", link_type, 0, 0)) for link_type in (1, 101)]
    path.write_bytes(b"".join([*blocks, enhanced(0, ethernet(packet)), enhanced(1, packet)]))
    return path


def test_a_filter_is_compiled_for_each_link_type_of_a_file(tmp_path: Path) -> None:
    path = mixed(tmp_path / "mixed.pcapng")
    both = summarize_file(str(path), filter_expression="ip or ip6", hosts="10.0.0.0/8")
    assert (both.ledger["decoded"], both.warnings) == (2, [])
    for workers in (1, 2):
        tagged = summarize_file(str(path), filter_expression="vlan", hosts="10.0.0.0/8", workers=workers)
        assert (tagged.ledger["decoded"], tagged.ledger["filtered"]) == (0, 2)
        [warning] = tagged.warnings
        assert warning.startswith("no packet of link type 101 (Raw IP) passes the filter: the filter 'vlan'")
