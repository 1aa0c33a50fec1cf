from __future__ import annotations

import pytest

from pktvisor import _core
from pktvisor.errors import ConfigError
from pktvisor.handlers.base import Settings
from pktvisor.handlers.flow import Flow
from pktvisor.inputs import inputs
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.flow import FlowInput
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from support.captures import FOLDER


def test_a_tap_of_flow_records_reads_the_datagrams_of_a_capture_file() -> None:
    source = inputs()["flow"]({"flow_type": "netflow", "pcap_file": str(FOLDER / "flow_netflow5.pcap")}, Defaults())
    policy = Policy("flows", [Instance("flows", Flow(Settings()))], periods=1, is_recorded=True)
    source.prepare()
    source.start([policy.core])
    source.stop()
    assert source.is_recorded
    assert not source.is_running
    assert source.ledger()["decoded"] == 5
    window = policy.core.read(0, 0)
    assert isinstance(window, _core.Window)
    assert window.ledger()["seen"] == 5


def test_packets_without_flow_records_are_told_apart_from_those_that_cannot_be_read() -> None:
    source = FlowInput({"pcap_file": str(FOLDER / "dns_tcp.pcap")}, Defaults())
    policy = Policy("flows", [Instance("flows", Flow(Settings()))], periods=1, is_recorded=True)
    source.start([policy.core])
    source.stop()
    ledger = source.ledger()
    assert ledger["filtered"] > 0
    assert ledger["seen"] == ledger["filtered"] + ledger["malformed"] + ledger["decoded"]
    assert ledger["malformed"] == ledger["flow.unknown"]


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({}, "no pcap_file was specified"),
        ({"pcap_file": "x.pcap", "flow_type": "sflow"}, "unknown flow type 'sflow': use netflow or ipfix"),
        ({"bind": "127.0.0.1", "port": 2055}, "bind is an invalid/unsupported config or filter"),
    ],
)
def test_what_is_not_there_is_refused(config: dict[str, str | int], sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        FlowInput(dict(config), Defaults())
    assert sentence in str(refused.value)
