"""The journal keeps what was acknowledged, whatever happens."""

from __future__ import annotations

import errno
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pktvisor.errors import InputError
from pktvisor.hub import journal as journals
from pktvisor.hub.journal import Entry, Journal, JournalReader, segment_paths


def kept(directory: Path) -> list[tuple[int, bytes]]:
    return [(entry.sequence, entry.body) for entry in JournalReader(directory).entries()]


def open_files(directory: Path) -> list[Path]:
    """Files in a directory that this process holds open."""
    opened = [path.readlink() for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    return [path for path in opened if path.parent == directory]


def journal_after(directory: Path) -> Journal:
    """The journal of the next process."""
    reader = JournalReader(directory)
    list(reader.entries())
    journal = Journal(directory)
    journal.continue_after(reader.last_sequence)
    return journal


def test_entries_come_back_in_their_order_with_all_that_was_said_of_them(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    first, second = journal.append(b"one", 100, 0b1), journal.append(b"two", 200, 0b101)
    journal.close()
    assert list(JournalReader(tmp_path).entries()) == [first, second]
    assert journal.read(second.position) == second == Entry(2, 200, b"two", 0b101, second.position)


def test_the_next_process_goes_on_with_the_numbers(tmp_path: Path) -> None:
    Journal(tmp_path).append(b"one", 1, 1)
    assert journal_after(tmp_path).append(b"two", 2, 1).sequence == 2
    assert kept(tmp_path) == [(1, b"one"), (2, b"two")]


@pytest.mark.parametrize("lost", range(1, 44))
def test_an_entry_that_a_crash_cut_off_is_left_out_and_the_journal_goes_on(lost: int, tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(b"whole", 1, 1)
    whole_bytes = segment_paths(tmp_path)[0].stat().st_size
    journal.append(b"cut off here", 2, 1)
    (segment,) = segment_paths(tmp_path)
    assert segment.stat().st_size - whole_bytes == 44
    os.truncate(segment, segment.stat().st_size - lost)
    reader = JournalReader(tmp_path)
    assert [entry.body for entry in reader.entries()] == [b"whole"]
    assert reader.cut_off == 1
    journal_after(tmp_path).append(b"sent again", 3, 1)
    assert kept(tmp_path) == [(1, b"whole"), (2, b"sent again")]


@given(at=st.integers(0, 200), bit=st.integers(0, 7))
def test_a_flipped_bit_is_never_taken_for_an_entry(at: int, bit: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("journal")
    journal = Journal(directory)
    said = [journal.append(bytes([number]) * 50, number, 1) for number in range(2)]
    journal.close()
    (segment,) = segment_paths(directory)
    content = bytearray(segment.read_bytes())
    content[at % len(content)] ^= 1 << bit
    segment.write_bytes(content)
    found = list(JournalReader(directory).entries())
    assert found == said[: len(found)], "what is read is what was written, from the beginning"
    assert len(found) < 2


def test_a_full_disk_refuses_an_entry_and_takes_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path)
    journal.append(b"before", 1, 1)
    write, calls = os.write, []

    def half_full(descriptor: int, content: bytes) -> int:
        calls.append(content)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, content[: len(content) // 2])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", half_full)
        with pytest.raises(InputError, match=r"the journal in .* can't be written: No space left on device"):
            journal.append(b"too much", 2, 1)
    journal.append(b"after", 3, 1)
    assert [body for _, body in kept(tmp_path)] == [b"before", b"after"]


def test_an_entry_that_is_being_synced_as_the_disk_runs_full_is_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path)
    is_syncing, is_full = threading.Event(), threading.Event()
    sync = os.fdatasync

    def slow(descriptor: int) -> None:
        is_syncing.set()
        assert is_full.wait(60)
        sync(descriptor)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fdatasync", slow)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(journal.append, b"in time", 1, 1)
        assert is_syncing.wait(60)
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            with pytest.raises(InputError, match="No space left on device"):
                journal.append(b"too late", 2, 1)
        is_full.set()
        assert first.result().sequence == 1
    journal.append(b"after", 3, 1)
    assert kept(tmp_path) == [(1, b"in time"), (2, b"after")]


def test_what_the_disk_did_not_take_is_not_acknowledged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path)

    def broken(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", broken)
        with pytest.raises(InputError, match="Input/output error"):
            journal.append(b"lost", 1, 1)
        assert open_files(tmp_path) == []
    entry = journal.append(b"kept", 2, 1)
    assert len(segment_paths(tmp_path)) == 2, "nothing is added to a file whose state nobody knows"
    assert entry.sequence == 2


def test_threads_share_syncs_and_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "MOST_SEGMENT_BYTES", 2000)
    journal = Journal(tmp_path)

    def append(writer: int) -> None:
        for number in range(50):
            journal.append(f"{writer} {number}".encode(), 1, 1)

    threads = [threading.Thread(target=append, args=(writer,)) for writer in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = kept(tmp_path)
    assert [sequence for sequence, _ in found] == list(range(1, 401))
    assert {body for _, body in found} == {f"{writer} {number}".encode() for writer in range(8) for number in range(50)}
    assert len(segment_paths(tmp_path)) > 1


def test_segments_go_when_all_their_entries_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "MOST_SEGMENT_BYTES", 100)
    journal = Journal(tmp_path)
    for number in range(1, 7):
        journal.append(b"x" * 40, number, 1)
    journal.drop_through(3)
    left = [sequence for sequence, _ in kept(tmp_path)]
    assert left[-1] == 6
    assert 4 in left
    assert 1 not in left
