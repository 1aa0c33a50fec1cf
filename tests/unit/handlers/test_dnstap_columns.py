"""What servers tell beside their messages: in conditions, in breakdowns, and missing where it is not told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow
import pytest

import pktvisor
from pktvisor.errors import ConfigError
from pktvisor.inputs.batches import Batches
from support.captures import FOLDER
from support.configurations import declared
from support.dnstap_messages import DNS_QUERY, Told, write_file
from support.measuring import Source, Wanted, measure

RESOLVER, AUTHORITY = FOLDER / "dnstap_resolver.fstrm", FOLDER / "dnstap_authoritative.fstrm"


def shown(path: Path, metrics: str) -> dict[str, Any]:
    wanted = Wanted("m", "custom", settings=declared(metrics))
    return dict(measure(Source(path), [wanted]).document()["m"]["custom"])


def test_messages_are_counted_by_server_type_and_zone() -> None:
    by = shown(
        AUTHORITY,
        "servers: {counter: dns, by: dnstap.identity}, types: {counter: dns, by: dnstap.type},"
        "zones: {top_n: dnstap.zone}, versions: {top_n: dnstap.version},"
        'asked: {counter: dns, where: \'dnstap.type == "AUTH_QUERY" and dnstap.identity == "authority"\'},'
        "below: {counter: dns, where: 'dnstap.zone ends with \".TEST.\"'}",
    )
    assert by["dnstap_identity"] == {"authority": {"servers": 36}}
    types = {name: group["types"] for name, group in by["dnstap_type"].items()}
    assert types == {"AUTH_QUERY": 18, "AUTH_RESPONSE": 16, "CLIENT_RESPONSE": 2}
    assert by["asked"] == 18
    assert by["below"] == 14
    assert {entry["name"]: entry["estimate"] for entry in by["zones"]} == {"lab.test": 14, "test": 1, "": 1}
    (version,) = by["versions"]
    assert version["name"].startswith("BIND 9")


def test_the_name_of_a_server_is_compared_as_it_is_written(tmp_path: Path) -> None:
    path = write_file(tmp_path / "x.fstrm", [Told(identity=b"NS1.example."), Told(identity=b"ns1.example")])
    found = shown(path, "a: {counter: dns, where: 'dnstap.identity == \"NS1.example.\"'}")
    assert found["a"] == 1


def test_policies_are_counted_and_what_is_not_told_is_absent(tmp_path: Path) -> None:
    told = [Told(policy={1: b"RPZ", 2: b"bad.example", 3: 1, 4: 2, 5: b"192.0.2.1"})] * 3 + [Told(identity=None)] * 2
    path = write_file(tmp_path / "x.fstrm", told)
    found = shown(
        path,
        "actions: {counter: dns, by: dnstap.policy_action}, matches: {top_n: dnstap.policy_match},"
        "none: {counter: dns, where: dnstap.policy is absent}, rules: {cardinality: dnstap.policy_rule}",
    )
    assert found["dnstap_policy_action"] == {"NXDOMAIN": {"actions": 3}, "none": {"actions": 2}}
    assert found["matches"] == [{"name": "CLIENT_IP", "estimate": 3}]
    assert (found["none"], found["rules"]) == (2, 1)


def test_data_frames_have_what_was_told_and_null_for_what_was_not(tmp_path: Path) -> None:
    path = write_file(tmp_path / "x.fstrm", [Told(protocol=7, query=None), Told(protocol=None, identity=None)])
    rows = pyarrow.table(pktvisor.table(path, "dns", as_text=True)).to_pylist()
    columns = ("dnstap.type", "dnstap.identity", "dns.transport", "dns.rcode", "dnstap.zone", "dnstap.policy_action")
    assert [tuple(row[column] for column in columns) for row in rows] == [
        ("CLIENT_QUERY", "ns1", "quic", None, None, None),
        ("CLIENT_QUERY", None, None, "NOERROR", None, None),
    ]
    packets = pyarrow.table(pktvisor.table(FOLDER / "dns_tcp.pcap", "dns", as_text=True))
    assert packets["dnstap.type"].null_count == packets["dnstap.identity"].null_count == packets.num_rows


def test_a_port_that_nobody_told_is_in_no_list(tmp_path: Path) -> None:
    path = write_file(tmp_path / "x.fstrm", [Told(port=None), Told(port=4711)])
    document = measure(Source(path), [Wanted("d", "dns")]).document()["d"]["dns"]
    assert document["top_udp_ports"] == [{"name": "4711", "estimate": 1}]


def test_files_are_known_by_their_first_bytes_or_by_what_is_said(tmp_path: Path) -> None:
    other_name = tmp_path / "messages.pcap"
    other_name.write_bytes(RESOLVER.read_bytes())
    opened = pktvisor.batches(other_name)
    assert sum(len(batch.dns) for batch in opened) == opened.ledger["decoded"] == 74
    assert not opened.warnings
    both = Batches([RESOLVER, AUTHORITY], input_type="dnstap")
    assert sum(len(batch.dns) for batch in both) == 74 + 36


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"hosts": "10.0.0.0/8"}, "dnstap has no packets"),
        ({"filter_expression": "port 53"}, "dnstap has no packets"),
        ({"input_type": "dnstab"}, "input_type is pcap or dnstap"),
    ],
)
def test_what_makes_no_sense_of_dnstap_is_refused(options: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        pktvisor.table(RESOLVER, "dns", **options)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="it holds packet, dns, xact"):
        pktvisor.table(RESOLVER, "dhcp")


def test_a_damaged_file_gives_the_rows_before_and_a_warning(tmp_path: Path) -> None:
    cut = tmp_path / "cut.fstrm"
    cut.write_bytes(write_file(tmp_path / "x.fstrm", [Told(query=DNS_QUERY)] * 9).read_bytes()[:-20])
    opened = pktvisor.batches(cut)
    assert sum(len(batch.dns) for batch in opened) == 8
    assert "ends within a frame" in opened.warnings[0]
