"""A job for Spark 4.1.2 or newer: merges the windows that a pktvisor-hub keeps, as the hub itself does.

    spark-submit merge_windows.py --from /var/lib/pktvisor-hub/sealed/windows --to /srv/merged --step 3600 --by site
    spark-submit merge_windows.py --from s3a://bucket/pktvisor/windows --format delta --to s3a://bucket/merged --stream

This file stands alone: neither pktvisor nor another library is needed where it runs. See README.md beside it.
"""

from __future__ import annotations

import argparse
import math
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql import SparkSession
from pyspark.sql import functions as f
from pyspark.sql.types import ArrayType, DoubleType, LongType, StructField, StructType, TimestampType

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame
    from pyspark.sql.streaming import StreamingQuery

SAME = ("policy", "schema", "handler_version", "path", "labels", "group", "kind", "shape", "items", "meaning")
"""Windows that are equal in these measure the same thing."""
KEPT_APART = ("step", "by", *SAME)
MOST_ITEMS_TRACKED = 8192
"""Of a merged top list. No list that comes in has more than 6,144."""
MOST_ITEMS_SHOWN = 100
LIST = (
    "named_struct('sketch', concat(image, X'0000000000000000'), "  # Spark counts nulls behind a sketch of items
    f"'maxItemsTracked', {MOST_ITEMS_TRACKED}, 'itemDataType', CAST(NULL AS STRING), 'itemDataTypeDDL', 'item STRING')"
)
"""A top list as Spark keeps one: the same sketch, with the type of its items beside it."""
BUCKETS_PER_OCTAVE = 64
WHOLE_VALUES, VALUES, WHOLE_BUCKETS, BUCKETS = range(4)
"""Forms of a distribution's image (docs/reference/window-record.md, "The image of a distribution")."""
BUCKET = ArrayType(
    StructType(
        [StructField("above", DoubleType()), StructField("up_to", DoubleType()), StructField("count", LongType())]
    )
)


def read(spark: SparkSession, path: str, *, form: str = "parquet", is_stream: bool = False) -> DataFrame:
    """The windows below a path; as a stream, files that come later, too. Files that are being written are left out."""
    spark.conf.set("spark.sql.legacy.parquet.nanosAsLong", "true")
    if not is_stream:
        return spark.read.format(form).option("pathGlobFilter", "*.parquet").load(path)
    if form != "parquet":  # such tables know their columns
        return spark.readStream.format(form).load(path)
    columns = spark.read.option("pathGlobFilter", "*.parquet").parquet(path).schema
    return spark.readStream.schema(columns).option("pathGlobFilter", "*.parquet").parquet(path)


def prepared(windows: DataFrame, *, step_s: int, by: str = "", late_s: int = 7200) -> DataFrame:
    """Windows with the step of time that they begin in, what they are kept apart by, and their times as such.

    `late_s` matters to streams alone: a step is written when windows have come that begin so long after its end.
    """
    start = f.col("start")
    if not isinstance(windows.schema["start"].dataType, TimestampType):  # nanoseconds, as a number
        start = f.timestamp_micros((start / 1000).cast("long"))
    return (
        windows.withColumn("start", start)
        .withWatermark("start", f"{late_s} seconds")
        .withColumn("labels", f.array_sort(f.map_entries("labels")))  # a map is no key to group by
        .withColumn("by", f.element_at("tags", by) if by else f.lit(""))
        .withColumn("step", f.window("start", f"{step_s} seconds"))
    )


def numbers(windows: DataFrame) -> DataFrame:
    """Counters, newest values and cardinalities of prepared windows: a row for each metric and step."""
    counter, last, cardinality = (f.col("kind") == kind for kind in ("counter", "last", "cardinality"))
    value = f.col("value").cast("decimal(20,0)")
    merged = (
        windows.where(counter | last | cardinality)
        .groupBy(*KEPT_APART)
        .agg(
            *_sources(),
            f.sum(f.when(counter, value)).alias("sum"),
            f.max_by(value, f.when(last & value.isNotNull(), f.col("start"))).alias("newest"),
            f.hll_union_agg(f.when(cardinality, f.col("image")), f.lit(True)).alias("image"),
        )
    )
    estimate = f.when(cardinality, f.hll_sketch_estimate("image"))
    shown = f.when(counter, f.col("sum")).when(last, f.col("newest")).otherwise(estimate)
    return merged.select(
        *_told(), shown.cast("bigint").alias("value"), f.when(cardinality, f.col("image")).alias("image")
    )


def top_lists(windows: DataFrame) -> DataFrame:
    """Top lists of prepared windows: a row for each metric and step, with the heaviest items."""
    lists = windows.where(f.col("kind") == "top").withColumn("list", f.expr(LIST))
    merged = f.expr(f"approx_top_k_combine(list, {MOST_ITEMS_TRACKED})").alias("list")
    shown = f.expr(f"approx_top_k_estimate(list, {MOST_ITEMS_SHOWN})").alias("top")
    return lists.groupBy(*KEPT_APART).agg(*_sources(), merged).select(*_told(), shown)


def histograms(windows: DataFrame) -> DataFrame:
    """Distributions and rates of prepared windows: a row for each bucket, whose counts are those of all windows."""
    kept = windows.where(f.col("kind").isin("distribution", "rate"))
    of_each = kept.withColumn("bucket", f.explode(f.udf(buckets, BUCKET, useArrow=False)("image")))
    above, up_to = f.col("bucket.above").alias("above"), f.col("bucket.up_to").alias("up_to")
    merged = of_each.groupBy(*KEPT_APART, above, up_to).agg(*_sources(), f.sum("bucket.count").alias("count"))
    return merged.select(*_told(), "above", "up_to", "count")


def _sources() -> list[Column]:
    return [f.count(f.lit(1)).alias("windows"), f.approx_count_distinct("agent").alias("agents")]


def _told() -> list[Column]:
    """What tells rows apart, and what they are made of."""
    labels = f.map_from_entries("labels").alias("labels")
    same = [labels if name == "labels" else f.col(name) for name in SAME]
    return [f.col("step.start").alias("start"), f.col("step.end").alias("end"), f.col("by"), *same,
            f.col("windows"), f.col("agents")]  # fmt: skip


def buckets(image: bytes) -> list[tuple[float, float, int]]:
    """The buckets of a distribution's image, those that hold something: above what, up to what, how many values."""
    form, reader = image[1], Reader(bytes(image), 2)
    if form in (WHOLE_VALUES, VALUES):
        counts: dict[int | None, int] = {}
        for value in reader.values(is_whole=form == WHOLE_VALUES):
            index = bucket_of(value)
            counts[index] = counts.get(index, 0) + 1
        return [(*_bounds(index), count) for index, count in counts.items()]
    reader.at += 32  # the sum, the least and the greatest value
    zeros, first = reader.varint(), reader.fixed("<i", 4)
    each = [(*_bounds(first + at), count) for at in range(reader.varint()) if (count := reader.varint())]
    return [(*_bounds(None), zeros), *each] if zeros else each


def bucket_of(value: float) -> int | None:
    """The index of a value's bucket; None for zero."""
    return math.ceil(math.log2(value) * BUCKETS_PER_OCTAVE) - 1 if value > 2.0**-32 else None


def _bounds(index: int | None) -> tuple[float, float]:
    if index is None:
        return 0.0, 0.0
    return 2.0 ** (index / BUCKETS_PER_OCTAVE), 2.0 ** ((index + 1) / BUCKETS_PER_OCTAVE)


class Reader:
    """Reads numbers of an image, from a place on."""

    def __init__(self, image: bytes, at: int) -> None:
        self.image, self.at = image, at

    def varint(self) -> int:
        """A number without a size (LEB128)."""
        number, shift = 0, 0
        while True:
            byte = self.image[self.at]
            self.at += 1
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
            shift += 7

    def fixed(self, form: str, size: int) -> int:
        """A number of a size."""
        (number,) = struct.unpack_from(form, self.image, self.at)
        self.at += size
        return int(number)

    def values(self, *, is_whole: bool) -> list[float]:
        """Values as they are: whole ones as the differences from one to the next."""
        count, found, before = self.varint(), list[float](), 0
        if not is_whole:
            return list(struct.unpack_from(f"<{count}d", self.image, self.at))
        for _ in range(count):
            before += self.varint()
            found.append(before)
        return found


def write(table: DataFrame, path: str) -> None:
    """Write a table as Parquet, in the place of what was there."""
    table.write.mode("overwrite").parquet(path)


def follow(table: DataFrame, path: str, checkpoint: str) -> StreamingQuery:
    """Write the steps of a stream as they become complete, all that there is until now; the next run goes on there."""
    writer = table.writeStream.format("parquet").outputMode("append").option("checkpointLocation", checkpoint)
    return writer.trigger(availableNow=True).start(path)


TABLES = {"numbers": numbers, "top_lists": top_lists, "histograms": histograms}
"""What is written, and how it is made of prepared windows."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the job."""
    parser = argparse.ArgumentParser(description="Merge the windows that a pktvisor-hub keeps.")
    parser.add_argument("--from", dest="source", required=True, help="sealed/windows of a hub, or a table of its lake")
    parser.add_argument("--format", default="parquet", help="parquet (default), or delta, which Spark must know")
    parser.add_argument("--to", required=True, help="where numbers, top_lists and histograms are written, as Parquet")
    parser.add_argument("--step", type=int, default=3600, metavar="SECONDS", help="length of a step (default: 3600)")
    parser.add_argument("--by", default="", metavar="TAG", help="keep the values of this tag apart")
    parser.add_argument("--stream", action="store_true", help="take what has come since the last run")
    parser.add_argument(
        "--late", type=int, default=7200, metavar="SECONDS", help="how late windows may come to a stream"
    )
    said = parser.parse_args(arguments)
    spark = SparkSession.builder.appName("pktvisor merge_windows").getOrCreate()
    for name, merge in TABLES.items():
        windows = prepared(
            read(spark, said.source, form=said.format, is_stream=said.stream),
            step_s=said.step,
            by=said.by,
            late_s=said.late,
        )
        to = f"{said.to}/{name}"
        if said.stream:
            follow(merge(windows), to, f"{said.to}/checkpoints/{name}").awaitTermination()
        else:
            write(merge(windows), to)


if __name__ == "__main__":
    main()
