"""Packets that are kept for a while: as a capture file, and for policies that come late."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from pktvisor import _core, clock
from pktvisor.errors import ConfigError
from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.net import Net
from pktvisor.inputs.recent import recent_packets
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from pktvisor.policies.summary import run_file
from support.live import eventually, mock_input

LOOKBACK_BYTES = 1 << 20


def policy(*, is_recorded: bool = False) -> Policy:
    return Policy("test", [Instance("net", Net(HandlerSettings()))], is_recorded=is_recorded)


def packets(policy: Policy) -> int:
    window = policy.core.read(0, 4)
    return 0 if window is None else window.ledger()["decoded"]


def read_again(file: bytes, folder: Path) -> int:
    path = folder / "recent.pcapng"
    path.write_bytes(file)
    report = run_file(str(path), policy(is_recorded=True))
    assert report.damages == []
    if shutil.which("tshark") is not None:
        command = ["tshark", "-r", str(path), "-T", "fields", "-e", "dns.qry.name"]
        names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        assert len(names) == report.packets
        assert all(name.endswith(".pktvisor-mock.dev") for name in names)
    return report.packets


def test_what_just_passed_is_a_capture_file(tmp_path: Path) -> None:
    seen = policy()
    with mock_input(seen, lookback_bytes=LOOKBACK_BYTES) as capture:
        eventually(lambda: packets(seen) >= 5)
        capture.stop()
        assert read_again(recent_packets(capture, seconds=None, most_bytes=1 << 20), tmp_path) == packets(seen)
        assert read_again(recent_packets(capture, seconds=60, most_bytes=300), tmp_path) == 2
        assert read_again(recent_packets(capture, seconds=0, most_bytes=1 << 20), tmp_path) == 0


def test_a_filter_chooses_among_them(tmp_path: Path) -> None:
    seen = policy()
    with mock_input(seen, lookback_bytes=LOOKBACK_BYTES) as capture:
        eventually(lambda: packets(seen) >= 8)
        capture.stop()

        def count(expression: str) -> int:
            file = recent_packets(capture, seconds=None, most_bytes=1 << 20, filter_expression=expression)
            return read_again(file, tmp_path)

        questions, answers = count("udp dst port 53"), count("udp src port 53")
        assert questions + answers == packets(seen)
        assert questions > 0
        assert count("tcp") == 0
        with pytest.raises(ConfigError, match="is invalid"):
            count("no such filter")


def test_an_input_without_lookback_says_so() -> None:
    with mock_input(policy()) as capture, pytest.raises(ConfigError, match="without lookback"):
        recent_packets(capture, seconds=10, most_bytes=1 << 20)


def test_a_file_has_room_for_its_header_at_least() -> None:
    kept = mock_input(policy(), lookback_bytes=LOOKBACK_BYTES)
    with kept as capture, pytest.raises(ConfigError, match="27 bytes"):
        recent_packets(capture, seconds=10, most_bytes=27)


def test_a_policy_with_lookback_shows_what_passed_before_it_came() -> None:
    seen, late, plain = policy(), policy(), policy()
    with mock_input(seen, lookback_bytes=LOOKBACK_BYTES) as capture:
        eventually(lambda: packets(seen) >= 5)
        capture.add(late.core, with_lookback=True)
        capture.add(plain.core)
        eventually(lambda: packets(late) >= 7)
        capture.stop()
    assert packets(late) == packets(seen)
    assert packets(plain) <= packets(seen) - 5


def test_made_up_packets_go_in_and_out_and_end_when_told_to() -> None:
    seen = policy()
    with mock_input(seen) as capture:
        eventually(lambda: packets(seen) >= 8)
        assert capture.is_running()
        assert capture.warning() is None
        capture.stop()
        assert not capture.is_running()
        assert capture.fault() is None
    (snapshot,) = seen.bucket(0, clock.now_ns())
    counts = {sample.name: sample.value for sample in snapshot.samples}
    assert counts["packets_in"] != 0
    assert counts["packets_out"] != 0
    assert counts["packets_unknown_dir"] == 0


def test_a_capture_that_is_dropped_ends() -> None:
    capture: _core.LiveInput | None = _core.LiveInput.mock([policy().core], seed=1)
    assert capture is not None
    assert capture.is_running()
    capture = None
