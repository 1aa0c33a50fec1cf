"""Exporters send their records: what is counted is what they saw."""

from __future__ import annotations

import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.flow import Flow
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.flow import FlowInput
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from support import tshark
from support.live import eventually
from support.made_up import made_up_capture

HOUR_S = 3600
PATH = "/usr/sbin:/usr/bin:/usr/local/sbin"
CAPTURE = Path(__file__).parents[1] / "captures" / "dns_tcp.pcap"
CONNECTIONS = 4
FILTER = "ip and tcp"
IPV4 = 0x0800
ETHERNET_BYTES = 14
FLOW_PORT = 2055
PROBE = """
daemonize: false
pcap_savefile: {capture}
pcap_filter: ip and tcp
savefile_wait: true
aggregate: src_host, dst_host, src_port, dst_port, proto, tos
plugins: nfprobe[x]
nfprobe_receiver[x]: 127.0.0.1:{port}
nfprobe_version[x]: {version}
nfprobe_timeouts[x]: expint=1:tcp=1:tcp.rst=1:tcp.fin=1:maxlife=1
"""


@contextmanager
def listening(**config: str) -> Iterator[tuple[FlowInput, Policy, int]]:
    """An input that listens on a free port, with a policy that counts records."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    source = FlowInput({"bind": "127.0.0.1", "port": port, "flow_type": "netflow", **config}, Defaults())
    policy = Policy("flows", [Instance("flows", Flow(HandlerSettings()))], length_s=HOUR_S)
    source.start([policy.core])
    try:
        yield source, policy, port
    finally:
        source.stop()


@contextmanager
def exporter(name: str, *arguments: str) -> Iterator[None]:
    """Have a program export; at the end of its file it would stay, with nothing to do."""
    program = shutil.which(name, path=PATH)
    if program is None:
        pytest.skip(f"{name} is not installed")
    with subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


def sums(policy: Policy, *names: str) -> list[int]:
    """What the counters of these names add up to."""
    samples = [sample for snapshot in policy.bucket(0, 0) for sample in snapshot.samples]
    return [sum(int(str(sample.value)) for sample in samples if sample.path[-1] == name) for name in names]


def traffic() -> tuple[int, int]:
    """Packets of IPv4 in the capture (all are of TCP), and what their headers say that they hold together."""
    content = CAPTURE.read_bytes()
    at, packets, octets = 24, 0, 0
    while at < len(content):
        (kept,) = struct.unpack_from("<I", content, at + 8)
        kind, _, length = struct.unpack_from(">HHH", content, at + 16 + 12)
        if kind == IPV4:
            packets, octets = packets + 1, octets + length
        at += 16 + kept
    return packets, octets


SOFTFLOWD = [("5", "udp"), ("9", "udp"), ("10", "udp"), ("10", "tcp")]


@pytest.mark.parametrize(("version", "transport"), SOFTFLOWD)
def test_every_connection_that_softflowd_saw_is_counted(version: str, transport: str, tmp_path: Path) -> None:
    config = {"transport": "tcp", "flow_type": "ipfix"} if transport == "tcp" else {}
    files = ["-p", str(tmp_path / "softflowd.pid"), "-c", "none"]
    with listening(**config) as (source, policy, port):
        line = ["-d", "-r", str(CAPTURE), "-v", version, "-P", transport, "-n", f"127.0.0.1:{port}", *files, FILTER]
        with exporter("softflowd", *line):
            eventually(lambda: _records(policy) >= 2 * CONNECTIONS)
        source.stop()
        _nothing_is_lost(source)
        assert _records(policy) == 2 * CONNECTIONS, "a record for each direction"
        assert sums(policy, "in_packets", "in_bytes") == list(traffic())


def test_every_packet_that_softflowd_reports_is_a_record_of_its_headers(tmp_path: Path) -> None:
    packets, octets = traffic()
    files = ["-p", str(tmp_path / "softflowd.pid"), "-c", "none"]
    with listening(flow_type="ipfix") as (source, policy, port):
        line = ["-d", "-r", str(CAPTURE), "-v", "psamp", "-n", f"127.0.0.1:{port}", *files, FILTER]
        with exporter("softflowd", *line):
            eventually(lambda: _records(policy) >= packets)
        source.stop()
        _nothing_is_lost(source)
        assert _records(policy) == packets
        assert sums(policy, "in_packets", "in_tcp_packets", "in_ipv4_packets") == [packets] * 3
        assert sums(policy, "in_bytes") == [octets + packets * ETHERNET_BYTES]


@pytest.mark.parametrize("version", ["5", "9", "10"])
def test_every_connection_that_pmacct_exports_is_counted(version: str, tmp_path: Path) -> None:
    """Its exporter counts some packets twice when it starts late, so the datagrams say what is right."""
    with listening() as (source, policy, port), _overhearing(port) as (relay, datagrams):
        settings = tmp_path / "probe.conf"
        settings.write_text(PROBE.format(capture=CAPTURE, port=relay, version=version))
        with exporter("pmacctd", "-f", str(settings)):
            eventually(lambda: _records(policy) >= 2 * CONNECTIONS)
        source.stop()
        _nothing_is_lost(source)
        assert sums(policy, "in_packets", "in_bytes") == _exported(f"pmacct_{version}", datagrams)


@contextmanager
def _overhearing(port: int) -> Iterator[tuple[int, list[bytes]]]:
    """Pass datagrams on to a port; gives the port to send them to, and the list of what was passed on."""
    passed: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as relay:
        relay.bind(("127.0.0.1", 0))

        def pass_on() -> None:
            while datagram := relay.recv(65535):
                passed.append(datagram)
                relay.sendto(datagram, ("127.0.0.1", port))

        thread = threading.Thread(target=pass_on)
        thread.start()
        try:
            yield relay.getsockname()[1], passed
        finally:
            relay.sendto(b"", relay.getsockname())
            thread.join()


def _exported(name: str, datagrams: Sequence[bytes]) -> list[int]:
    """Packets and bytes that tshark reads in the records of these datagrams."""
    capture = made_up_capture(name, [(at, _frame(datagram)) for at, datagram in enumerate(datagrams)])
    return [tshark.ask(capture, {"sum": field, "where": "cflow"}) for field in ("cflow.packets", "cflow.octets")]


def _frame(datagram: bytes) -> bytes:
    """A datagram to the port where tshark looks for flow records, without checksums."""
    udp = struct.pack(">HHHH", FLOW_PORT, FLOW_PORT, 8 + len(datagram), 0) + datagram
    ip = struct.pack(">BBHHHBBH8x", 0x45, 0, 20 + len(udp), 0, 0, 64, socket.IPPROTO_UDP, 0)
    return bytes(12) + struct.pack(">H", IPV4) + ip + udp


def _records(policy: Policy) -> int:
    return sums(policy, "records_flows")[0]


def _nothing_is_lost(source: FlowInput) -> None:
    ledger = source.ledger()
    assert ledger["decoded"] == ledger["seen"] > 0
    lost: Sequence[str] = ("malformed", "flow.records_lost", "flow.datagrams_lost", "evicted.flow_sets")
    assert {name: ledger[name] for name in lost} == dict.fromkeys(lost, 0)
