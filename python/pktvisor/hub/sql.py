"""SQL over all that a hub keeps: the sealed hours, and the journal of what is not sealed yet.

Two views: `windows`, the records of all agents, and `merged`, those of the hub (sealed hours only). Functions merge
sketches: `sketch_distinct(list(image))`, `sketch_top(list(image), 10)`, `sketch_quantile(list(image), 0.99)`.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pktvisor import _core
from pktvisor.errors import InputError
from pktvisor.hub.admission import hour_of
from pktvisor.hub.database import connect, quoted
from pktvisor.hub.delivery import read_delivery
from pktvisor.hub.hours import ENDING, MERGED, WINDOWS, Sent
from pktvisor.hub.journal import JournalReader
from pktvisor.hub.registry import check_form

MOST_HOT_BYTES = 256 << 20
"""What is read of the journal at most, as it was sent."""
DAY_AND_HOUR = """
    make_timestamp(epoch_ns(start) // 1000)::DATE AS day, hour(make_timestamp(epoch_ns(start) // 1000)) AS hour"""
"""What sealed files have by their folders."""
OF_MERGED = "'' AS tag, '' AS tag_value, 0 AS agents, 0 AS windows, 0 AS step_s"
"""What merged records have beside those of agents."""


FUNCTIONS = {"cardinality": "sketch_distinct", "top": "sketch_top", "distribution": "sketch_quantile"}
"""By kind of metric what merges its images."""


class Hot:
    """The windows of the journal that are not sealed."""

    def __init__(self, directory: Path) -> None:
        self.tables: list[Sent] = []
        self.left_out = 0
        """Deliveries that were not read, as there are too many."""
        sealed, held = _sealed(directory / "registry.sqlite"), 0
        for entry in JournalReader(directory / "journal").entries():
            held += len(entry.body)
            if held > MOST_HOT_BYTES:
                self.left_out += 1
                continue
            try:
                delivery = read_delivery(entry.body)
            except InputError:
                continue  # it was told when the hub met it
            for at, run in enumerate(delivery.runs):
                if entry.taken >> at & 1 and sealed.get(hour_of(run), 0) < entry.sequence:
                    rows = delivery.table.rows(run.first, run.count)
                    self.tables.append((rows, delivery.sender.boot, delivery.sender.tags))


@contextmanager
def views(directory: Path) -> Iterator[tuple[Any, Hot]]:
    """A database with the views and functions, and what is hot. InputError where there is no hub's directory."""
    if not (directory / "registry.sqlite").is_file():
        raise InputError(f"{directory} holds nothing of a hub: say where it keeps everything, with --data-dir")
    hot = Hot(directory)
    with tempfile.TemporaryDirectory(prefix="pktvisor-hub-") as spill, connect(Path(spill)) as connection:
        _add_functions(connection)
        sealed = directory / "sealed"
        parts = [_parquet(sealed / WINDOWS)] if any(sealed.glob(f"{WINDOWS}/**/*{ENDING}")) else []
        if hot.tables or not parts:
            connection.register("hot", _core.RecordTable.joined(hot.tables))
            connection.execute(f"CREATE TABLE hot_windows AS SELECT *, {DAY_AND_HOUR} FROM hot")
            parts.append("FROM hot_windows")
        connection.execute(f"CREATE VIEW windows AS {' UNION ALL BY NAME '.join(parts)}")
        if any(sealed.glob(f"{MERGED}/**/*{ENDING}")):
            connection.execute(f"CREATE VIEW merged AS {_parquet(sealed / MERGED)}")
        else:
            connection.execute(f"CREATE VIEW merged AS SELECT * EXCLUDE (boot, tags), {OF_MERGED} FROM windows LIMIT 0")
        yield connection, hot


def _parquet(folder: Path) -> str:
    return f"FROM read_parquet('{quoted(folder)}/**/*{ENDING}', union_by_name = true, hive_partitioning = true)"


def _sealed(path: Path) -> dict[int, int]:
    """Up to which entry of the journal hours are sealed, of a hub that may be at work."""
    # Where no hub is at work there is no log beside the file, and who may only read can't make one.
    mode = "mode=ro" if path.with_name(f"{path.name}-wal").exists() else "immutable=1"
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?{mode}", uri=True)) as connection:
            check_form(connection, path)
            return dict(connection.execute("SELECT hour, sequence FROM sealed").fetchall())
    except sqlite3.Error as error:
        raise InputError(f"{path}: {error}") from error


def _add_functions(connection: Any) -> None:
    entry = "STRUCT(name VARCHAR, estimate BIGINT, lower BIGINT, upper BIGINT)"
    connection.create_function("sketch_distinct", _distinct, ["BLOB[]"], "DOUBLE", null_handling="special")
    connection.create_function("sketch_top", _top, ["BLOB[]", "INTEGER"], f"{entry}[]", null_handling="special")
    connection.create_function("sketch_quantile", _quantile, ["BLOB[]", "DOUBLE"], "DOUBLE", null_handling="special")


def _distinct(images: Sequence[bytes] | None) -> float | None:
    merged = _merged("cardinality", "", images)
    return None if merged is None else merged.estimate()


def _top(images: Sequence[bytes] | None, count: int) -> list[dict[str, object]] | None:
    if count < 0:
        raise InputError(f"sketch_top gives 0 items or more, not {count}")
    merged = _merged("top", "text", images)
    if merged is None:
        return None
    rows = merged.top(count)
    return [{"name": str(name), "estimate": e, "lower": low, "upper": up} for name, e, low, up, *_ in rows]


def _quantile(images: Sequence[bytes] | None, rank: float) -> float | None:
    if not 0 <= rank <= 1:
        raise InputError(f"sketch_quantile wants a share from 0 to 1, such as 0.99, not {rank:g}")
    merged = _merged("distribution", "", images)
    values = [] if merged is None else merged.quantiles([rank])[0]
    return values[0] if values else None


def _merged(kind: str, items: str, images: Sequence[bytes] | None) -> _core.Metric | None:
    """The metric of all images; None where there are none."""
    whole: _core.Metric | None = None
    for image in images or ():
        try:
            metric = _core.Metric.from_image(kind, items, bytes(image))
        except _core.InputFault as fault:
            remedy = "narrow down what it reads, as by schema and path"
            raise InputError(f"{FUNCTIONS[kind]} got an image of something else: {remedy} ({fault})") from fault
        whole = metric if whole is None else whole.merged(metric)
    return whole
