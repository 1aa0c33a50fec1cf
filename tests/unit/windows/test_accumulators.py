"""Records merged by the core are what `merging` makes of them, in any order, and damaged ones change nothing."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from pktvisor import _core
from pktvisor.policies.records import bucket_records
from pktvisor.windows.merging import merge
from pktvisor.windows.reading import snapshots
from pktvisor.windows.record import Record, record_fields
from pktvisor.windows.tables import record_table, records_of
from support.records import any_record, count
from support.saved_windows import every_kind, fed

FIELDS: dict[str, Any] = {
    "agent": "",
    "policy": "edge",
    "tap": "",
    "number": 5,
    "start_ns": 1_700_000_000_000_000_000,
    "end_ns": 1_700_000_060_000_000_000,
    "length_s": 60,
    "is_closed": True,
}
OF_THE_WINDOW = ("agent", "policy", "tap", "number", "start_ns", "end_ns", "length_s", "is_closed")


def agents() -> list[Record]:
    """Three windows of each of two agents, with metrics of every kind and groups."""
    policy = fed(every_kind())
    return [
        record
        for agent in ("tokyo", "oslo")
        for number in range(3)
        for record in bucket_records(policy, number, agent=agent, now_ns=0)
    ]


def accumulated(tables: Iterable[_core.RecordTable], key: int = 1) -> _core.Accumulators:
    whole = _core.Accumulators()
    for table in tables:
        for run in table.windows():
            whole.add(key, table, run.first, run.count, run.instance)
    return whole


def merged(records: Sequence[Record]) -> list[Record]:
    return records_of(accumulated([record_table(records, {})]).table(1, FIELDS))


def by_identity(records: Iterable[Record]) -> dict[Any, Record]:
    """Records by what they measure, without what tells of the window."""
    plain = {name: FIELDS[name] for name in OF_THE_WINDOW}
    return {(one.instance, one.path, tuple(one.labels.items()), one.group): replace(one, **plain) for one in records}


def test_what_is_merged_is_what_merging_makes() -> None:
    records = agents()
    expected = by_identity(merge(records).records)
    found = by_identity(merged(records))
    assert len(expected) > 50
    assert found == expected


def test_any_order_and_any_split_gives_the_same() -> None:
    records = agents()
    expected = merged(records)
    windows: dict[Any, list[Record]] = {}
    for record in records:
        windows.setdefault((record.agent, record.number, record.instance), []).append(record)
    listed = list(windows.values())
    for seed in range(5):
        random.Random(seed).shuffle(listed)
        tables = [record_table(window, {}) for window in listed]
        assert records_of(accumulated(tables).table(1, FIELDS)) == expected


def test_merging_what_was_merged_gives_the_same() -> None:
    records = agents()
    halves = [
        accumulated([record_table([one for one in records if one.agent == agent], {})]).table(1, FIELDS)
        for agent in ("tokyo", "oslo")
    ]
    assert records_of(accumulated(halves).table(1, FIELDS)) == merged(records)


def test_outputs_read_what_was_merged() -> None:
    policy = fed(every_kind())
    one = list(bucket_records(policy, 0, agent="here", now_ns=0))
    expected, found = snapshots(merge(one).records), snapshots(merged(one))
    for mine, theirs in zip(found, sorted(expected, key=lambda one: one.instance), strict=True):
        assert (mine.instance, mine.ledger) == (theirs.instance, theirs.ledger)
        assert list(mine.samples) == list(theirs.samples)


def test_keys_and_handlers_stay_apart_until_they_are_forgotten() -> None:
    table = record_table([count(3), count(4, number=1)], {})
    whole = _core.Accumulators()
    whole.add(7, table, 0, 1, "a")
    whole.add(7, table, 1, 1, "b")
    whole.add(-2, table, 0, 2, "a")
    assert whole.keys() == [-2, 7]
    assert [(one.instance, one.value, one.seen) for one in records_of(whole.table(7, FIELDS))] == [
        ("a", 3, 10),
        ("b", 4, 10),
    ]
    assert [one.value for one in records_of(whole.table(-2, FIELDS))] == [7]
    filled = whole.memory_bytes()
    whole.drop(7)
    whole.drop(7)
    assert whole.keys() == [-2]
    assert whole.memory_bytes() < filled
    assert len(whole.table(7, FIELDS)) == 0


def test_the_caller_says_which_window_it_is() -> None:
    table = record_table([any_record(agent="tokyo", sample_percent=50), any_record(sample_percent=20, number=1)], {})
    (one,) = records_of(accumulated([table]).table(1, FIELDS | {"agent": "all", "tap": "t"}))
    told = {name: getattr(one, name) for name in OF_THE_WINDOW}
    assert told == FIELDS | {"agent": "all", "tap": "t"}
    assert (one.instance, one.sample_percent, one.seen, one.dropped) == ("edge-uplink-net", 20, 20, 6)
    assert one.ledger == {"seen": 20, "decoded": 14, "dropped_by_kernel": 6}
    with pytest.raises(_core.ConfigFault, match="the field tap is missing"):
        accumulated([table]).table(1, {name: value for name, value in FIELDS.items() if name != "tap"})


def test_other_definitions_are_other_metrics() -> None:
    for other in ({"meaning": "some packets"}, {"labels": {"direction": "in"}}, {"group": ("53",)}, {"path": "x"}):
        assert len(merged([count(1), count(2, **other)])) == 2
    parted = merged([count(1, group=("ab", "c")), count(2, group=("a", "bc")), count(4, labels={"a": "bc"})])
    assert sorted(one.value or 0 for one in parted) == [1, 2, 4]


def test_the_newest_record_describes_a_metric() -> None:
    old, new = any_record(help="old"), any_record(help="new", start_ns=any_record().start_ns + 1, number=1)
    assert {one.help for records in ([old, new], [new, old]) for one in merged(records)} == {"new"}


def test_a_kind_of_tomorrow_is_kept_once_and_counted() -> None:
    future = [
        any_record(kind="median", shape="median", image=bytes([number]), number=number, value=number)
        for number in range(3)
    ]
    for records in (future, future[::-1]):
        whole = accumulated([record_table(records, {})])
        (one,) = records_of(whole.table(1, FIELDS | {"start_ns": future[0].start_ns}))
        assert (one.image, one.value, whole.unmerged()) == (b"\x02", 2, 3)


def test_a_damaged_image_is_named_and_changes_nothing() -> None:
    for damaged, sentence in (
        (any_record(image=b"\x01"), "the image of packets total can't be read: counter bytes"),
        (any_record(kind="top", shape="top", items="text", image=b"x"), "the image of packets total can't be read"),
        (any_record(shape="estimate"), "packets total: a counter has no shape estimate"),
        (any_record(kind="cardinality", shape="count"), "packets total: a cardinality has no shape count"),
    ):
        table, whole = record_table([count(3, path="other"), damaged], {}), _core.Accumulators()
        with pytest.raises(_core.InputFault, match=sentence):
            whole.add(1, table, 0, 2, "a")
        assert (whole.keys(), len(whole.table(1, FIELDS))) == ([], 0)


def test_rows_that_are_not_there_are_refused() -> None:
    table, whole = record_table([count(3)], {}), _core.Accumulators()
    for first, rows in ((0, 0), (0, 2), (1, 1), (2**63, 2**63)):
        with pytest.raises(_core.ConfigFault, match="of 1"):
            whole.add(1, table, first, rows, "a")


def test_a_query_streams_into_accumulators() -> None:
    duckdb = pytest.importorskip("duckdb")
    records = agents()
    every = record_table(records, {})
    found = duckdb.from_arrow(every).query(
        "every",
        "SELECT CASE agent WHEN 'oslo' THEN 1 ELSE 2 END AS key, *, instance AS handler FROM every ORDER BY path",
    )
    whole = _core.Accumulators()
    whole.add_stream(found, "key", "handler")
    for key, agent in ((1, "oslo"), (2, "tokyo")):
        expected = merge(record for record in records if record.agent == agent).records
        assert by_identity(records_of(whole.table(key, FIELDS))) == by_identity(expected)


def test_a_stream_that_is_none_of_records_is_refused() -> None:
    pa = pytest.importorskip("pyarrow")
    table, whole = pa.table(record_table([count(3)], {})), _core.Accumulators()
    keyed = table.append_column("key", pa.array([1])).append_column("handler", pa.array(["net"]))
    for stream, key, handler, sentence in (
        (keyed.drop_columns(["image"]), "key", "handler", "the column image is missing"),
        (keyed, "no", "handler", "the column no is missing"),
        (keyed, "handler", "handler", "keys are of type Utf8"),
        (keyed, "key", "key", "handlers are of type Int64"),
        (keyed.set_column(30, "key", pa.array([None], pa.int64())), "key", "handler", "a row has no key"),
    ):
        with pytest.raises(_core.InputFault, match=sentence):
            whole.add_stream(stream, key, handler)
    whole.add_stream(keyed.__arrow_c_stream__(), "key", "handler")
    assert whole.keys() == [1]


def test_every_field_of_a_record_comes_out() -> None:
    (one,) = merged([any_record()])
    assert set(one.__slots__) == {field.name for field in record_fields()}
    assert one == replace(any_record(), **FIELDS)


def test_the_smallest_and_the_largest_value_are_numbers() -> None:
    sizes = next(one for one in agents() if one.path == "sizes")
    for shape in ("minimum", "maximum"):
        extremes = [replace(sizes, shape=shape), replace(sizes, shape=shape, number=9, agent="oslo")]
        assert by_identity(merged(extremes)) == by_identity(merge(extremes).records)
        assert [(type(one.value), one.relative_error) for one in merged(extremes)] == [(int, None)]
