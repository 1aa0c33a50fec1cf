"""pktvisor-reader as its users meet it: files good and bad, standard input, pipes that break."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support.commands import BIN, CAPTURES, run

DNS = CAPTURES / "dns_authoritative.pcap"


def counted(name: str) -> dict[str, Any]:
    """What tshark counts in a capture."""
    counts: dict[str, Any] = json.loads((CAPTURES / f"{name}.counts.json").read_text())
    return counts


def summary(*arguments: str | Path, stdin: bytes | None = None) -> dict[str, Any]:
    """The reader's document below its key."""
    done = run("pktvisor-reader", *arguments, stdin=stdin)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(b"\n") == 1
    (document,) = json.loads(done.stdout).values()
    assert isinstance(document, dict)
    return document


def test_a_capture_is_counted_as_tshark_counts_it() -> None:
    counts = counted("dns_authoritative")
    document = summary(DNS)
    assert document["packets"]["total"] == counts["packets"]
    assert document["packets"]["udp"] == counts["udp"]
    assert document["packets"]["tcp"] == counts["tcp"]
    assert document["dns"]["wire_packets"]["total"] == counts["dns"]["messages"]
    assert document["dns"]["wire_packets"]["nxdomain"] == counts["dns"]["reply_codes"]["NXDOMAIN"]
    assert document["dns"]["xact"]["counts"]["total"] == counts["dns"]["answered_queries"]


def test_hosts_tell_ingress_from_egress() -> None:
    packets = summary("-H", "10.9.0.2/32,10.9.0.3/32,fd09::2/128,fd09::3/128", DNS)["packets"]
    assert packets["in"] > 0
    assert packets["out"] > 0
    assert summary("-H", "10.9.0.2, 10.9.0.3, fd09::2, fd09::3", DNS)["packets"] == packets


def test_a_file_without_hosts_is_told_of_in_one_line() -> None:
    said = [run("pktvisor-reader", *hosts, DNS).stderr.decode().splitlines()[1:] for hosts in ([], ["-H", "10.9.0.2"])]
    (sentence,), nothing = said
    assert sentence.startswith("no hosts are known: -H NETWORKS")
    assert nothing == []


@pytest.mark.parametrize("name", ["formats_gzip.pcap.gz", "formats_zstd.pcap.zst", "formats_lz4.pcap.lz4"])
def test_compressed_files_read_as_such(name: str) -> None:
    assert summary(CAPTURES / name)["packets"]["total"] == counted(name.split(".")[0])["packets"]


def test_standard_input_is_read() -> None:
    assert summary("-", stdin=DNS.read_bytes()) == summary(DNS)


def test_several_workers_find_the_same() -> None:
    assert summary("--workers", "3", DNS) == summary("--workers", "1", DNS)


def test_a_filter_keeps_what_passes() -> None:
    assert summary("-b", "tcp", DNS)["packets"]["total"] == counted("dns_authoritative")["tcp"]


def test_one_period_is_one_summary_and_more_merge_to_the_same_total() -> None:
    capture = CAPTURES / "multi_window.pcap"
    single = json.loads(run("pktvisor-reader", "--periods", "1", capture).stdout)
    merged = json.loads(run("pktvisor-reader", "--periods", "10", capture).stdout)
    assert (list(single), list(merged)) == (["1m"], ["10m"])
    assert single["1m"]["packets"]["total"] == merged["10m"]["packets"]["total"] == counted("multi_window")["packets"]


def test_a_damaged_file_gives_what_could_be_read_and_a_warning() -> None:
    done = run("pktvisor-reader", "-H", "10.0.0.0/8", CAPTURES / "formats_cut.pcap")
    assert done.returncode == 0
    assert json.loads(done.stdout)["5m"]["packets"]["total"] == counted("formats_cut")["packets"]
    processed, warning = done.stderr.decode().splitlines()
    assert processed == f"processed {counted('formats_cut')['packets']} packets"
    assert "formats_cut.pcap" in warning


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no/such.pcap"], "no/such.pcap"),
        ([__file__], "test_reader.py"),
        (["/"], "/"),
        (["-b", "no such filter", str(DNS)], "no such filter"),
        (["-H", "10.0.0.1/33", str(DNS)], "invalid CIDR: 10.0.0.1/33"),
        (["--geo-city", "no.mmdb", str(DNS)], "no.mmdb"),
        (["--geo-asn", __file__, str(DNS)], "test_reader.py"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(arguments: list[str], words: str) -> None:
    done = run("pktvisor-reader", *arguments)
    assert (done.returncode, done.stdout) == (255, b"")
    (sentence,) = done.stderr.decode().splitlines()
    assert sentence.startswith("Fatal error: ")
    assert words in sentence


def test_an_empty_standard_input_is_one_sentence() -> None:
    done = run("pktvisor-reader", "-", stdin=b"")
    assert (done.returncode, done.stdout) == (255, b"")
    assert done.stderr.count(b"\n") == 1


def test_nobody_listening_is_no_traceback() -> None:
    with subprocess.Popen([BIN / "pktvisor-reader", DNS], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        assert reader.stderr is not None
        reader.stdout.close()
        assert b"Traceback" not in reader.stderr.read()
    assert reader.returncode == 1


@pytest.mark.parametrize("option", [[], ["--summary"]])
def test_the_daemon_reads_files_as_the_reader_does(option: list[str]) -> None:
    periods = "1" if option else "5"
    daemon = run("pktvisord", *option, DNS)
    reader = run("pktvisor-reader", "--periods", periods, DNS)
    assert (daemon.returncode, daemon.stdout) == (0, reader.stdout)
