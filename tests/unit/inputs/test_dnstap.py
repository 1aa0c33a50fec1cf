"""dnstap files: in a running agent, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from pktvisor.config.models import Settings
from pktvisor.errors import ConfigError, InputError, PktvisorError
from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.dns import Dns
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.dnstap import DnstapInput
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from support.live import eventually

CAPTURES = Path(__file__).parents[2] / "captures"
RESOLVER = str(CAPTURES / "dnstap_resolver.fstrm")


def ledger_of(config: Settings) -> dict[str, int]:
    """Read a file through dns and give what became of its messages."""
    source = DnstapInput(config, Defaults())
    source.prepare()
    policy = Policy("test", [Instance("dns", Dns(HandlerSettings(input_type="dnstap")))], is_recorded=True)
    source.start([policy.core])
    eventually(lambda: not source.is_running)
    assert source.fault is None
    window = policy.core.read(0, 9)
    assert window is not None
    assert window.ledger() == source.ledger()
    return source.ledger()


def test_every_message_is_decoded() -> None:
    ledger = ledger_of({"dnstap_file": RESOLVER})
    assert (ledger["seen"], ledger["decoded"], ledger["malformed"]) == (74, 74, 0)


@pytest.mark.parametrize(
    ("networks", "kept"), [(["10.8.0.2/32"], 32), (["10.9.0.1"], 28), (["10.0.0.0/8", "fd09::/64"], 74), ([], 0)]
)
def test_only_hosts_keeps_what_has_an_end_in_the_list(networks: list[str], kept: int) -> None:
    ledger = ledger_of({"dnstap_file": RESOLVER, "only_hosts": networks})
    assert (ledger["seen"], ledger["decoded"], ledger["filtered"]) == (74, kept, 74 - kept)


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({}, "dnstap_file"),
        ({"tcp": "127.0.0.1"}, "tcp"),
        ({"dnstap_file": RESOLVER, "only_hosts": ["10.0.0.0/33"]}, "only_hosts"),
        ({"dnstap_file": RESOLVER, "iface": "lo"}, "iface"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(config: Settings, path: str) -> None:
    with pytest.raises(ConfigError) as refused:
        DnstapInput(config, Defaults())
    assert refused.value.path == path


def test_a_file_of_packets_is_no_dnstap_file() -> None:
    with pytest.raises(PktvisorError, match="can't be read as a frame stream: it is a capture file of packets"):
        DnstapInput({"dnstap_file": str(CAPTURES / "dns_tcp.pcap")}, Defaults()).prepare()
    with pytest.raises(InputError, match="frame stream"):
        DnstapInput({"dnstap_file": str(CAPTURES / "nothing.fstrm")}, Defaults()).prepare()


def test_a_file_that_was_cut_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    cut = tmp_path / "cut.fstrm"
    cut.write_bytes(Path(RESOLVER).read_bytes()[:1000])
    source = DnstapInput({"dnstap_file": str(cut)}, Defaults())
    policy = Policy("test", [Instance("dns", Dns(HandlerSettings(input_type="dnstap")))], is_recorded=True)
    source.start([policy.core])
    eventually(lambda: not source.is_running)
    assert source.ledger()["decoded"] > 0
    assert source.fault is not None
    assert "ends within a frame" in source.fault
