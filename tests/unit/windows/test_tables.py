"""Tables of the core hold records as pyarrow does, come back from bytes as they were, and refuse what is none."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import pytest

from pktvisor import _core
from pktvisor.policies.records import bucket_records
from pktvisor.windows import arrow
from pktvisor.windows.record import Record, record_fields
from pktvisor.windows.tables import record_table, records_of
from support.records import any_record
from support.saved_windows import every_kind, fed

pa = pytest.importorskip("pyarrow")

MOST_BYTES = 1 << 24
METADATA = {"pktvisor.agent": "here", "pktvisor.boot": "c0ffee"}


def records() -> list[Record]:
    policy = fed(every_kind())
    return [record for number in range(4) for record in bucket_records(policy, number, agent="here", now_ns=0)]


def read(body: bytes, most_bytes: int = MOST_BYTES) -> _core.RecordTable:
    return _core.RecordTable.read(body, most_bytes=most_bytes)


def as_stream(table: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def test_a_table_gives_back_what_it_was_made_of() -> None:
    every = records()
    table = record_table(every, METADATA)
    assert (len(table), records_of(table), table.metadata) == (len(every), every, METADATA)
    assert records_of(record_table([], {})) == []


def test_bytes_give_back_what_was_written() -> None:
    every = records()
    table = record_table(every, METADATA)
    for body in (table.write(), table.write_plain()):
        again = read(body)
        assert (records_of(again), again.metadata) == (every, METADATA)
    assert len(table.write()) < len(table.write_plain()) / 3
    assert table.write() == record_table(every, dict(reversed(METADATA.items()))).write()


def test_pyarrow_reads_what_the_core_writes() -> None:
    every = records()
    assert arrow.read_stream(record_table(every, METADATA).write_plain()) == every


def test_the_core_reads_what_pyarrow_writes() -> None:
    every = records()
    table = arrow.table(every)
    assert records_of(read(arrow.stream(every))) == every
    assert records_of(read(as_stream(pa.concat_tables([table.slice(0, 20), table.slice(20)])))) == every
    assert records_of(read(bytes(pa.compress(arrow.stream(every), codec="zstd", asbytes=True)))) == every


def test_columns_are_of_the_same_types_as_in_files() -> None:
    ours = pa.table(record_table([any_record()], METADATA))
    theirs = arrow.schema()
    assert ours.schema.remove_metadata() == theirs.remove_metadata()
    assert [ours.schema.field(name).nullable for name in theirs.names] == [one.is_optional for one in record_fields()]
    assert ours.schema.metadata[arrow.VERSION_KEY] == theirs.metadata[arrow.VERSION_KEY]


def test_columns_that_a_later_release_adds_are_no_obstacle() -> None:
    table = arrow.table([any_record()]).append_column("of_tomorrow", pa.array(["x"]).dictionary_encode())
    assert records_of(read(as_stream(table))) == [any_record()]


def test_a_run_of_rows_is_a_window_of_a_handler() -> None:
    first = [any_record(), any_record(path="other")]
    second = [any_record(number=1, ledger={"seen": 12}, seen=12)]
    other = [any_record(number=1, instance="edge-uplink-dns", schema="dns", is_closed=False)]
    runs = record_table([*first, *second, *other], METADATA).windows()
    assert [(run.first, run.count, run.number, run.instance, run.schema) for run in runs] == [
        (0, 2, 0, "edge-uplink-net", "packets"),
        (2, 1, 1, "edge-uplink-net", "packets"),
        (3, 1, 1, "edge-uplink-dns", "dns"),
    ]
    assert [(run.agent, run.policy, run.tap, run.is_closed) for run in runs[1:]] == [
        ("here", "edge", "uplink", True),
        ("here", "edge", "uplink", False),
    ]
    assert (runs[1].ledger, runs[1].seen, runs[1].dropped) == ({"seen": 12}, 12, 3)
    assert (runs[0].start_ns, runs[0].end_ns, runs[0].length_s) == (any_record().start_ns, any_record().end_ns, 60)
    assert record_table([], METADATA).windows() == []


def test_rows_that_contradict_each_other_are_no_run() -> None:
    assert len(record_table([any_record(), any_record(seen=11)], METADATA).windows()) == 2


def test_what_is_no_table_of_records_is_refused_in_a_sentence() -> None:
    table = arrow.table([any_record()])
    plain = arrow.stream([any_record()])
    other_version = table.replace_schema_metadata({arrow.VERSION_KEY: b"2"})
    of_numbers = table.set_column(1, "agent", pa.array([1]))
    with_gap = table.set_column(1, pa.field("agent", pa.string()), pa.array([None], pa.string()))
    gap_within = table.set_column(
        9, pa.field("group", pa.list_(pa.string())), pa.array([[None]], pa.list_(pa.string()))
    )
    for body, sentence in (
        (b"", "window records: the stream ends in the middle"),
        (b"no Arrow at all", "window records: "),
        (as_stream(pa.table({"x": [1]})), "the metadata pktvisor.window_record is missing"),
        (as_stream(other_version), "this is version 2; this release reads version 1"),
        (as_stream(table.drop_columns(["image"])), "the column image is missing"),
        (as_stream(of_numbers), "column agent is of type Int64"),
        (as_stream(with_gap), "column agent has rows without a value"),
        (as_stream(gap_within), "column group has rows without a value"),
        (plain[:-8], "the stream ends in the middle"),
        (plain + b"more", "4 bytes follow the end of the stream"),
        (record_table([any_record()], {}).write()[:-3], "window records: "),
    ):
        with pytest.raises(_core.InputFault, match=sentence):
            read(body)


def test_no_more_memory_is_taken_than_is_allowed() -> None:
    zeros = pa.compress(bytes(1 << 24), codec="zstd", asbytes=True)
    assert len(zeros) < 10_000
    with pytest.raises(_core.InputFault, match="they take more than 65536 bytes"):
        read(bytes(zeros), most_bytes=1 << 16)
    plain = record_table([any_record()], {}).write_plain()
    with pytest.raises(_core.InputFault, match="they take more than 100 bytes"):
        read(plain, most_bytes=100)
    assert len(read(plain, most_bytes=len(plain))) == 1


def test_damaged_bytes_are_refused_or_read_and_nothing_else() -> None:
    content = record_table([any_record(), any_record(number=1)], METADATA).write_plain()
    for place in range(0, len(content), 3):
        damaged = bytes([*content[:place], content[place] ^ 0x55, *content[place + 1 :]])
        with contextlib.suppress(_core.InputFault):
            records_of(read(damaged))


def test_columns_that_are_not_all_there_make_no_table() -> None:
    record = any_record()
    columns = {one.name: [getattr(record, one.name)] for one in record_fields()}
    with pytest.raises(_core.ConfigFault, match="the column image is missing"):
        _core.RecordTable.of_columns({name: values for name, values in columns.items() if name != "image"}, {})
    with pytest.raises(_core.ConfigFault, match="column start has 0 rows instead of 1"):
        _core.RecordTable.of_columns(columns | {"start_ns": []}, {})
    with pytest.raises(_core.ConfigFault, match="a record has no field start"):
        record_table([replace(record)], {}).column("start")
