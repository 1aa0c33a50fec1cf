"""Rows of a live input as Parquet files: whole, in time, within bounds, and told where they can't be written."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet
import pytest

from pktvisor import _core, clock
from pktvisor.config.models import Settings
from pktvisor.errors import ConfigError, InputError, RightsError
from pktvisor.inputs import table_files
from pktvisor.inputs.base import Input
from pktvisor.inputs.batches import Batches
from pktvisor.inputs.faults import translated
from pktvisor.inputs.table_files import Rotation, TableFiles, read_table_files
from pktvisor.inputs.tables import as_text
from pktvisor.windows.arrow import TableFile
from support.captures import FOLDER
from support.live import eventually
from unit.inputs.test_flow import listening, netflow5

USUAL = Rotation(seconds=3600, megabytes=64, files=100)


def batch() -> _core.Batch:
    """Rows of a capture of flow records."""
    (found,) = Batches(str(FOLDER / "flow_netflow5.pcap"), reads_flows=True)
    return found


def rows_of(folder: Path) -> list[int]:
    """The rows of each file that is whole."""
    return [pyarrow.parquet.read_table(file).num_rows for file in sorted(folder.glob("*.parquet"))]


@contextmanager
def writing(folder: Path, rotation: Rotation = USUAL) -> Iterator[TableFiles]:
    files = TableFiles(folder, "flow", rotation)
    try:
        yield files
    finally:
        files.close()


def test_rows_are_in_a_file_that_is_there_once_it_is_whole(tmp_path: Path) -> None:
    one = batch()
    with writing(tmp_path / "flows") as files:
        files.on_batch(one)
        files.on_batch(one)
        assert rows_of(tmp_path / "flows") == []
    assert rows_of(tmp_path / "flows") == [2 * len(one.tables["flow"])]
    assert list((tmp_path / "flows" / table_files.UNFINISHED).iterdir()) == []
    told = files.describe()
    assert (told["files"], told["rows"], told["dropped_rows"]) == (1, 2 * len(one.tables["flow"]), 0)


def test_rows_of_many_batches_are_written_together_in_order(tmp_path: Path) -> None:
    (other,) = Batches(str(FOLDER / "flow_netflow9.pcap"), reads_flows=True)
    batches = [batch(), other, batch()]
    with writing(tmp_path) as files:
        for one in batches:
            files.on_batch(one)
    (path,) = tmp_path.glob("*.parquet")
    written = pyarrow.parquet.read_table(path)
    alone = pyarrow.Table.from_batches([pyarrow.record_batch(as_text(one.tables["flow"])) for one in batches])
    assert written.schema == alone.schema
    assert written.to_pylist() == alone.to_pylist()
    assert pyarrow.parquet.ParquetFile(path).metadata.num_row_groups == 1


def test_rows_that_take_much_are_written_before_there_are_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = batch()
    rows = _core.TableRows("flow")
    rows.add(one)
    monkeypatch.setattr(table_files, "BYTES_AT_ONCE", 2 * rows.memory_bytes)
    with writing(tmp_path) as files:
        for _ in range(5):
            files.on_batch(one)
    (path,) = tmp_path.glob("*.parquet")
    file = pyarrow.parquet.ParquetFile(path)
    groups = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
    assert groups == [2 * len(rows), 2 * len(rows), len(rows)]


def test_rows_of_a_table_are_handed_over_once() -> None:
    rows = _core.TableRows("flow")
    rows.add(batch())
    of_one = len(rows)
    handed_over = pyarrow.RecordBatchReader.from_stream(rows)
    rows.add(batch())
    assert handed_over.read_all().num_rows == of_one == len(batch().tables["flow"])
    assert len(rows) == of_one
    with pytest.raises(ConfigError, match="there is no table"), translated():
        _core.TableRows("flaw")


def test_a_file_ends_with_its_size_and_the_oldest_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_files, "ROWS_AT_ONCE", 1)
    with writing(tmp_path, Rotation(seconds=3600, megabytes=0, files=3)) as files:
        for _ in range(5):
            files.on_batch(batch())
    assert len(rows_of(tmp_path)) == 3
    assert (files.describe()["files"], files.describe()["removed_files"]) == (5, 2)


def test_a_file_ends_in_time_though_nothing_more_comes(tmp_path: Path) -> None:
    with writing(tmp_path, Rotation(seconds=1, megabytes=64, files=3)) as files:
        files.on_batch(batch())
        eventually(lambda: len(rows_of(tmp_path)) == 1)
        files.on_batch(batch())
    assert len(rows_of(tmp_path)) == 2


def test_rows_that_cannot_be_written_are_counted_and_writing_goes_on_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now_s = [1000.0]
    monkeypatch.setattr(clock, "monotonic", lambda: now_s[0])
    folder = tmp_path / "flows"
    folder.write_text("a file where the folder should be")
    one = batch()
    rows = len(one.tables["flow"])
    with writing(folder) as files:
        files.on_batch(one)
        files.on_batch(one)
        assert (files.describe()["dropped_rows"], files.describe()["errors"]) == (2 * rows, 1)
        assert "rows are dropped" in files.warnings[0]
        assert f"{rows} rows of the table flow are dropped" in caplog.text
        folder.unlink()
        now_s[0] += table_files.PAUSE_S + 1
        files.on_batch(one)
    assert (rows_of(folder), files.warnings) == ([rows], [])


def test_a_full_disk_costs_the_file_at_hand_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = batch()

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with writing(tmp_path) as files:
        files.on_batch(one)
        monkeypatch.setattr(table_files, "ROWS_AT_ONCE", 1)
        monkeypatch.setattr(TableFile, "write_table", full)
        files.on_batch(one)
        told = files.describe()
        assert (told["rows"], told["dropped_rows"], told["errors"]) == (0, 2 * len(one.tables["flow"]), 1)
        assert "No space left" in str(files.describe()["last_error"])
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_an_old_file_that_cannot_be_removed_costs_no_rows(tmp_path: Path) -> None:
    stays = tmp_path / "flow-20200101T000000.000000Z.parquet"
    (stays / "a folder of that name").mkdir(parents=True)
    with writing(tmp_path, Rotation(seconds=3600, megabytes=64, files=1)) as files:
        files.on_batch(batch())
    told = files.describe()
    assert (told["files"], told["rows"], told["dropped_rows"]) == (1, len(batch().tables["flow"]), 0)
    assert (told["errors"], stays.name in str(told["last_error"])) == (1, True)


def test_two_taps_may_write_to_one_folder(tmp_path: Path) -> None:
    rows = len(batch().tables["flow"])
    with writing(tmp_path) as one, writing(tmp_path) as other:
        for files in (one, other, one):
            files.on_batch(batch())
    assert sorted(rows_of(tmp_path)) == [rows, 2 * rows]


def test_what_a_crash_has_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / table_files.UNFINISHED / "flow-20200101T000000.000000Z.parquet"
    left.parent.mkdir()
    left.write_bytes(b"PAR1")
    with writing(tmp_path) as files:
        files.on_batch(batch())
    assert not left.exists()
    assert len(rows_of(tmp_path)) == 1


def test_a_tap_writes_what_exporters_send(tmp_path: Path) -> None:
    config: dict[str, str | int | bool] = {"flow_type": "netflow", "table_dir": str(tmp_path)}
    with listening(config) as (source, _, port):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(netflow5(0, 10), ("127.0.0.1", port))
        eventually(lambda: source.ledger()["seen"] == 1)
        source.stop()
        files = source.describe()["files"]
    assert isinstance(files, dict)
    assert (rows_of(tmp_path), files["rows"]) == ([10], 10)


@pytest.fixture
def writing_may_go_on(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Writing stands still until this is set."""
    may_go_on, write = threading.Event(), TableFiles.on_batch

    def wait(files: TableFiles, batch: _core.Batch) -> None:
        assert may_go_on.wait(60)
        write(files, batch)

    monkeypatch.setattr(TableFiles, "on_batch", wait)
    yield may_go_on
    may_go_on.set()


def send_in_parts(port: int, source: Input, parts: int, datagrams: int, records: int) -> None:
    """Send so many datagrams at a time, with a moment between them; they all are received or counted in the end."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(parts):
            for _ in range(datagrams):
                sender.sendto(netflow5(0, records), ("127.0.0.1", port))
            time.sleep(0.01)

    def is_received() -> bool:
        ledger = source.ledger()
        return ledger["seen"] + ledger["dropped_by_kernel"] == parts * datagrams

    eventually(is_received)


def told_of(source: Input) -> dict[str, int]:
    files = source.describe()["files"]
    assert isinstance(files, dict)
    return files


def test_small_parts_wait_while_writing_stands_still(tmp_path: Path, writing_may_go_on: threading.Event) -> None:
    with listening({"flow_type": "netflow", "table_dir": str(tmp_path)}) as (source, _, port):
        send_in_parts(port, source, parts=40, datagrams=1, records=2)
        writing_may_go_on.set()
        eventually(lambda: told_of(source)["rows"] == 80)
        assert (told_of(source)["skipped_batches"], told_of(source)["dropped_rows"]) == (0, 0)


def test_rows_of_parts_that_are_skipped_are_counted(tmp_path: Path, writing_may_go_on: threading.Event) -> None:
    with listening({"flow_type": "netflow", "table_dir": str(tmp_path)}) as (source, _, port):
        send_in_parts(port, source, parts=100, datagrams=20, records=30)
        received = source.ledger()["decoded"] * 30
        assert told_of(source)["skipped_batches"] > 0
        writing_may_go_on.set()
        eventually(lambda: told_of(source)["rows"] + told_of(source)["dropped_rows"] == received)
        source.stop()
        told = told_of(source)
        assert (sum(rows_of(tmp_path)), told["rows"]) == (told["rows"], received - told["dropped_rows"])


def test_a_folder_that_is_none_is_told_before_the_first_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "flows"
    config: dict[str, str | int | bool] = {"flow_type": "netflow", "table_dir": str(folder)}
    with pytest.raises(InputError, match=f"table_dir: there is no folder {folder}; make it"), listening(config):
        pass
    assert not folder.exists()
    folder.write_text("a file where the folder should be")
    with pytest.raises(InputError, match=f"table_dir: {folder} is no folder"), listening(config):
        pass
    monkeypatch.setattr(os, "access", lambda *_: False)
    config["table_dir"] = str(tmp_path)
    with pytest.raises(RightsError, match=f"table_dir: this process may not write to {tmp_path}"), listening(config):
        pass


def test_what_makes_no_sense_is_refused() -> None:
    mistakes: list[tuple[Settings, str]] = [
        ({"table_seconds": 60}, "it needs a table_dir to write to"),
        ({"table_dir": "x", "table": "flaw"}, "there is no table 'flaw' of this input; there is flow"),
        ({"table_dir": "x", "table": "dns"}, "there is no table 'dns' of this input; there is flow"),
        ({"table_dir": "x", "table_files": 0}, "0 is not between 1 and"),
    ]
    for config, sentence in mistakes:
        with pytest.raises(ConfigError) as refused:
            read_table_files(config, "flow")
        assert sentence in str(refused.value)
    assert read_table_files({}, "flow") is None
