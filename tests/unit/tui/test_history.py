from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from pktvisor.tui.history import LONGEST, History, Series, draw
from pktvisor.tui.watched import Bucket, Request
from pktvisor.tui.windows import DEFAULT
from support.documents import START_TS
from support.terminals import NOW, FakeWatched


def test_each_cell_has_the_largest_value_in_it() -> None:
    series = Series()
    for second, value in enumerate((1, 5, 2, 7, 0, 3)):
        series.add(100.0 + second, value)
    assert series.cells(106.0, 4, 2.0) == [None, 5, 7, 3]


def test_closed_buckets_fill_what_nobody_saw() -> None:
    series = Series()
    series.begin([(0.0, 60.0, 10.0), (60.0, 90.0, 20.0)])
    series.add(75.0, 3.0)
    assert series.cells(100.0, 10, 10.0) == [10, 10, 10, 10, 10, 10, 20, 3, 20, None]


def test_a_bucket_shorter_than_a_cell_is_seen() -> None:
    series = Series()
    series.begin([(41.0, 43.0, 9.0)])
    assert series.cells(60.0, 3, 20.0) == [None, None, 9]


def test_what_is_kept_has_a_bound() -> None:
    series = Series()
    for second in range(LONGEST + 10):
        series.add(float(second), 1.0)
    assert series.cells(float(LONGEST + 10), 11, float(LONGEST + 10) / 11)[0] is not None
    assert series.cells(10.0, 1, 10.0) == [None]


def test_another_policy_begins_anew() -> None:
    history, source = History(), FakeWatched()
    history.take(source.read(Request(DEFAULT)))
    assert history.packets.cells(NOW + 1, 1, 1.0) == [181]
    assert history.messages.cells(NOW + 1, 1, 1.0) == [121]
    assert history.volume.cells(NOW + 1, 1, 1.0) == [25_200]
    assert history.packets.cells(START_TS + 60.0, 1, 60.0) == [100]
    history.take(source.read(Request(DEFAULT, "second")))
    assert history.packets.cells(NOW + 1, 1, 1.0) == [33]
    assert history.volume.cells(NOW + 1, 1, 1.0) == [3_000]


def test_the_live_bucket_is_read_where_the_window_is_closed() -> None:
    history = History()
    reading = FakeWatched().read(Request(DEFAULT))
    closed = replace(reading.metrics, handlers=())
    history.take(replace(reading, metrics=closed, live=reading.metrics))
    assert history.packets.cells(NOW + 1, 1, 1.0) == [181]


def test_graphs() -> None:
    assert draw([None, 0, 1, 4, 8], 1, 8) == [" ·▁▄█"]
    assert draw([0, 1, 8, 16], 2, 16) == ["   █", "·▁██"]
    assert draw([0, 0], 1, 0) == ["··"]


@given(st.lists(st.one_of(st.none(), st.floats(0, 1e9))), st.integers(1, 5))
def test_a_graph_has_a_column_per_value_and_shows_whatever_is_not_zero(values: list[float | None], rows: int) -> None:
    lines = draw(values, rows, max((value or 0 for value in values), default=0))
    assert len(lines) == rows
    assert all(len(line) == len(values) for line in lines)
    for column, value in enumerate(values):
        assert (lines[-1][column] == " ") == (value is None)


def test_failures_and_answer_times_go_back_as_far_as_buckets_tell() -> None:
    history, source = History(), FakeWatched()
    reading = source.read(Request(DEFAULT))
    before = Bucket(START_TS, START_TS + 60.0, 1.0, 1.0, failed=12.5, missing=3.0, answer_us=900.0)
    history.take(replace(reading, buckets=(before,)))
    for series, known in ((history.failed, 12.5), (history.missing, 3.0), (history.answers, 900.0)):
        assert series.cells(START_TS + 60.0, 1, 60.0) == [known]
        assert series.cells(NOW + 1, 1, 1.0) != [None]
