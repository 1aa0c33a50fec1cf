"""The input pcap: what its configuration may say, and made-up packets through it, which need no rights."""

from __future__ import annotations

import pytest

from pktvisor.config.models import Value
from pktvisor.errors import ConfigError
from pktvisor.handlers.base import Settings
from pktvisor.handlers.dns import Dns
from pktvisor.handlers.net import Net
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.pcap import PcapInput
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
        ({"bpf": "udp or " * 3000 + "tcp"}, "bpf: the filter has 21003 bytes; 16384 are the most"),
        ({"dns_ports": "53,"}, "dns_ports: '' is no port"),
        ({"dns_ports": ["0"]}, "dns_ports: '0' is no port"),
        ({"pcap_source": "foo"}, "pcap_source: unknown pcap source; there are libpcap"),
    ],
)
def test_what_makes_no_sense_is_told_before_anything_is_opened(config: dict[str, Value], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        PcapInput({"iface": "lo", **config}, Defaults())
    assert str(caught.value).startswith(sentence)


def test_an_input_that_is_started_again_goes_on_counting() -> None:
    policy = Policy("test", [Instance("net", Net(Settings()))])
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


def test_a_live_input_looks_at_the_ports_of_all_its_policies_and_each_sees_its_own() -> None:
    """The made-up packets are of port 53."""

    def policy(source: PcapInput, **options: Value) -> Policy:
        settings = Settings(options=options, input_dns_ports=source.dns_ports)
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
