"""What a policy tells of itself. The core is real; only the capture is made by hand, since it needs rights."""

from __future__ import annotations

from typing import Any, cast

import pytest

from pktvisor import _core
from pktvisor.agent.live_policy import LivePolicy, Tap
from pktvisor.errors import PeriodError
from pktvisor.inputs.live import Interface
from pktvisor.policies.default import DAEMON_HANDLERS, default_instances
from pktvisor.policies.policy import Policy
from pktvisor.policies.summary import run_file
from support.commands import CAPTURES

ETH0 = Interface("eth0", ("10.0.0.5/24", "fe80::1/64"), ("lo", "eth0"))
INSTANCES = ("default-default-net", "default-default-dhcp", "default-default-dns", "default-default-pcap_stats")


class Capture:
    """A capture that runs and has two questions open."""

    def is_running(self) -> bool:
        return True

    def open_exchanges(self) -> int:
        return 2

    def ledger(self) -> dict[str, int]:
        return {"seen": 3, "decoded": 2, "malformed": 1}


def live(*, hosts: str = "", periods: int = 5) -> LivePolicy:
    """A policy that has seen a capture file to its end: 126 DNS messages in 200 seconds."""
    tap = Tap("default", ETH0, hosts, "udp")
    policy = Policy("default", default_instances(DAEMON_HANDLERS, deep_sample_rate=50), periods=periods)
    run_file(str(CAPTURES / "multi_window.pcap"), policy)
    return LivePolicy(policy, tap, cast("_core.LiveInput", Capture()))


def described(policy: LivePolicy) -> dict[str, Any]:
    return policy.describe()


def test_handlers_stand_in_the_policys_order() -> None:
    policy = live()
    assert policy.instances == INSTANCES
    assert tuple(snapshot.instance for snapshot in policy.bucket(0)) == INSTANCES
    assert tuple(snapshot.instance for snapshot in policy.window(2)) == INSTANCES
    assert policy.latest() == policy.bucket(1)


def test_a_period_that_is_not_there_is_refused() -> None:
    with pytest.raises(PeriodError, match=r"specify \[0, 2\]"):
        live(periods=3).bucket(3)


def test_the_input_names_its_interface_and_its_hosts() -> None:
    ((name, document),) = described(live())["input"].items()
    assert name.startswith("default-")
    assert document == {
        "input": {"consumers": 4, "running": True},
        "module": {"config": {"bpf": "udp", "host_spec": "", "iface": "eth0"}, "name": name},
        "pcap": {
            "available_iface": "lo,eth0",
            "host_ips": {"ipv4": ["10.0.0.5/24"], "ipv6": ["fe80::1/64"]},
            "pcap_source": "af_packet",
        },
        "ledger": {"seen": 3, "decoded": 2, "malformed": 1},
    }


def test_given_hosts_replace_the_interfaces_own() -> None:
    document = described(live(hosts="192.0.2.0/24,"))
    ((_, stream),) = document["input"].items()
    assert stream["pcap"]["host_ips"] == {"ipv4": ["192.0.2.0/24"]}
    assert document["taps"]["default"]["config"] == {"host_spec": "192.0.2.0/24,", "iface": "eth0"}


def test_inputs_that_differ_have_names_that_differ() -> None:
    assert set(described(live())["input"]) != set(described(live(hosts="192.0.2.0/24"))["input"])


def test_handlers_tell_their_settings() -> None:
    assert described(live())["modules"]["default-default-net"] == {
        "module": {
            "config": {"_internal_tap_name": "default", "deep_sample_rate": 50, "num_periods": 5},
            "name": "default-default-net",
            "running": True,
            "type": "packets",
        }
    }


def test_dns_tells_of_its_transactions_and_periods() -> None:
    dns = described(live())["modules"]["default-default-dns"]
    assert dns["dns"] == {"predicate": {"enabled": False}, "xact": {"open": 2}}
    assert dns["metrics"]["periods_configured"] == 5
    assert dns["metrics"]["deep_sample_rate"] == 50


def test_dns_periods_stand_newest_first() -> None:
    *newer, oldest = described(live())["modules"]["default-default-dns"]["metrics"]["periods"]
    assert oldest["start_tstamp"] == "2025-06-15 15:06:40"
    assert oldest["end_tstamp"] == newer[-1]["start_tstamp"]
    assert all(period["read_only"] for period in newer)
    assert sum(period["events"]["wire_packets"]["events"] for period in (*newer, oldest)) == 126
    assert set(oldest["events"]["rates"]["rates"]) == {"events"}
