from __future__ import annotations

import pytest

from pktvisor.errors import ConfigError
from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.pcap import Pcap
from pktvisor.metrics.kinds import LedgerCounter
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from pktvisor.policies.summary import run_file
from support.captures import FOLDER


def test_it_shows_what_the_ledger_counts_and_no_events() -> None:
    assert all(isinstance(metric, LedgerCounter) for metric in Pcap(HandlerSettings()).metrics().values())


def test_its_counters_are_entries_of_the_ledger() -> None:
    policy = Policy("test", [Instance("pcap", Pcap(HandlerSettings()))], is_recorded=True)
    report = run_file(str(FOLDER / "dns_tcp_segments.pcap"), policy)
    (snapshot,) = policy.bucket(0, 0)
    shown = {sample.path[0]: sample.value for sample in snapshot.samples}
    lost = report.ledger()["evicted.tcp_segments"]
    assert lost > 0
    assert shown == {"tcp_reassembly_errors": lost, "os_drops": 0, "if_drops": 0}


def test_it_has_no_filters() -> None:
    with pytest.raises(ConfigError, match="The valid configs/filters are: recorded_stream, deep_sample_rate"):
        Pcap(HandlerSettings(options={"bpf": "udp"}))
