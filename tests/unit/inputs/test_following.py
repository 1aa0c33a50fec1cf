"""Capture files that grow, as taps and the reader follow them."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pktvisor import _core
from pktvisor.errors import ConfigError, InputError
from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.net import Net
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.pcap import PcapInput
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from pktvisor.windows import arrow
from support.commands import BIN, run
from support.links import ethernet, ipv4, write
from support.live import eventually

FRAME = ethernet(ipv4(17, bytes(8)))


def record(second: int) -> bytes:
    return struct.pack("<IIII", second, 0, len(FRAME), len(FRAME)) + FRAME


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def policy() -> Policy:
    return Policy("test", [Instance("net", Net(HandlerSettings()))], is_recorded=True)


def seen(one: Policy) -> int:
    window = one.core.read(0, 0)
    return 0 if window is None else window.ledger()["seen"]


@pytest.fixture
def growing(tmp_path: Path) -> Path:
    return write(tmp_path / "growing.pcap", 1, [FRAME] * 3)


@pytest.fixture
def source(growing: Path) -> Iterator[PcapInput]:
    tapped = PcapInput({"pcap_file": str(growing), "follow": True}, Defaults())
    yield tapped
    tapped.stop()


def test_a_tap_counts_what_comes_as_it_comes(source: PcapInput, growing: Path) -> None:
    first = policy()
    source.prepare()
    source.start([first.core])
    eventually(lambda: seen(first) == 3)
    running = [source.is_running]
    append(growing, record(1_700_000_001) + record(1_700_000_002)[:20])
    eventually(lambda: seen(first) == 4)
    append(growing, record(1_700_000_002)[20:])
    eventually(lambda: seen(first) == 5)
    eventually(lambda: source.ledger()["seen"] == 5)
    later = policy()
    source.attach(later.core)
    eventually(lambda: seen(later) == 5)
    source.detach(later.core)
    append(growing, record(1_700_000_003))
    eventually(lambda: seen(first) == 6)
    source.stop()
    assert [*running, source.is_running] == [True, False]
    assert (seen(first), source.ledger()["seen"], source.fault) == (6, 6, None)


def test_a_file_that_is_replaced_is_told_and_the_new_one_read(
    source: PcapInput, growing: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = policy()
    source.start([first.core])
    eventually(lambda: seen(first) == 3)
    growing.rename(growing.with_suffix(".old"))
    write(growing, 1, [FRAME] * 2)
    eventually(lambda: seen(first) == 5)

    def is_told() -> bool:
        source.follow(0)
        return any("growing.pcap was replaced: the new file is read" in message for message in caplog.messages)

    eventually(is_told)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"iface": "eth0", "follow": True}, "follow: only a pcap_file is followed"),
        ({"pcap_file": "x.pcap", "follow": "yes"}, "wrong type for key: follow; it needs true or false"),
        ({"pcap_file": ["a", "b"], "follow": True}, "follow: one file or one directory is followed: pcap_file names"),
        ({"pcap_file": "ring*.pcap", "follow": True}, "follow: one file or one directory is followed: pcap_file names"),
    ],
)
def test_what_can_not_be_followed_is_told(config: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        PcapInput(dict(config), Defaults())


def test_a_file_must_be_there(tmp_path: Path) -> None:
    missing = PcapInput({"pcap_file": str(tmp_path / "none.pcap"), "follow": True}, Defaults())
    with pytest.raises(InputError, match=r"none\.pcap: No such file or directory"):
        missing.prepare()


def test_the_reader_follows_until_it_is_told_to_end_and_loses_nothing(growing: Path) -> None:
    line = [str(BIN / "pktvisor-reader"), "--follow", "--periods", "1", str(growing)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        assert reader.stderr is not None
        eventually(lambda: position(reader.pid, growing) == growing.stat().st_size)
        append(growing, record(1_700_000_001))
        growing.rename(growing.with_suffix(".old"))
        write(growing, 1, [FRAME] * 2)
        told = reader.stderr.readline()
        assert "growing.pcap was replaced: the new file is read" in told
        append(growing, record(1_700_000_002))
        eventually(lambda: position(reader.pid, growing) == growing.stat().st_size)
        os.kill(reader.pid, signal.SIGINT)
        (document,) = json.loads(reader.stdout.read()).values()
        assert "processed 7 packets\n" in reader.stderr.read()
        assert reader.wait() == 0
    assert document["packets"]["total"] == 7


def test_windows_of_a_file_that_grows_are_records_once_they_end(growing: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    target = tmp_path / "windows.arrow"
    line = [str(BIN / "pktvisor-reader"), "--follow", "--record", str(target), str(growing)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as reader:
        assert reader.stderr is not None
        eventually(lambda: position(reader.pid, growing) == growing.stat().st_size)
        for second in (60, 120):
            append(growing, record(1_700_000_000 + second))
        eventually(lambda: position(reader.pid, growing) == growing.stat().st_size)
        os.kill(reader.pid, signal.SIGINT)
        assert reader.stderr.read().splitlines()[-1].endswith(" records of 3 windows")
        assert reader.wait() == 0
    totals = [one.value or 0 for one in arrow.read_file(str(target)) if (one.schema, one.path) == ("packets", "total")]
    assert (len(totals), sum(totals)) == (3, 5)


def position(process: int, path: Path) -> int:
    """How far a process has read a file; -1 where it has not opened it."""
    for descriptor in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):
            if str(descriptor.readlink()) == str(path):
                told = Path(f"/proc/{process}/fdinfo/{descriptor.name}").read_text()
                return int(told.partition("pos:")[2].split()[0])
    return -1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--follow", "a.pcap", "b.pcap"], "argument --follow: name one capture file, or one directory"),
        (["--follow", "-"], "argument --follow: name one capture file, or one directory"),
        (["--follow", "-i", "dnstap", "a"], "argument --follow: not available with -i dnstap"),
        (["--follow", "--record", "x.parquet", "a", "b"], "argument --follow: name one capture file, or one directory"),
        (["--follow", "--table", "dns", "--out", "x.arrow", "a"], "argument --follow: not available with --table"),
    ],
)
def test_the_reader_follows_one_file(arguments: list[str], sentence: str) -> None:
    done = run("pktvisor-reader", *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr.decode()


def test_a_directory_is_a_recording_of_a_tap_too(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / f"x{number}", 1, [FRAME] * 2)
    (tmp_path / "notes").write_text("no capture")
    tapped, one = PcapInput({"pcap_file": str(tmp_path)}, Defaults()), policy()
    tapped.prepare()
    tapped.start([one.core])
    eventually(lambda: not tapped.is_running)
    assert seen(one) == 6
    assert "notes" in str(tapped.fault)
    tapped.stop()


def test_reading_stops_though_there_is_always_more(tmp_path: Path) -> None:
    path = write(tmp_path / "long.pcap", 1, [FRAME] * 20_000)
    following = _core.Following()
    following.stop()
    one = policy()
    report = _core.run_file([str(path)], [one.core], hosts=[], following=following)
    assert 0 < report.packets < 20_000
    assert following.ledger()["seen"] == report.packets == seen(one)
