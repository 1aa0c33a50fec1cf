"""dnstap point by point: each type and transport, each compression, what is left out and what is wrong."""

from __future__ import annotations

import gzip
import lzma
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pktvisor import _core
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.dnstap import DnstapInput
from pktvisor.inputs.hosts import parse_cidr
from support.dnstap_messages import DNS_QUERY, DNS_RESPONSE, Told, write_file
from support.measuring import Measured, Source, Wanted, measure

AUTH, RESOLVER, CLIENT, FORWARDER, STUB, TOOL, UPDATE = range(1, 15, 2)
ASKED = (AUTH, CLIENT, UPDATE)
"""Queries that come to the server that tells; the others it sends."""
UDP, TCP, DOT, DOH, DNSCRYPT_UDP, DNSCRYPT_TCP, DOQ = range(1, 8)
TRANSPORTS = dict(enumerate(("udp", "tcp", "dot", "doh", "dnscrypt_udp", "dnscrypt_tcp", "doq"), 1))


def told(path: Path) -> Measured:
    wanted = [Wanted("one", "dns"), Wanted("two", "dns", "2.0"), Wanted("net", "net")]
    return measure(Source(path), wanted)


def exchange(kind: int, **others: Any) -> list[Told]:
    """A query of a type and its response 2 ms later, whose message has the query's time, too, as servers tell it."""
    query = Told(kind=kind, query_us=0, **others)
    return [query, Told(kind=kind + 1, query=None, query_us=0, response=DNS_RESPONSE, response_us=2000, **others)]


@pytest.mark.parametrize("kind", range(1, 15, 2))
def test_queries_and_responses_of_each_type_have_their_direction_and_time(kind: int, tmp_path: Path) -> None:
    document = told(write_file(tmp_path / "x.fstrm", exchange(kind))).document()
    way, other = ("in", "out") if kind in ASKED else ("out", "in")
    assert document["net"]["packets"]["in"] == document["net"]["packets"]["out"] == 1
    wire = document["one"]["dns"]["wire_packets"]
    assert (wire["total"], wire["queries"], wire["replies"], wire["nxdomain"]) == (2, 1, 1, 1)
    two = document["two"]["dns"]
    assert two[way]["xacts"] == 1
    assert two[way]["nxdomain_xacts"] == 1
    assert two.get(other, {}).get("xacts", 0) == 0


@pytest.mark.parametrize(("protocol", "name"), TRANSPORTS.items())
def test_each_transport_has_a_count_of_its_own(protocol: int, name: str, tmp_path: Path) -> None:
    document = told(write_file(tmp_path / "x.fstrm", exchange(CLIENT, protocol=protocol))).document()
    counts = document["two"]["dns"]["in"]
    counted = {other: counts.get(f"{other}_xacts", 0) for other in TRANSPORTS.values()}
    assert counted == {other: int(other == name) for other in TRANSPORTS.values()}
    wire = document["one"]["dns"]["wire_packets"]
    assert (wire["udp"], wire["tcp"]) == (2 * (protocol == UDP), 2 * (protocol == TCP))
    packets = document["net"]["packets"]
    assert (packets["udp"], packets["tcp"]) == (2 * (protocol == UDP), 2 * (protocol == TCP))
    assert packets["other_l4"] == 2 * (protocol not in (UDP, TCP))


def test_the_type_picks_of_query_and_response_the_one_that_counts(tmp_path: Path) -> None:
    both: dict[str, Any] = {"query": DNS_QUERY, "response": DNS_RESPONSE, "query_us": 0, "response_us": 3000}
    path = write_file(tmp_path / "x.fstrm", [Told(kind=CLIENT, **both), Told(kind=CLIENT + 1, **both)])
    document = told(path).document()
    wire = document["one"]["dns"]["wire_packets"]
    assert (wire["queries"], wire["replies"], wire["nxdomain"], wire["noerror"]) == (1, 1, 1, 0)
    assert document["two"]["dns"]["in"]["xacts"] == 1


def test_a_message_without_fields_counts_by_its_type_alone(tmp_path: Path) -> None:
    nothing: dict[str, Any] = {
        "family": None,
        "protocol": None,
        "client": None,
        "server": None,
        "port": None,
        "server_port": None,
    }
    bare = [Told(kind=kind, query=None, query_us=None, identity=None, **nothing) for kind in (CLIENT, CLIENT + 1)]
    document = told(write_file(tmp_path / "x.fstrm", bare)).document()
    wire, packets = document["one"]["dns"]["wire_packets"], document["net"]["packets"]
    assert (wire["total"], wire["queries"], wire["replies"]) == (2, 1, 1)
    assert (wire["udp"], wire["tcp"], wire["ipv4"], wire["ipv6"], wire["noerror"]) == (0, 0, 0, 0, 0)
    assert (packets["total"], packets["udp"], packets["tcp"], packets["ipv4"], packets["ipv6"]) == (2, 0, 0, 0, 0)
    assert packets["top_ipv4"] == packets["top_ipv6"] == document["one"]["dns"]["top_udp_ports"] == []
    assert packets["cardinality"]["src_ips_in"] == packets["cardinality"]["dst_ips_out"] == 0


@pytest.mark.parametrize(
    ("message", "reason", "rows"),
    [
        (Told(client=b"\x01\x02\x03"), "dnstap.bad_address", 1),
        (Told(server=bytes(17)), "dnstap.bad_address", 1),
        (Told(client=b""), "dnstap.bad_address", 1),
        (Told(query=DNS_QUERY[:11]), "dns.too_short", 1),
        (Told(query=b""), "dns.too_short", 1),
        (Told(query=DNS_QUERY[:14]), "dns.bad_question", 1),
        (Told(kind=15), "dnstap.no_message", 0),
        (Told(kind=0), "dnstap.no_message", 0),
        (Told(zone=b"\x3fshort"), "", 1),
        (b"\xff" * 30, "dnstap.bad_protobuf", 0),
        (Told().content()[:-2], "dnstap.no_message", 0),
    ],
)
def test_what_is_wrong_is_counted_and_the_next_message_is_read(
    message: Told | bytes, reason: str, rows: int, tmp_path: Path
) -> None:
    measured = told(write_file(tmp_path / "x.fstrm", [message, *exchange(CLIENT)]))
    ledger = measured.report.ledger()
    wrong = {name: count for name, count in ledger.items() if count and name.startswith(("dns.", "dnstap."))}
    assert wrong == ({reason: 1} if reason else {})
    assert (ledger["seen"], ledger["decoded"]) == (3, 3 - len(wrong))
    assert measured.document()["net"]["packets"]["total"] == 2 + rows


def test_start_may_lack_the_content_type_and_stop_may_have_one(tmp_path: Path) -> None:
    without = write_file(tmp_path / "without.fstrm", exchange(CLIENT), content_type=b"")
    assert told(without).report.ledger()["decoded"] == 2
    assert not told(without).report.damages


@pytest.mark.parametrize("ending", ["gz", "xz", "zst", "lz4"])
def test_compressed_files_are_read_as_they_are(ending: str, tmp_path: Path) -> None:
    plain = write_file(tmp_path / "x.fstrm", exchange(CLIENT) * 50)
    path = tmp_path / f"x.{ending}"
    if ending == "gz":
        path.write_bytes(gzip.compress(plain.read_bytes()))
    elif ending == "xz":
        path.write_bytes(lzma.compress(plain.read_bytes()))
    else:
        command = {"zst": "zstd", "lz4": "lz4"}[ending]
        if shutil.which(command) is None:
            pytest.skip(f"{command} is not installed")
        path.write_bytes(subprocess.run([command, "-c", str(plain)], capture_output=True, check=True).stdout)
    source = DnstapInput({"dnstap_file": str(path)}, Defaults())
    source.prepare()
    measured = measure(Source(path.rename(tmp_path / f"{ending}.fstrm")), [Wanted("one", "dns")])
    assert measured.report.ledger()["decoded"] == 100


@pytest.mark.parametrize(
    ("client", "server", "is_kept"),
    [
        ([192, 0, 2, 1], [203, 0, 113, 53], True),
        ([203, 0, 113, 1], [192, 0, 2, 53], True),
        ([203, 0, 113, 1], [203, 0, 113, 53], False),
        ([192, 0, 2, 1], None, True),
        (None, [192, 0, 2, 53], True),
        (None, None, False),
        ([0x20, 1, 0xD, 0xB8, *[0] * 11, 1], None, True),
    ],
)
def test_only_hosts_keeps_messages_with_one_end_in_a_network_of_the_list(
    client: list[int] | None, server: list[int] | None, is_kept: bool, tmp_path: Path
) -> None:
    ends = {"client": client and bytes(client), "server": server and bytes(server)}
    path = write_file(tmp_path / "x.fstrm", [Told(**ends)])  # type: ignore[arg-type]
    networks = [parse_cidr(network) for network in ("192.0.2.0/24", "2001:db8::/32")]
    ledger = _core.run_dnstap([str(path)], [], only_hosts=networks).ledger()
    assert (ledger["decoded"], ledger["filtered"]) == (int(is_kept), int(not is_kept))
