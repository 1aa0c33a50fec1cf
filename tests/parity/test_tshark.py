from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from parity.answers import ANSWERS, CAPTURES, WHY_SKIPPED
from support.measuring import Source, Wanted, measure

pytestmark = [
    pytest.mark.skipif(not ANSWERS.is_dir(), reason=WHY_SKIPPED),
    pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed"),
]

CAPTURE_NAMES = [path.name for path in sorted(CAPTURES.glob("*.pcap"))]
BGP_TYPES = {"open": 1, "update": 2, "notification": 3, "keepalive": 4, "routerefresh": 5}
RCODES = {"noerror": 0, "srvfail": 2, "nxdomain": 3, "refused": 5}
EVERY_DNS_PORT = [f"{layer}.port=={port},dns" for layer in ("udp", "tcp") for port in (5353, 5355, 53000)]


def _tshark(path: Path, display_filter: str, *fields: str) -> list[list[str]]:
    """Give the fields of frames that pass a display filter; a frame with several messages repeats values."""
    command = ["tshark", "-r", str(path), "-n", "-2", "-Y", display_filter, "-T", "fields", "-E", "separator=|"]
    command += ["-o", "tcp.reassemble_out_of_order:TRUE"]
    for decode in EVERY_DNS_PORT:
        command += ["-d", decode]
    for name in ("frame.number", *fields):
        command += ["-e", name]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return [line.split("|")[1:] for line in done.stdout.splitlines()]


def _values(rows: list[list[str]], column: int) -> list[str]:
    return [value for row in rows for value in row[column].split(",") if value]


@pytest.mark.parametrize("name", CAPTURE_NAMES)
def test_packets_are_counted_as_tshark_counts_them(name: str) -> None:
    path = CAPTURES / name
    counters: Any = measure(Source(path), [Wanted("net", "net")]).document()["net"]["packets"]
    no_quotes = "not icmp and not icmpv6"
    assert counters["total"] == len(_tshark(path, "frame"))
    assert counters["ipv4"] == len(_tshark(path, "ip"))
    assert counters["ipv6"] == len(_tshark(path, "ipv6 and not ip"))
    assert counters["tcp"] == len(_tshark(path, f"tcp and {no_quotes}"))
    fragments = "(ip.flags.mf == 1 or ip.frag_offset > 0) and ip.proto == 17 or ipv6.fraghdr.nxt == 17"
    assert counters["udp"] == len(_tshark(path, f"udp and {no_quotes} or {fragments}"))
    assert counters["protocol"]["tcp"]["syn"] == len(_tshark(path, f"tcp.flags.syn == 1 and {no_quotes}"))


@pytest.mark.parametrize("name", CAPTURE_NAMES)
def test_dns_messages_are_counted_as_tshark_counts_them(name: str) -> None:
    path = CAPTURES / name
    counters: Any = measure(Source(path), [Wanted("dns", "dns")]).document()["dns"]["dns"]["wire_packets"]
    rows = _tshark(path, "dns and not icmp and not icmpv6", "dns.flags.response", "dns.flags.rcode")
    is_reply = [value in ("1", "True") for value in _values(rows, 0)]
    rcodes = [int(value) for value in _values(rows, 1)]
    assert (counters["queries"], counters["replies"]) == (is_reply.count(False), is_reply.count(True))
    assert {name: counters[name] for name in RCODES} == {name: rcodes.count(code) for name, code in RCODES.items()}


@pytest.mark.parametrize("name", CAPTURE_NAMES)
def test_bgp_messages_are_counted_as_tshark_counts_them(name: str) -> None:
    path = CAPTURES / name
    counters: Any = measure(Source(path), [Wanted("bgp", "bgp")]).document()["bgp"]["bgp"]["wire_packets"]
    types = [int(value) for value in _values(_tshark(path, "bgp", "bgp.type"), 0)]
    assert counters["total"] == len(types)
    assert {name: counters[name] for name in BGP_TYPES} == {name: types.count(kind) for name, kind in BGP_TYPES.items()}
