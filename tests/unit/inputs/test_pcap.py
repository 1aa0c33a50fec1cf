"""The input pcap: what its configuration may say, and made-up packets through it, which need no rights."""

from __future__ import annotations

from typing import Any

import pytest

from pktvisor import _core
from pktvisor.config.models import Value
from pktvisor.errors import ConfigError, PktvisorError
from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.dns import Dns
from pktvisor.handlers.net import Net
from pktvisor.inputs import filters, tapped
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.filters import PASSES_NOTHING, Program
from pktvisor.inputs.hosts import parse_hosts
from pktvisor.inputs.interfaces import Interface, find_interface
from pktvisor.inputs.pcap import PcapInput
from pktvisor.inputs.tapped import ADDRESSES_SECONDS
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from support.live import eventually


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"iface": ""}, "iface: no iface was specified for live capture"),
        ({"workers": 0}, "workers: 0 is not between 1 and 64"),
        ({"workers": 100_000}, "workers: 100000 is not between 1 and 64"),
        ({"workers": "x"}, "workers: wrong type for key: workers; it needs a whole number"),
        ({"lookback_mb": 1 << 40}, "lookback_mb: 1099511627776 is not between 0 and 65536"),
        ({"promiscuous": "maybe"}, "wrong type for key: promiscuous; it needs true or false"),
        ({"host_spec": "1.2.3"}, "host_spec: invalid CIDR: 1.2.3"),
        (
            {"bpf": "udp or " * 3000 + "tcp"},
            "bpf: Cannot set BPF filter to interface; the filter has 21003 bytes; 16384 are the most",
        ),
        ({"bpf": "udp prot 53"}, "bpf: Cannot set BPF filter to interface; the filter 'udp prot 53' is invalid"),
        ({"dns_ports": "53,"}, "dns_ports: '' is not a port"),
        ({"dns_ports": ["0"]}, "dns_ports: '0' is not a port"),
        ({"iface": "eth0,eth0"}, "iface: an interface is named twice"),
        ({"iface": ["eth0", "any"]}, "iface: 'any' stands alone: it can't be one of several"),
        ({"iface": ["auto", "eth0"]}, "iface: 'auto' stands alone"),
        ({"iface": [f"eth{number}" for number in range(65)]}, "iface: at most 64 interfaces are allowed, not 65"),
        ({"iface": 7}, "wrong type for key: iface; it needs a text"),
        ({"vxlan_ports": "0"}, "vxlan_ports: '0' is not a port"),
        ({"decapsulate": "maybe"}, "wrong type for key: decapsulate; it needs true or false"),
        ({"pcap_source": "foo"}, "pcap_source: unknown pcap source; there are libpcap"),
    ],
)
def test_what_makes_no_sense_is_told_before_anything_is_opened(config: dict[str, Value], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        PcapInput({"iface": "lo", **config}, Defaults())
    assert str(caught.value).startswith(sentence)


def test_an_input_that_is_started_again_goes_on_counting() -> None:
    policy = Policy("test", [Instance("net", Net(HandlerSettings()))])
    source = PcapInput({"pcap_source": "mock"}, Defaults())
    source.start([policy.core])
    eventually(lambda: source.ledger()["seen"] >= 2)
    source.stop()
    before = source.ledger()["seen"]
    source.start([policy.core])
    eventually(lambda: source.ledger()["seen"] >= before + 2)
    source.stop()
    window = policy.core.read(0, 0)
    assert window is not None
    assert window.ledger()["decoded"] == source.ledger()["decoded"], "one window holds what came before and after"


def test_an_attempt_that_fails_leaves_what_was_counted() -> None:
    source = PcapInput({"iface": "there-is-none"}, Defaults())
    for _ in range(2):
        with pytest.raises(ConfigError, match="there-is-none"):
            source.start([])
    assert source.ledger() == {}


class FakeCapture:
    """Keeps the hosts that it was given."""

    def __init__(self, interface: str, policies: object, *, hosts: list[tuple[bytes, int]], **_: object) -> None:
        self.hosts = [hosts]

    def set_hosts(self, hosts: list[tuple[bytes, int]]) -> None:
        self.hosts.append(hosts)

    def is_running(self) -> bool:
        return True


class FakeInterfaces:
    """One interface, whose networks the test sets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.networks: tuple[str, ...] = ("192.0.2.5/24", "2001:db8::5/64")
        self.captures: list[FakeCapture] = []
        monkeypatch.setattr(tapped, "find_interface", self.find)
        monkeypatch.setattr(_core, "LiveInput", self.capture)

    def find(self, _: str) -> Interface:
        return Interface("eth0", self.networks, ("eth0",), {"eth0": 1})

    def capture(self, *arguments: Any, **options: Any) -> FakeCapture:
        self.captures.append(FakeCapture(*arguments, **options))
        return self.captures[-1]

    def given(self) -> list[list[tuple[bytes, int]]]:
        """What the one capture was given as hosts, one time after the other."""
        (capture,) = self.captures
        return capture.hosts


OWN = "192.0.2.5/24,2001:db8::5/64,192.0.2.5,2001:db8::5"


def test_an_interfaces_networks_and_within_them_its_addresses_are_this_host(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    interfaces = FakeInterfaces(monkeypatch)
    source = PcapInput({"iface": "eth0"}, Defaults())
    with caplog.at_level("INFO", "pktvisor.inputs.tapped"):
        source.start([])
    assert interfaces.given() == [parse_hosts(OWN)]
    assert caplog.messages == [f"eth0: this host is {OWN.replace(',', ', ')}"]
    assert source.describe()["host_ips"] == {"ipv4": ["192.0.2.5/24"], "ipv6": ["2001:db8::5/64"]}


def test_addresses_that_come_are_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    interfaces = FakeInterfaces(monkeypatch)
    source = PcapInput({"iface": "eth0"}, Defaults())
    source.start([])
    source.follow(100)
    interfaces.networks = ("192.0.2.6/24",)
    source.follow(100 + ADDRESSES_SECONDS - 1)
    assert interfaces.given() == [parse_hosts(OWN)], "it is not time to look again"
    source.follow(100 + ADDRESSES_SECONDS)
    source.follow(100 + 2 * ADDRESSES_SECONDS)
    assert interfaces.given() == [parse_hosts(OWN), parse_hosts("192.0.2.6/24,192.0.2.6")]


def test_hosts_that_were_said_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    interfaces = FakeInterfaces(monkeypatch)
    source = PcapInput({"iface": "eth0", "host_spec": "10.0.0.0/8, 10.8.0.1"}, Defaults())
    source.start([])
    interfaces.networks = ("192.0.2.6/24",)
    source.follow(100)
    assert interfaces.given() == [parse_hosts("10.0.0.0/8,10.8.0.1")]
    assert source.describe()["host_ips"] == {"ipv4": ["10.0.0.0/8", "10.8.0.1"]}


def test_a_live_input_looks_at_the_ports_of_all_its_policies_and_each_sees_its_own() -> None:
    """The made-up packets are of port 53."""

    def policy(source: PcapInput, **options: Value) -> Policy:
        settings = HandlerSettings(options=options, input_ports=source.ports)
        return Policy("test", [Instance("dns", Dns(settings))])

    def queries(policy: Policy) -> int:
        (snapshot,) = policy.bucket(0, 0)
        (sample,) = [one for one in snapshot.samples if one.path == ("wire_packets", "queries")]
        assert isinstance(sample.value, int)
        return sample.value

    source = PcapInput({"pcap_source": "mock", "dns_ports": "8600"}, Defaults(lookback_mb=1))
    of_input, own = policy(source), policy(source, dns_ports=["53"])
    source.start([of_input.core])
    eventually(lambda: source.ledger()["seen"] >= 2)
    source.attach(own.core)
    eventually(lambda: queries(own) >= 2)
    source.stop()
    assert queries(of_input) == 0


def test_a_filter_is_compiled_before_the_input_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []

    def compile_filter(_: object, expression: str) -> Program:
        compiled.append(expression)
        return PASSES_NOTHING

    monkeypatch.setattr(filters, "_compile", compile_filter)
    for target in ("lo", "any"):
        source = PcapInput({"iface": target, "bpf": "udp"}, Defaults())
        source.prepare()
        before = len(compiled)
        interface = find_interface(target)
        assert source._tapped.interfaces[0]._programs(interface)
        assert len(compiled) == before, "nothing is left to do for who starts it under a lock"


def test_an_interface_that_is_not_there_is_told_in_the_words_that_clients_know() -> None:
    source = PcapInput({"iface": "nosuch0", "bpf": "udp"}, Defaults())
    with pytest.raises(PktvisorError, match=r"^Cannot open interface for packet capture: "):
        source.prepare()
