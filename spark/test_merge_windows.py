"""What Spark merges is what the hub merges: counters exactly, sketches within what they promise."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars
import pytest
from pyspark.sql import SparkSession

sys.path.insert(0, str(Path(__file__).parent))
import merge_windows

from pktvisor import _core
from pktvisor.hub.hub import Hub
from support.fleet import CAPTURES, Fleet
from support.hubs import Clock, running_hub

HOUR_S = 3600
START_S = 1_790_000_000 // HOUR_S * HOUR_S
FLEET = Fleet([CAPTURES / "dns_resolver.pcap", CAPTURES / "dns_authoritative.pcap"], START_S)
LONG_AFTER_MINUTES = 5 * 60
"""Later than windows of the first hour may come to a stream."""
ONE_STANDARD_ERROR = 1.04 / 64
"""Of an estimate of 4,096 registers. Two that are made of the same registers differ by less."""
Key = tuple[Any, ...]


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    told = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.pyspark.python": sys.executable,
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "1",
        "spark.ui.enabled": "false",
    }
    builder = SparkSession.builder.master("local[2]")
    for name, value in told.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.addPyFile(merge_windows.__file__)  # the job itself is the main module of its workers
    yield session
    session.stop()


@pytest.fixture(scope="session")
def clock() -> Clock:
    return Clock(START_S)


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[Hub]:
    """A hub with an hour of four agents, sealed, and late windows of a fifth in files of their own."""
    with running_hub(tmp_path_factory.mktemp("hub"), clock) as hub:
        seal(hub, clock, [FLEET.body(agent, minute) for agent in range(4) for minute in (0, 1, 40)], HOUR_S)
        seal(hub, clock, [FLEET.body(4, 2)], HOUR_S + 700)
        yield hub


@pytest.fixture(scope="session")
def batch(spark: SparkSession, hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What the job writes of all windows, by site."""
    to = tmp_path_factory.mktemp("batch")
    merge_windows.main(["--from", windows_of(hub), "--to", str(to), "--by", "site"])
    return written(spark, to)


def seal(hub: Hub, clock: Clock, bodies: list[bytes], after_s: float) -> None:
    clock.after_s = after_s + 400
    for body in bodies:
        hub.admission.take(body, hub.now_ns())
    hub.tick(clock.after_s * 1e3)
    hub.wait_for_sealing()


def windows_of(hub: Hub) -> str:
    return str(hub.settings.directory / "sealed" / "windows")


def written(spark: SparkSession, to: Path) -> dict[str, list[Any]]:
    """What the job has written of the first hour."""
    end = datetime.fromtimestamp(START_S + HOUR_S, UTC)
    tables = {name: spark.read.parquet(str(to / name)) for name in merge_windows.TABLES}
    return {name: table.where(table.end <= end).collect() for name, table in tables.items()}


def of_hub(hub: Hub, tag: str) -> dict[Key, dict[str, Any]]:
    """What the hub merged of the first hour; files of one hour add up, and so do their records here."""
    found: dict[Key, dict[str, Any]] = {}
    files = f"{hub.settings.directory}/sealed/merged/step_s={HOUR_S}/**/*.parquet"
    for row in polars.read_parquet(files).filter(polars.col("tag") == tag).sort("agents").iter_rows(named=True):
        if row["start"].timestamp() < START_S + HOUR_S:
            metric = _core.Metric.from_image(row["kind"], row["items"], row["image"])
            before = found.get(key(row))
            row["metric"] = metric if before is None else before["metric"].merged(metric)
            if before is not None and row["kind"] == "counter":
                row["value"] += before["value"]
            found[key(row)] = row
    return found


def key(row: Any) -> Key:
    by = row["tag_value"] if "tag_value" in row else row["by"]
    return (by, row["policy"], row["schema"], row["path"], tuple(sorted(row["labels"].items())), tuple(row["group"]))


def of_kind(rows: dict[Key, dict[str, Any]], *kinds: str) -> dict[Key, dict[str, Any]]:
    return {key: row for key, row in rows.items() if row["kind"] in kinds}


def test_counters_are_equal_and_cardinalities_within_an_error(hub: Hub, batch: dict[str, list[Any]]) -> None:
    expected = of_kind(of_hub(hub, "site"), "counter", "last", "cardinality")
    found = {key(row.asDict()): row for row in batch["numbers"]}
    assert found.keys() == expected.keys()
    for one, row in expected.items():
        if row["kind"] == "cardinality":
            assert found[one].value == pytest.approx(row["metric"].estimate(), rel=ONE_STANDARD_ERROR, abs=1)
            merged = _core.Metric.from_image("cardinality", row["items"], bytes(found[one].image))
            assert merged.estimate() == pytest.approx(row["metric"].estimate(), rel=ONE_STANDARD_ERROR)
        elif row["kind"] == "counter":
            assert found[one].value == row["value"], one


def test_top_lists_have_the_same_items_within_their_bounds(hub: Hub, batch: dict[str, list[Any]]) -> None:
    expected = of_kind(of_hub(hub, "site"), "top")
    found = {key(row.asDict()): row.top for row in batch["top_lists"]}
    assert found.keys() == expected.keys()
    assert sum(len(items) for items in found.values()) > 100
    for one, row in expected.items():
        bounds = {str(name): (low, up) for name, _, low, up, *_ in row["metric"].top(10_000)}
        for item in found[one]:
            low, up = bounds[name_of(item.item, row["items"])]
            assert low <= item["count"] <= up, (one, item)


def name_of(item: str, items: str) -> str:
    """An item as the core names it: of places only the name stands before the separator."""
    return item.partition("\x1f")[0] if items == "place" else item


def test_histograms_are_sums_of_buckets(hub: Hub, batch: dict[str, list[Any]]) -> None:
    expected = of_kind(of_hub(hub, "site"), "distribution", "rate")
    found: dict[Key, list[Any]] = {}
    for row in batch["histograms"]:
        found.setdefault(key(row.asDict()), []).append(row)
    filled = {one: row for one, row in expected.items() if row["metric"].quantiles([0.5])[0]}
    assert found.keys() == filled.keys()
    for one, row in filled.items():
        counts, ranks = sorted((bucket.above, bucket.up_to, bucket["count"]) for bucket in found[one]), (0.5, 0.9, 0.99)
        for rank, value in zip(ranks, row["metric"].quantiles(list(ranks))[0], strict=True):
            above, up_to = bucket_at(counts, rank)
            assert above * 0.99 <= value <= up_to * 1.01, (one, rank)


def bucket_at(counts: list[tuple[float, float, int]], rank: float) -> tuple[float, float]:
    """The bucket that a quantile is in."""
    left = rank * sum(count for *_, count in counts)
    for above, up_to, count in counts:
        left -= count
        if left <= 0:
            return above, up_to
    raise AssertionError(left)


def test_a_stream_writes_each_step_once_when_it_is_complete(
    spark: SparkSession, hub: Hub, clock: Clock, tmp_path: Path
) -> None:
    def follow() -> dict[Key, Any]:
        windows = merge_windows.prepared(merge_windows.read(spark, windows_of(hub), is_stream=True), step_s=HOUR_S)
        to, checkpoint = str(tmp_path / "numbers"), str(tmp_path / "checkpoint")
        merge_windows.follow(merge_windows.numbers(windows), to, checkpoint).awaitTermination()
        rows = spark.read.parquet(to).collect()
        assert len({key(row.asDict()) for row in rows}) == len(rows)
        return {key(row.asDict()): row.value for row in rows}

    assert follow() == {}, "the first hour may still get late windows"
    (Path(windows_of(hub)) / "day=2026-09-21" / "hour=14" / "unfinished.tmp").write_bytes(b"not read")
    seal(hub, clock, [FLEET.body(0, LONG_AFTER_MINUTES)], LONG_AFTER_MINUTES * 60 + HOUR_S)
    found = follow()
    expected = of_kind(of_hub(hub, ""), "counter", "last", "cardinality")
    assert found.keys() == expected.keys()
    counters = of_kind(expected, "counter")
    assert {one: found[one] for one in counters} == {one: row["value"] for one, row in counters.items()}


def test_values_are_in_the_buckets_that_the_core_counts_them_in() -> None:
    assert merge_windows.bucket_of(0) is None
    for index in (-300, -1, 0, 1, 63, 64, 2000):
        low, high = 2.0 ** (index / 64), 2.0 ** ((index + 1) / 64)
        assert merge_windows.bucket_of((low + high) / 2) == index
    assert [merge_windows.bucket_of(2.0**octave) for octave in (-3, 0, 20)] == [-3 * 64 - 1, -1, 20 * 64 - 1]
