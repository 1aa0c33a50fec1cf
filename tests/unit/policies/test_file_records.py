"""All windows of a capture as records, however many there are."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from pktvisor.errors import InputError
from pktvisor.outputs.json import policy_document
from pktvisor.policies.default import READER_HANDLERS, default_instances
from pktvisor.policies.file_records import record_files
from pktvisor.policies.policy import Policy
from pktvisor.policies.summary import run_file
from pktvisor.windows.reading import snapshots
from pktvisor.windows.record import Record
from support.captures import FOLDER

STEP_S = 61


@pytest.fixture
def long_capture(tmp_path: Path) -> str:
    """A packet every 61 seconds, for 300 windows."""
    capture = (FOLDER / "dns_authoritative.pcap").read_bytes()
    header, (seconds, fraction, kept, length) = capture[:24], struct.unpack_from("<IIII", capture, 24)
    packet = capture[40 : 40 + kept]
    heads = (struct.pack("<IIII", seconds + number * STEP_S, fraction, kept, length) for number in range(300))
    path = tmp_path / "long.pcap"
    path.write_bytes(header + b"".join(head + packet for head in heads))
    return str(path)


@pytest.mark.parametrize("workers", [1, 3])
def test_no_window_is_lost_and_each_is_written_once(long_capture: str, workers: int) -> None:
    written: list[list[Record]] = []
    recorded = record_files(long_capture, written.append, agent="x", workers=workers)
    assert (recorded.windows, recorded.packets) == (300, 300)
    assert recorded.records == sum(map(len, written))
    totals = [one for records in written for one in records if (one.schema, one.path) == ("packets", "total")]
    assert [one.value for one in totals] == [1] * 300
    assert sorted(one.number for one in totals) == list(range(300))


def test_what_is_written_is_what_the_windows_show() -> None:
    capture = str(FOLDER / "multi_window.pcap")
    policy = Policy("default", default_instances(READER_HANDLERS["pcap"]), is_recorded=True)
    run_file(capture, policy)
    written: list[list[Record]] = []
    record_files(capture, written.append, agent="x")
    shown = [policy_document(policy.bucket(number, 0)) for number in reversed(range(4))]
    assert [policy_document(snapshots(records)) for records in written] == shown


def test_a_writer_that_fails_ends_the_reading(long_capture: str) -> None:
    calls = []

    def full(records: list[Record]) -> None:
        calls.append(records)
        raise InputError("windows.parquet: No space left on device")

    with pytest.raises(InputError, match="No space left"):
        record_files(long_capture, full, agent="x")
    assert len(calls) == 1


def test_a_file_that_can_not_be_read_is_told() -> None:
    with pytest.raises(InputError, match="absent"):
        record_files("absent.pcap", lambda _: None, agent="x")
