"""Windows that wait for the hub, on disk and in memory: what is kept, dropped, counted, and found after a crash."""

from __future__ import annotations

import errno
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pktvisor.errors import InputError
from pktvisor.outputs import hub_spool
from pktvisor.outputs.hub_spool import Spool
from support import spool_crashes

MUCH = 1 << 20


@pytest.fixture(params=["disk", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return tmp_path / "spool" if request.param == "disk" else None


def filled(folder: Path | None, *windows: bytes, most_bytes: int = MUCH) -> Spool:
    spool = Spool(folder, most_bytes=most_bytes)
    for number, window in enumerate(windows):
        spool.put(window, {"edge": number})
    return spool


def drained(spool: Spool) -> list[bytes]:
    """Send all that waits; give it in its order."""
    sent = []
    while (window := spool.oldest()) is not None:
        sent.append(window)
        spool.remove()
    return sent


def restarted(spool: Spool, folder: Path, most_bytes: int = MUCH) -> Spool:
    spool.close()
    return Spool(folder, most_bytes=most_bytes)


def test_windows_go_in_the_order_in_which_they_came(folder: Path | None) -> None:
    spool = filled(folder, b"a", b"b")
    assert (spool.oldest(), spool.oldest(), len(spool)) == (b"a", b"a", 2)
    spool.remove()
    spool.put(b"c", {})
    assert drained(spool) == [b"b", b"c"]
    assert (len(spool), spool.bytes, spool.oldest()) == (0, 0, None)


def test_what_is_too_much_drops_the_oldest(folder: Path | None) -> None:
    spool = filled(folder, *(b"%d" % number * 400 for number in range(9)), most_bytes=2000)
    assert spool.bytes <= 2000
    assert (len(spool), spool.dropped) == (4, 5)
    spool.put(b"x" * 2001, {})
    assert (len(spool), spool.dropped) == (0, 10)
    assert spool.oldest() is None


def test_what_waits_in_memory_is_lost_at_the_end_and_counted() -> None:
    spool = filled(None, b"a", b"b")
    assert spool.close() == 2
    assert spool.dropped == 2


def test_a_restart_finds_all_that_waits_in_its_order(tmp_path: Path) -> None:
    windows = [b"%d" % number for number in range(12)]
    spool = restarted(filled(tmp_path, *windows), tmp_path)
    spool.put(b"new", {})
    assert drained(spool) == [*windows, b"new"]
    assert (spool.dropped, spool.damaged) == (0, 0)
    assert {path.name for path in tmp_path.iterdir()} == {"lock", "queued"}


def test_a_smaller_bound_holds_for_what_a_former_process_left(tmp_path: Path) -> None:
    spool = restarted(filled(tmp_path, b"a" * 400, b"b" * 400), tmp_path, most_bytes=600)
    assert (drained(spool), spool.dropped) == ([b"b" * 400], 1)


@pytest.mark.parametrize(("below", "fault"), [("", "File exists, but is no directory"), ("more", "Not a directory: ")])
def test_a_file_is_no_place_for_it(tmp_path: Path, caplog: pytest.LogCaptureFixture, below: str, fault: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"mine")
    with pytest.raises(InputError, match=f"^spool for the hub {file / below}: {fault}"):
        Spool(file / below, most_bytes=MUCH)
    assert (file.read_bytes(), caplog.messages) == (b"mine", [])


def test_another_agent_can_not_use_it(tmp_path: Path) -> None:
    spool = Spool(tmp_path, most_bytes=MUCH)
    with pytest.raises(InputError, match=r"spool for the hub .*: another agent uses it"):
        Spool(tmp_path, most_bytes=MUCH)
    restarted(spool, tmp_path).close()


def test_a_folder_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match=r"spool for the hub .*/file: File exists"):
        Spool(tmp_path / "file", most_bytes=MUCH)


def cut(content: bytes) -> bytes:
    return content[:-1]


def flip(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


def grow(content: bytes) -> bytes:
    return content + b"x"


def behead(content: bytes) -> bytes:
    return content.partition(b"\n")[2]


def mislead(content: bytes) -> bytes:
    return b'{"bytes":1,"crc32":0,"starts":[]}\nx'


def nest(content: bytes) -> bytes:
    return b"[" * 100_000


def empty(content: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("harm", [cut, flip, grow, behead, mislead, nest, empty])
@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_damaged_window_is_dropped_and_counted_and_the_others_go(
    harm: Callable[[bytes], bytes], is_restarted: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool = filled(tmp_path, b"a" * 50, b"b" * 50, b"c" * 50)
    path = tmp_path / "2.window"
    path.write_bytes(harm(path.read_bytes()))
    if is_restarted:
        spool = restarted(spool, tmp_path)
    assert drained(spool) == [b"a" * 50, b"c" * 50]
    assert (spool.damaged, spool.dropped, spool.bytes) == (1, 0, 0)
    assert "a window that waits for the hub is damaged and dropped" in caplog.text
    assert not path.exists()


def test_a_window_that_somebody_removed_is_counted(tmp_path: Path) -> None:
    spool = filled(tmp_path, b"a", b"b")
    (tmp_path / "1.window").unlink()
    assert (drained(spool), spool.damaged) == ([b"b"], 1)


def test_what_is_none_of_ours_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"theirs")
    spool = tmp_path / "spool"
    spool.mkdir()
    (spool / "notes.window").write_bytes(b"theirs")
    (spool / "7.window").symlink_to(other)
    made = Spool(spool, most_bytes=MUCH)
    assert (made.oldest(), made.damaged) == (None, 1)
    assert other.read_bytes() == b"theirs"
    assert (spool / "notes.window").exists()


def test_a_half_written_window_is_dropped_and_counted(tmp_path: Path) -> None:
    spool = filled(tmp_path, b"a")
    (tmp_path / "2.draft").write_bytes(b'{"bytes":9')
    spool = restarted(spool, tmp_path)
    assert (drained(spool), spool.damaged) == ([b"a"], 1)
    assert not list(tmp_path.glob("*.draft"))


def test_a_full_disk_makes_windows_wait_in_memory_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    spool = filled(tmp_path, b"a")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with caplog.at_level(logging.INFO), monkeypatch.context() as patched:
        patched.setattr(hub_spool, "replace_own", full)
        spool.put(b"b", {})
        spool.put(b"c", {})
        patched.undo()
        spool.put(b"d", {})
    assert caplog.messages == [
        "windows for the hub can't be written to the spool and wait in memory: [Errno 28] No space left on device",
        "windows for the hub are written to the spool again",
    ]
    assert drained(spool) == [b"a", b"b", b"c", b"d"]
    spool.put(b"e", {})
    assert spool.close() == 0


def test_what_was_queued_is_known_also_to_the_next_process(tmp_path: Path) -> None:
    spool = filled(tmp_path, b"a", b"b")
    drained(spool)
    spool = restarted(spool, tmp_path)
    assert [spool.was_queued("edge", start_ns) for start_ns in (0, 1, 2)] == [True, True, False]
    assert not spool.was_queued("other", 1)


@pytest.fixture(scope="module")
def crashes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[tuple[str, int]]]]:
    folder = tmp_path_factory.mktemp("crashes")
    script = [sys.executable, spool_crashes.__file__, str(folder)]
    done = subprocess.run(script, capture_output=True, text=True, check=True)
    return folder, {step: [(deed, number) for deed, number in deeds] for step, deeds in json.loads(done.stdout).items()}


def test_a_crash_at_any_step_loses_no_window_that_was_queued(
    crashes: tuple[Path, dict[str, list[tuple[str, int]]]],
) -> None:
    folder, steps = crashes
    assert len(steps) > 20
    torn = 0
    for step, deeds in steps.items():
        spool = Spool(folder / step, most_bytes=MUCH)
        put = [number for deed, number in deeds if deed == "put"]
        sent = [number for deed, number in deeds if deed == "sent"]
        found = drained(spool)
        # The one at work may be there or not, but not in part; one that was sent may come again.
        last = max(put, default=-1) + 1
        least = [spool_crashes.window(number) for number in put if number not in sent]
        most = [spool_crashes.window(number) for number in [*sent[-1:], *range(len(sent), last + 1)]]
        assert [window for window in found if window in least] == least, step
        assert [window for window in most if window in found] == found, step
        assert all(spool.was_queued("edge", number) for number in put), step
        torn += spool.damaged
        assert spool.damaged <= 1, step
        spool.close()
    assert torn > 0


class Model:
    """A spool on disk beside what is to be true of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.most_bytes = folder, 3000
        self.spool = Spool(folder, most_bytes=self.most_bytes)
        self.put: list[bytes] = []
        self.sent: list[bytes] = []
        self.lost = 0
        """What the processes before have dropped or found damaged."""

    def do(self, action: str, size: int) -> None:
        match action:
            case "put":
                self.put.append(b"%d:" % len(self.put) + b"x" * size)
                self.spool.put(self.put[-1], {"edge": len(self.put)})
            case "send" if (window := self.spool.oldest()) is not None:
                self.sent.append(window)
                self.spool.remove()
            case "fail":
                self.spool.oldest()
            case "restart":
                self.lost += self.spool.dropped + self.spool.damaged
                self.spool = restarted(self.spool, self.folder, self.most_bytes)
            case "harm":
                paths = sorted(self.folder.glob("*.window"))
                for path in paths[size % len(paths) :][:1] if paths else ():
                    path.write_bytes(flip(path.read_bytes()))

    def check(self) -> None:
        assert self.spool.bytes <= self.most_bytes
        assert len(self.spool) == len(list(self.folder.glob("*.window")))
        known = len(self.sent) + len(self.spool) + self.lost + self.spool.dropped + self.spool.damaged
        assert known == len(self.put)


ACTIONS = st.tuples(st.sampled_from(["put", "put", "put", "send", "fail", "restart", "harm"]), st.integers(0, 1200))


@settings(deadline=None, max_examples=100)
@given(st.lists(ACTIONS, max_size=40))
def test_whatever_happens_nothing_is_lost_but_what_is_counted(actions: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        model = Model(Path(folder))
        for action, size in actions:
            model.do(action, size)
            model.check()
        model.sent += drained(model.spool)
        model.check()
        assert model.sent == [window for window in model.put if window in model.sent], "the order is kept"
        model.spool.close()
