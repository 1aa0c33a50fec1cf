"""Flow records: as exporters send them, and of capture files."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pktvisor import _core
from pktvisor.errors import ConfigError, InputError
from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.flow import Flow
from pktvisor.inputs import inputs
from pktvisor.inputs.base import Defaults, Input
from pktvisor.inputs.flow import FlowInput, _buffer_warnings
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from support.captures import FOLDER
from support.live import eventually


def test_a_tap_of_flow_records_reads_the_datagrams_of_a_capture_file() -> None:
    source = inputs()["flow"]({"flow_type": "netflow", "pcap_file": str(FOLDER / "flow_netflow5.pcap")}, Defaults())
    policy = Policy("flows", [Instance("flows", Flow(HandlerSettings()))], periods=1, is_recorded=True)
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
    policy = Policy("flows", [Instance("flows", Flow(HandlerSettings()))], periods=1, is_recorded=True)
    source.start([policy.core])
    source.stop()
    ledger = source.ledger()
    assert ledger["filtered"] > 0
    assert ledger["seen"] == ledger["filtered"] + ledger["malformed"] + ledger["decoded"]
    assert ledger["malformed"] == ledger["flow.unknown"]


def netflow5(sequence: int, records: int) -> bytes:
    """A datagram whose first record has this number."""
    return struct.pack("!HHIIIIBBH", 5, records, 0, 0, 0, sequence, 0, 0, 0) + bytes(48) * records


@contextmanager
def listening(config: dict[str, str | int | bool]) -> Iterator[tuple[Input, Policy, int]]:
    """An input that listens on a free port of the loopback interface, with a policy that counts records."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    source = inputs()["flow"]({"bind": "127.0.0.1", "port": port, **config}, Defaults())
    policy = Policy("flows", [Instance("flows", Flow(HandlerSettings()))])
    source.start([policy.core])
    try:
        yield source, policy, port
    finally:
        source.stop()


@pytest.mark.parametrize("workers", [1, 2])
def test_records_that_exporters_send_are_counted(workers: int) -> None:
    with listening({"flow_type": "netflow", "workers": workers}) as (source, policy, port):
        for exporter in range(1, 9):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.bind((f"127.0.0.{exporter}", 0))
                for datagram in (netflow5(0, 10), netflow5(20, 5), b"no flow record"):
                    sender.sendto(datagram, ("127.0.0.1", port))
        eventually(lambda: source.ledger()["seen"] == 24)
        source.stop()
        ledger = source.ledger()
        assert (ledger["decoded"], ledger["flow.records_lost"], ledger["dropped_by_kernel"]) == (16, 80, 0)
        assert source.describe() == {"packet_errors": 8}
        window = policy.core.read(0, 0)
        assert window is not None
        assert window.ledger()["decoded"] == 16


def ipfix(sequence: int, sets: bytes) -> bytes:
    """A message of the observation domain 7."""
    return struct.pack("!HHIII", 10, 16 + len(sets), 0, sequence, 7) + sets


def test_ipfix_comes_by_tcp_from_many_exporters_each_with_templates_of_its_own() -> None:
    template = struct.pack("!HHHHHH", 2, 12, 256, 1, 1, 4)
    octets = struct.pack("!HHII", 256, 12, 1500, 40)
    with listening({"flow_type": "ipfix", "transport": "tcp"}) as (source, policy, port):
        for exporter in range(1, 9):
            with socket.create_connection(("127.0.0.1", port), source_address=(f"127.0.0.{exporter}", 0)) as stream:
                for part in (ipfix(0, template)[:9], ipfix(0, template)[9:] + ipfix(0, octets), ipfix(2, octets)):
                    stream.sendall(part)
        with socket.create_connection(("127.0.0.1", port)) as stream:
            stream.sendall(b"GET / HTTP/1.1\r\n\r\n")
        eventually(lambda: source.ledger()["seen"] == 25)
        source.stop()
        ledger = source.ledger()
        assert (ledger["decoded"], ledger["flow.unknown"], ledger["flow.records_lost"]) == (24, 1, 0)
        samples = [sample for snapshot in policy.bucket(0, 0) for sample in snapshot.samples]
        records = [sample.value for sample in samples if sample.path[-1] == "records_flows"]
        assert records == [4] * 8


def test_a_receive_buffer_that_the_system_does_not_grant_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with listening({"receive_buffer_bytes": 1 << 20}) as (source, _, _):
        assert all("receive_buffer_bytes" in warning for warning in source.warnings)
    assert _buffer_warnings(1000, 1000) == ()
    assert "grants 1000 of 2000" in _buffer_warnings(1000, 2000)[0]
    assert _buffer_warnings((1 << 30) - 1, 1 << 30) == (), "nobody is granted more"


def test_a_port_that_another_has_is_told() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"UDP port {port}"), listening({"port": port}):
            pass


def test_sflow_is_another_name_of_the_input() -> None:
    assert inputs()["sflow"] is inputs()["flow"]


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({}, "no pcap_file was specified, and so bind and port must be"),
        ({"bind": "127.0.0.1"}, "no pcap_file was specified, and so bind and port must be"),
        ({"bind": "127.0.0.1", "port": 0}, "0 is not between 1 and 65535"),
        ({"bind": "router", "port": 2055}, "'router' does not appear to be an IPv4 or IPv6 address"),
        ({"pcap_file": "x.pcap", "flow_type": "jflow"}, "unknown flow type 'jflow': use sflow, netflow, ipfix"),
        ({"bind": "127.0.0.1", "port": 4739, "transport": "sctp"}, "unknown transport 'sctp': use udp, tcp"),
        ({"bind": "127.0.0.1", "port": 4739, "transport": "tcp"}, "by TCP comes IPFIX alone: say flow_type: ipfix"),
        (
            {"bind": "127.0.0.1", "port": 4739, "transport": "tcp", "flow_type": "ipfix", "workers": 2},
            "is of UDP, and transport is tcp",
        ),
        ({"bind": "127.0.0.1", "port": 2055, "workers": 0}, "0 is not between 1 and 64"),
        ({"pcap_file": "x.pcap", "table_dir": "/"}, "what exporters send is written, not what a pcap_file has"),
        ({"iface": "lo"}, "iface is an invalid/unsupported config or filter"),
    ],
)
def test_what_makes_no_sense_is_refused(config: dict[str, str | int], sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        FlowInput(dict(config), Defaults())
    assert sentence in str(refused.value)
