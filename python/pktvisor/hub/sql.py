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

from pktvisor import _core
from pktvisor.errors import InputError
from pktvisor.hub.admission import hour_of
from pktvisor.hub.delivery import read_delivery
from pktvisor.hub.hours import ENDING, MERGED, WINDOWS, Sent, connect, quoted
from pktvisor.hub.journal import JournalReader

MOST_HOT_BYTES = 256 << 20
"""What is read of the journal at most, as it was sent."""


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
        raise InputError(f"{directory} holds nothing of a hub: say --data-dir")
    hot = Hot(directory)
    with tempfile.TemporaryDirectory(prefix="pktvisor-hub-") as spill, connect(Path(spill)) as connection:
        _add_functions(connection)
        sealed = directory / "sealed"
        parts = [_parquet(sealed / WINDOWS)] if any(sealed.glob(f"{WINDOWS}/**/*{ENDING}")) else []
        if hot.tables or not parts:
            connection.register("hot", _core.RecordTable.joined(hot.tables))
            connection.execute("CREATE TABLE hot_windows AS FROM hot")
            parts.append("FROM hot_windows")
        connection.execute(f"CREATE VIEW windows AS {' UNION ALL BY NAME '.join(parts)}")
        if any(sealed.glob(f"{MERGED}/**/*{ENDING}")):
            connection.execute(f"CREATE VIEW merged AS {_parquet(sealed / MERGED)}")
        yield connection, hot


def _parquet(folder: Path) -> str:
    return f"FROM read_parquet('{quoted(folder)}/**/*{ENDING}', union_by_name = true, hive_partitioning = true)"


def _sealed(path: Path) -> dict[int, int]:
    """Up to which entry of the journal hours are sealed, of a hub that may be at work."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
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
    merged = _merged("top", "text", images)
    if merged is None:
        return None
    rows = merged.top(count)
    return [{"name": str(name), "estimate": e, "lower": low, "upper": up} for name, e, low, up, *_ in rows]


def _quantile(images: Sequence[bytes] | None, rank: float) -> float | None:
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
            raise InputError(f"an image is that of no {kind}: {fault}") from fault
        whole = metric if whole is None else whole.merged(metric)
    return whole
