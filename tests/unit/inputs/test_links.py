"""Headers before IP: the same packets behind each of them give the same documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pktvisor.outputs.json import flat_document
from pktvisor.policies.summary import summarize_file
from support.links import LINKS, MACS, authenticated, raw_packets, write


def document(path: Path) -> dict[str, Any]:
    """Summarise a file, but for what depends on the bytes of the headers below IP."""
    summary = summarize_file(str(path), periods=1, hosts="10.0.0.0/8")
    whole: dict[str, Any] = flat_document(summary.handlers)
    return {"dns": whole["dns"], "packets": {name: whole["packets"][name] for name in ("ipv4", "ipv6", "tcp", "udp")}}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The packets without any header before them."""
    expected = document(write(tmp_path_factory.mktemp("links") / "raw.pcap", 101, raw_packets()))
    assert expected["dns"]["xact"]["counts"]["total"] >= 10
    assert min(expected["packets"].values()) > 0
    return expected


@pytest.mark.parametrize("name", LINKS)
def test_packets_are_read_whatever_stands_before_them(name: str, bare: dict[str, Any], tmp_path: Path) -> None:
    link_type, wrap = LINKS[name]
    assert document(write(tmp_path / "wrapped.pcap", link_type, map(wrap, raw_packets()))) == bare


def test_an_authentication_header_is_stepped_over_in_ipv4_as_in_ipv6(tmp_path: Path) -> None:
    whole = [packet for packet in raw_packets() if packet[0] == 0x45 and packet[6:8] in (b"\0\0", b"\x40\0")]
    plain, guarded = write(tmp_path / "plain.pcap", 101, whole), tmp_path / "guarded.pcap"
    assert document(write(guarded, 1, map(authenticated, whole))) == document(plain)


def test_what_is_encrypted_below_ip_is_told_as_such(tmp_path: Path) -> None:
    frames = [MACS + b"\x88\xe5\x2c" + bytes(60)] * 3
    summary = summarize_file(str(write(tmp_path / "macsec.pcap", 1, frames)), hosts="10.0.0.0/8")
    assert summary.warnings == ["3 of 3 packets could not be read: 3 encrypted below IP"]
    assert summary.ledger["link.encrypted"] == 3
