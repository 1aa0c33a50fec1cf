"""A tap of several interfaces in a network namespace of its own: packets by interface, and one that comes back."""

from __future__ import annotations

import subprocess
from typing import Any

from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.custom import Custom
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.pcap import PcapInput
from pktvisor.outputs.json import flat_document
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from support.links import ethernet, ipv4
from support.live import eventually
from support.namespaces import in_namespace, send

METRICS = {
    "packets": {"counter": "packet", "by": "packet.interface"},
    "incoming": {"counter": "packet", "where": "packet.direction == in", "by": "packet.interface"},
}
UDP = 17


def add(name: str, address: str) -> None:
    """Add an interface that only the test sends by: the peer has no IPv6 that would speak by itself."""
    for command in (
        f"link add {name} type veth peer name {name}-peer",
        f"link set {name} addrgenmode none arp off up",
        f"link set {name}-peer addrgenmode none arp off up",
        f"addr add {address}/24 dev {name}",
    ):
        subprocess.run(["ip", *command.split()], check=True)


def to(address: str) -> bytes:
    """A frame to one of the interfaces' addresses."""
    return ethernet(ipv4(UDP, bytes(8), destination=bytes(int(part) for part in address.split("."))))


def custom_policy() -> Policy:
    settings = HandlerSettings(metrics=METRICS, input_type="pcap")
    return Policy("test", [Instance("custom", Custom(settings))])


def counted(policy: Policy, metric: str) -> dict[str, int]:
    """A metric by interface."""
    document: dict[str, Any] = flat_document(policy.bucket(0, 0))
    groups = document.get("custom", {}).get("packet_interface", {})
    return {name: group[metric] for name, group in groups.items() if metric in group}


def test_packets_are_told_apart_by_interface_and_each_comes_back_by_itself() -> None:
    def story() -> None:
        add("one", "10.9.1.1")
        add("two", "10.9.2.1")
        policy = custom_policy()
        source = PcapInput({"iface": ["one", "two"], "lookback_mb": 1}, Defaults())
        source.start([policy.core])
        try:
            for interface, address, times in (("one", "10.9.1.1", 3), ("two", "10.9.2.1", 2)):
                for _ in range(times):
                    send(f"{interface}-peer", to(address))
            eventually(lambda: counted(policy, "packets") == {"one": 3, "two": 2})
            assert counted(policy, "incoming") == {"one": 3, "two": 2}, "each has its own addresses for hosts"
            eventually(lambda: source.ledger()["seen"] == 5)
            packets = source.recent_packets(filter_expression="", seconds=None, most_bytes=1 << 20)
            assert packets.count(to("10.9.1.1")) == 3
            assert packets.count(to("10.9.2.1")) == 2

            subprocess.run(["ip", "link", "delete", "two"], check=True)
            eventually(lambda: any("the interface two was removed" in warning for warning in source.warnings))
            send("one-peer", to("10.9.1.1"))
            eventually(lambda: counted(policy, "packets") == {"one": 4, "two": 2})

            add("two", "10.9.2.1")
            source.follow(1_000_000.0)
            send("two-peer", to("10.9.2.1"))
            eventually(lambda: counted(policy, "packets") == {"one": 4, "two": 3})
            assert not any("two was removed" in warning for warning in source.warnings)
        finally:
            source.stop()

    in_namespace(story)


def test_any_names_the_interface_of_each_packet() -> None:
    def story() -> None:
        add("one", "10.9.1.1")
        policy = custom_policy()
        source = PcapInput({"iface": "any"}, Defaults())
        source.start([policy.core])
        try:
            send("one-peer", to("10.9.1.1"))
            eventually(lambda: counted(policy, "packets").get("one", 0) >= 1)
            assert counted(policy, "packets").get("one-peer", 0) >= 1, "where it went out"
        finally:
            source.stop()

    in_namespace(story)
