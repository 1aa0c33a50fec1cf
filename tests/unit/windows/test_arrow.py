"""Records as Arrow: they come back as they were, and what is none is refused in a sentence."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import pytest

from pktvisor.errors import ConfigError, InputError, MissingLibraryError
from pktvisor.policies.records import bucket_records
from pktvisor.windows import arrow
from pktvisor.windows.record import Record, record_fields
from support.records import any_record
from support.saved_windows import every_kind, fed

pa = pytest.importorskip("pyarrow")


def records() -> list[Record]:
    policy = fed(every_kind())
    return [record for number in range(4) for record in bucket_records(policy, number, agent="here", now_ns=0)]


@pytest.mark.parametrize("name", ["windows.parquet", "windows.arrow"])
def test_a_file_gives_back_what_was_written_to_it(tmp_path: Path, name: str) -> None:
    path, every = str(tmp_path / name), records()
    with arrow.RecordFile(path) as file:
        file.write(every[:50])
        file.write(every[50:])
    assert arrow.read_file(path) == every


def test_a_stream_gives_back_what_was_written_to_it() -> None:
    every = records()
    assert arrow.read_stream(arrow.stream(every)) == every
    assert arrow.read_stream(arrow.stream([])) == []


def test_every_field_has_its_column_with_what_it_means() -> None:
    form = arrow.schema()
    assert form.metadata[arrow.VERSION_KEY] == b"1"
    assert form.names == [arrow.column_name(one) for one in record_fields()]
    assert all(form.field(name).metadata[b"meaning"] for name in form.names)


def test_columns_that_a_later_release_adds_are_no_obstacle() -> None:
    table = arrow.table([any_record()]).append_column("of_tomorrow", pa.array([1]))
    assert arrow.read_stream(as_stream(table)) == [any_record()]


def as_stream(table: object) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:  # type: ignore[attr-defined]
        writer.write_table(table)
    return bytes(sink.getvalue())


def test_what_is_no_table_of_records_is_refused_in_a_sentence() -> None:
    table = arrow.table([any_record()])
    other_version = table.replace_schema_metadata({arrow.VERSION_KEY: b"2"})
    of_numbers = table.set_column(1, "agent", pa.array([1]))
    with_gap = table.set_column(1, "agent", pa.array([None], pa.string()))
    for content, sentence in (
        (b"no Arrow at all", "window records: "),
        (as_stream(pa.table({"x": [1]})), "this is no window records; this release reads version 1"),
        (as_stream(other_version), "this is version 2 of the window record; this release reads version 1"),
        (as_stream(table.drop_columns(["image", "start"])), "the columns start, image are missing"),
        (as_stream(of_numbers), "column agent is of type int64"),
        (as_stream(with_gap), "column agent has rows without a value"),
    ):
        with pytest.raises(InputError, match=sentence):
            arrow.read_stream(content)


def test_damaged_bytes_are_refused_or_read_and_nothing_else() -> None:
    content = arrow.stream([any_record(), any_record(number=1)])
    for place in range(0, len(content), 7):
        damaged = bytes([*content[:place], content[place] ^ 0x55, *content[place + 1 :]])
        with contextlib.suppress(InputError):
            arrow.read_stream(damaged)


def test_more_than_fits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow, "LARGEST_BYTES", 100)
    with pytest.raises(InputError, match="the records take more than"):
        arrow.read_stream(arrow.stream([any_record()]))


def test_the_name_of_a_file_says_its_format() -> None:
    with pytest.raises(ConfigError, match=r"windows\.csv: name a file that ends in \.parquet or \.arrow"):
        arrow.RecordFile("windows.csv")


def test_a_file_that_can_not_be_written_or_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere/windows\.parquet: "):
        arrow.RecordFile(str(tmp_path / "nowhere" / "windows.parquet"))
    with pytest.raises(InputError, match=r"absent\.arrow: "):
        arrow.read_file(str(tmp_path / "absent.arrow"))


def test_without_pyarrow_a_sentence_tells_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingLibraryError, match=r"window records need pyarrow: pip install 'pktvisor\[frames\]'"):
        arrow.stream([])
