"""What pktvisor counts in every capture is what tshark counts, up to differences that are named here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pktvisor.outputs.json import flat_document
from pktvisor.policies.summary import summarize_file
from support.captures import FOLDER, PACKET_CAPTURES, counts_of

HOSTS = "10.9.0.2/32,10.7.0.2/32,fd09::2/128"
# tshark puts fragments together, and reads messages of which a snap length left only the beginning.
OTHER_MESSAGES = {"fragments.pcap", "fragments_orders.pcap", "formats_snapped.pcap"}
# tshark counts the headers of both packets where one is inside the other.
TUNNELS = [path for path in PACKET_CAPTURES if path.name.startswith("tunnel_")]
WITH_SAME_HEADERS = [path for path in PACKET_CAPTURES if path not in TUNNELS]
WITH_SAME_MESSAGES = [path for path in WITH_SAME_HEADERS if path.name not in OTHER_MESSAGES]


def document_of(capture: Path) -> dict[str, Any]:
    summary = summarize_file(str(capture), periods=1, hosts=HOSTS)
    document: dict[str, Any] = flat_document(summary.handlers)
    return document


@pytest.mark.parametrize("capture", WITH_SAME_HEADERS, ids=lambda path: path.name)
def test_frames_are_counted_by_their_headers(capture: Path) -> None:
    packets, counts = document_of(capture)["packets"], counts_of(capture)
    assert packets["total"] == counts["packets"]
    assert packets["in"] + packets["out"] + packets["unknown_dir"] == packets["total"]
    assert (packets["ipv4"], packets["ipv6"]) == (counts.get("ip", 0), counts.get("ipv6", 0))
    assert packets["tcp"] == counts.get("tcp", 0)
    assert packets["protocol"]["tcp"]["syn"] == counts.get("tcp_syn", 0)
    fragments = counts.get("ip_fragments", 0) + counts.get("ipv6_fragments", 0)  # tshark: UDP in the first alone
    assert counts.get("udp", 0) <= packets["udp"] <= counts.get("udp", 0) + fragments


@pytest.mark.parametrize("capture", WITH_SAME_MESSAGES, ids=lambda path: path.name)
def test_dns_messages_are_found_in_datagrams_and_streams(capture: Path) -> None:
    document, counts = document_of(capture)["dns"], counts_of(capture).get("dns", {})
    messages, codes = document["wire_packets"], counts.get("reply_codes", {})
    pairs = {"total": "messages", "ipv4": "ip"} | {name: name for name in ("queries", "replies", "udp", "tcp", "ipv6")}
    assert {ours: messages[ours] for ours in pairs} == {ours: counts.get(theirs, 0) for ours, theirs in pairs.items()}
    named = {"noerror": "NOERROR", "nxdomain": "NXDOMAIN", "refused": "REFUSED", "srvfail": "SERVFAIL"}
    # The recorded counts are of the header's four bits, which BADVERS (16) shares with NOERROR.
    extended = sum(entry["estimate"] for entry in document["top_rcode"] if entry["name"] == "BADVERS")
    found = {ours: messages[ours] + (extended if ours == "noerror" else 0) for ours in named}
    assert found == {ours: codes.get(theirs, 0) for ours, theirs in named.items()}
    assert document["xact"]["counts"]["total"] == counts.get("answered_queries", 0)


@pytest.mark.parametrize("capture", TUNNELS, ids=lambda path: path.name)
def test_dns_messages_are_found_in_tunnels(capture: Path) -> None:
    summary = summarize_file(str(capture), periods=1, hosts=HOSTS, decapsulates=True)
    document: dict[str, Any] = flat_document(summary.handlers)
    counts, messages = counts_of(capture), document["dns"]["wire_packets"]
    assert document["packets"]["total"] == counts["packets"]
    assert (messages["total"], messages["queries"], messages["tcp"]) == (
        counts["dns"]["messages"],
        counts["dns"]["queries"],
        counts["dns"].get("tcp", 0),
    )


def test_dhcp_messages_are_counted_by_type() -> None:
    version4 = document_of(FOLDER / "dhcp4.pcap")["dhcp"]["wire_packets"]
    counts4 = counts_of(FOLDER / "dhcp4.pcap")["dhcp"]
    assert version4["total"] == sum(counts4.values())
    assert all(version4[name.lower()] == counts4[name] for name in ("DISCOVER", "OFFER", "REQUEST", "ACK"))
    version6 = document_of(FOLDER / "dhcp6.pcap")["dhcp"]["wire_packets"]
    counts6 = counts_of(FOLDER / "dhcp6.pcap")["dhcpv6"]
    pairs = {"solicit": "SOLICIT", "advertise": "ADVERTISE", "request_v6": "REQUEST", "reply": "REPLY"}
    assert all(version6[ours] == counts6[theirs] for ours, theirs in pairs.items())
