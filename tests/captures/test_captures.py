"""The captures are small, and their counts belong to them and not to an earlier recording."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from support.captures import CAPTURES, FOLDER, counts_of

CLASSIC = [path for path in CAPTURES if path.suffix == ".pcap"]


def wire_bytes_of_packets(capture: Path) -> list[int]:
    """The wire length of each whole record of a classic pcap file."""
    data = capture.read_bytes()
    order = ">" if data[:1] == b"\xa1" else "<"
    lengths, offset = [], 24
    while offset + 16 <= len(data):
        _, _, kept_bytes, wire_bytes = struct.unpack_from(order + "IIII", data, offset)
        offset += 16 + kept_bytes
        if offset <= len(data):
            lengths.append(wire_bytes)
    return lengths


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.name)
def test_each_capture_is_small_and_counted(capture: Path) -> None:
    assert capture.stat().st_size <= 60_000
    assert counts_of(capture)["capture"] == capture.name


@pytest.mark.parametrize("capture", CLASSIC, ids=lambda path: path.name)
def test_the_counts_are_those_of_this_recording(capture: Path) -> None:
    lengths = wire_bytes_of_packets(capture)
    counts = counts_of(capture)
    assert counts["packets"] == len(lengths)
    assert counts["wire_bytes"] == sum(lengths)


def test_all_captures_together_are_small() -> None:
    assert sum(path.stat().st_size for path in CAPTURES) <= 680_000


def test_link_layers_and_formats_hold_the_same_packets() -> None:
    expected = counts_of(FOLDER / "dns_truncated.pcap")
    same = [path for path in CAPTURES if path.name.startswith(("links_", "formats_"))]
    whole = [path for path in same if not path.name.startswith(("links_ipv", "formats_cut", "formats_snapped"))]
    assert len(whole) >= 16
    for capture in whole:
        counts = counts_of(capture)
        assert all(counts[name] == expected[name] for name in ("ip", "ipv6", "udp", "tcp", "dns")), capture.name
