"""pktvisor-reader as its users meet it: files good and bad, standard input, pipes that break."""

from __future__ import annotations

import bz2
import json
import lzma
import os
import pty
import re
import subprocess
from collections.abc import Callable
from contextlib import suppress
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


def test_what_a_summary_does_not_need_is_not_imported() -> None:
    program = "from pktvisor.cli.reader import main; import sys; main(); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([BIN / "python", "-c", program, DNS], capture_output=True, check=True)
    imported = set(done.stderr.decode().split())
    assert "pktvisor.policies.summary" in imported
    assert not imported & {
        *("hashlib", "logging", "ssl", "yaml", "ruamel", "starlette", "textual"),
        *(
            "pktvisor.api.documents",
            "pktvisor.config.models",
            "pktvisor.policies.instances",
            "pktvisor.policies.meaning",
        ),
        *("pktvisor.handlers.custom", "pktvisor.handlers.flow", "pktvisor.metrics.declaration_text"),
    }


def test_hosts_tell_ingress_from_egress() -> None:
    packets = summary("-H", "10.9.0.2/32,10.9.0.3/32,fd09::2/128,fd09::3/128", DNS)["packets"]
    assert packets["in"] > 0
    assert packets["out"] > 0
    assert summary("-H", "10.9.0.2, 10.9.0.3, fd09::2, fd09::3", DNS)["packets"] == packets


def test_a_file_without_hosts_is_told_of_in_one_line() -> None:
    said = [run("pktvisor-reader", *hosts, DNS).stderr.decode().splitlines()[1:] for hosts in ([], ["-H", "10.9.0.2"])]
    (sentence,), nothing = said
    assert sentence.startswith("this host's networks are unknown: use -H NETWORKS")
    assert nothing == []


@pytest.mark.parametrize("name", ["formats_gzip.pcap.gz", "formats_zstd.pcap.zst", "formats_lz4.pcap.lz4"])
def test_compressed_files_read_as_such(name: str) -> None:
    assert summary(CAPTURES / name)["packets"]["total"] == counted(name.split(".")[0])["packets"]


@pytest.mark.parametrize("pack", [lzma.compress, bz2.compress])
def test_what_xz_and_bzip2_packed_is_read(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    packed = tmp_path / "named-by-nothing"
    packed.write_bytes(pack(DNS.read_bytes()))
    assert summary(packed) == summary(DNS)


def cut_in_pieces(capture: Path, folder: Path, pieces: int) -> list[Path]:
    """Deals a pcap file's packets out to several, in turn, as captures beside each other have them."""
    contents = capture.read_bytes()
    records, at = [], 24
    while at < len(contents):
        end = at + 16 + int.from_bytes(contents[at + 8 : at + 12], "little")
        records.append(contents[at:end])
        at = end
    paths = [folder / f"piece{number}.pcap" for number in range(pieces)]
    for number, path in enumerate(paths):
        path.write_bytes(contents[:24] + b"".join(records[number::pieces]))
    return paths


@pytest.mark.parametrize("workers", ["1", "3"])
def test_several_files_are_one_capture_in_the_order_of_time(workers: str, tmp_path: Path) -> None:
    capture = CAPTURES / "multi_window.pcap"
    pieces = cut_in_pieces(capture, tmp_path, 3)
    whole = summary("--periods", "10", "-H", "10.0.0.0/8", "--workers", "1", capture)
    assert summary("--periods", "10", "-H", "10.0.0.0/8", "--workers", workers, *reversed(pieces)) == whole
    assert summary("--periods", "10", "-H", "10.0.0.0/8", "--workers", workers, tmp_path) == whole


def test_of_a_directory_what_is_no_capture_is_told_and_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.pcap").write_bytes(DNS.read_bytes())
    (tmp_path / "notes.txt").write_text("what I captured")
    done = run("pktvisor-reader", "-H", "10.0.0.0/8", tmp_path)
    assert json.loads(done.stdout)["5m"]["packets"]["total"] == counted("dns_authoritative")["packets"]
    assert "notes.txt is not a capture file" in done.stderr.decode()
    assert "it is skipped" in done.stderr.decode()


def test_a_result_that_leaves_a_part_of_the_file_out_says_so(tmp_path: Path) -> None:
    capture = CAPTURES / "multi_window.pcap"
    every = counted("multi_window")["packets"]
    done = run("pktvisor-reader", "--periods", "2", "-H", "10.0.0.0/8", capture)
    kept = json.loads(done.stdout)["2m"]["packets"]["total"]
    assert 0 < kept < every
    assert f"the result covers only the last 2 of 4 periods, {kept:,} of {every:,} packets" in done.stderr.decode()
    assert "use --periods 4 or --summary for all of them" in done.stderr.decode()
    for option in (["--periods", "4"], ["--summary"]):
        done = run("pktvisor-reader", *option, "-H", "10.0.0.0/8", capture)
        assert done.stderr.decode() == f"processed {every} packets\n"


@pytest.mark.parametrize("command", ["pktvisor-reader", "pktvisord"])
def test_a_person_gets_text_about_the_whole_file_and_json_when_asked_for(command: str) -> None:
    capture = CAPTURES / "multi_window.pcap"
    text = on_terminal(command, "--periods", "2", str(capture))
    assert "whole file" in text
    assert "Top QName 2" in text
    assert f"Pkts {counted('multi_window')['packets']:,}" in re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert on_terminal(command, "--json", "--periods", "2", str(capture)).startswith('{"2m":{')


def on_terminal(*command: str) -> str:
    """What a command writes to a terminal that is its stdout."""
    ours, theirs = pty.openpty()
    program = [str(BIN / command[0]), *command[1:]]
    with subprocess.Popen(program, stdout=theirs, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL) as done:
        os.close(theirs)
        written = b""
        with suppress(OSError):  # EIO once nobody has the other end any more
            while part := os.read(ours, 65536):
                written += part
        os.close(ours)
    assert done.returncode == 0
    return written.decode()


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
