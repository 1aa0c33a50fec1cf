"""Filters on live interfaces: each sees its link type as it is, and the VLAN tag that the kernel takes off."""

from __future__ import annotations

import struct
import subprocess

from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.net import Net
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.pcap import PcapInput
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from support.links import MACS, UDP, ethernet, ipv4
from support.live import eventually
from support.namespaces import Tunnel, in_namespace, send

QUESTION = ipv4(UDP, struct.pack("!HHHH", 40000, 53, 20, 0) + bytes(12))
WEB = ipv4(UDP, struct.pack("!HHHH", 40000, 443, 20, 0) + bytes(12))
TAGGED = MACS + struct.pack("!HHH", 0x8100, 77, 0x0800) + QUESTION
ARP = MACS + b"\x08\x06" + bytes(46)


class Capture:
    """A capture with a filter."""

    def __init__(self, interface: str, expression: str, workers: int = 1) -> None:
        policy = Policy("test", [Instance("net", Net(HandlerSettings()))])
        self.source = PcapInput({"iface": interface, "bpf": expression, "workers": workers}, Defaults())
        self.source.start([policy.core])

    def has_seen(self, packets: int) -> None:
        """Wait for so many packets, and see that there are no more."""
        eventually(lambda: self.source.ledger()["seen"] >= packets)
        self.source.stop()
        assert self.source.ledger()["seen"] == packets


def traffic(tunnel: Tunnel) -> None:
    """Send what some filters mean, and at the end what all of them do."""
    for frame in (ethernet(WEB), ARP, ethernet(QUESTION), TAGGED, TAGGED):
        send("left", frame)
    for packet in (WEB, QUESTION, QUESTION):
        tunnel.receive(packet)


def test_each_interface_has_the_program_of_its_link_type() -> None:
    def story() -> None:
        tunnel = Tunnel("tunnel")
        captures = [
            (Capture("right", "vlan 77"), 2),
            (Capture("right", "vlan 77", workers=2), 2),
            (Capture("right", "arp"), 1),
            (Capture("right", "udp port 53"), 3),
            (Capture("tunnel", "udp port 53"), 2),
            # A frame is seen where it leaves, its tag still in it, and where it arrives.
            (Capture("any", "udp port 53"), 1 + 3 + 2),
            (Capture("any", "vlan 77"), 2 * 2),
        ]
        traffic(tunnel)
        for capture, packets in captures:
            capture.has_seen(packets)
            assert capture.source.warnings == [] or capture.source.config["iface"] == "any"
        tunnel.close()

    in_namespace(story)


def test_what_an_interface_cannot_express_is_told_and_lets_nothing_pass() -> None:
    def story() -> None:
        tunnel = Tunnel("tunnel")
        refusing, taking = Capture("tunnel", "vlan 77"), Capture("tunnel", "udp")
        traffic(tunnel)
        taking.has_seen(3)
        refusing.has_seen(0)
        [warning] = refusing.source.warnings
        assert "link type 101 (Raw IP)" in warning
        [warning] = Capture("any", "arp").source.warnings
        assert "link type 101 (Raw IP)" in warning
        tunnel.close()

    in_namespace(story)


def test_an_interface_that_is_down_still_has_its_tags_seen_once_it_is_up() -> None:
    def story() -> None:
        capture = Capture("idle", "vlan 77")
        for name in ("idle", "idle-peer"):
            subprocess.run(["ip", "link", "set", name, "arp", "off", "up"], check=True)
        send("idle-peer", TAGGED)
        capture.has_seen(1)

    in_namespace(story)
