"""Whoever reads a capture as what it is not hears what it holds."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from pktvisor import _core
from pktvisor.cli.analysis import analyse
from pktvisor.cli.progress import Progress
from pktvisor.config.command_options import SummaryOptions
from pktvisor.inputs.held import FIRST_PACKETS, HOLDS_FLOWS, HOLDS_NO_FLOWS, PASSES_NO_FLOWS
from pktvisor.policies.summary import WITHOUT_HOSTS, summarize_file
from support.captures import PACKET_CAPTURES

OF_EXPORTERS = [path for path in PACKET_CAPTURES if path.name.startswith("flow_")]


def warnings(path: Path, input_type: str) -> list[str]:
    return summarize_file(str(path), input_type=input_type).warnings


@pytest.mark.parametrize("path", OF_EXPORTERS, ids=lambda path: path.stem)
def test_the_datagrams_of_exporters_read_as_packets_are_told(path: Path) -> None:
    assert HOLDS_FLOWS in warnings(path, "pcap")
    assert WITHOUT_HOSTS not in warnings(path, "pcap"), "that would not help"
    assert not {HOLDS_FLOWS, HOLDS_NO_FLOWS} & {*warnings(path, "netflow")}


@pytest.mark.parametrize("name", ["dns_resolver", "tcp_web", "dhcp4", "bgp"])
def test_other_packets_read_as_flow_records_are_told(name: str) -> None:
    [path] = [path for path in PACKET_CAPTURES if path.stem == name]
    assert HOLDS_NO_FLOWS in warnings(path, "sflow")
    assert not {HOLDS_FLOWS, HOLDS_NO_FLOWS} & {*warnings(path, "pcap")}


def test_where_a_filter_keeps_flow_records_out_nobody_says_that_the_capture_has_none() -> None:
    told = summarize_file(str(OF_EXPORTERS[0]), input_type="netflow", filter_expression="udp port 1").warnings
    assert PASSES_NO_FLOWS in told
    assert HOLDS_NO_FLOWS not in told


def test_text_has_the_hint_as_json_has(capfd: pytest.CaptureFixture[str]) -> None:
    analyse([str(OF_EXPORTERS[0])], SummaryOptions(), Progress(io.StringIO()))
    assert HOLDS_FLOWS in capfd.readouterr().err


def test_the_first_packets_tell_what_a_capture_is_of_however_many_follow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [dns] = [path for path in PACKET_CAPTURES if path.stem == "dns_resolver"]
    header, packets = dns.read_bytes()[:24], dns.read_bytes()[24:]
    large = tmp_path / "large.pcap"
    large.write_bytes(header + packets * FIRST_PACKETS)
    make, readers = _core.BatchReader, list[_core.BatchReader]()

    def opened(*args: Any, **options: Any) -> _core.BatchReader:
        readers.append(make(*args, **options))
        return readers[-1]

    monkeypatch.setattr(_core, "BatchReader", opened)
    warnings(large, "pcap")
    assert [reader.report().ledger()["seen"] for reader in readers] == [pytest.approx(FIRST_PACKETS, rel=1)]
