"""Rows of a live input as Parquet files in a folder, one after the other, within bounds of time, size and number.

A file is written beside its place and moved there when it is whole, so that whoever reads the folder sees whole files
alone. What can't be written is counted and logged, and holds up nobody.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from pktvisor import _core, clock
from pktvisor.config.models import Settings
from pktvisor.config.scalars import bounded, text
from pktvisor.errors import ConfigError, InputError, PktvisorError, RightsError, within
from pktvisor.inputs.tables import all_words
from pktvisor.metrics.mnemonics import Words
from pktvisor.windows.arrow import TableFile, pyarrow

logger = logging.getLogger(__name__)

KEYS = ("table_dir", "table", "table_seconds", "table_mb", "table_files")

USUAL_SECONDS, MOST_SECONDS = 300, 86_400
USUAL_MB, MOST_MB = 64, 4096
USUAL_FILES, MOST_FILES = 288, 100_000
ROWS_AT_ONCE = 1 << 15
"""Rows of a row group: enough to compress well, few enough for memory."""
BYTES_AT_ONCE = 16 << 20
"""Of a row group whose rows have long texts: it is written with fewer of them."""
PAUSE_S = 10.0
"""Behind a file that could not be written, rows are dropped for so long before another one is begun."""
UNFINISHED = ".unfinished"
"""The folder of files that are not whole, within that of the others."""


@dataclass(frozen=True)
class Rotation:
    """When a file ends, and how many stay."""

    seconds: int
    megabytes: int
    files: int


@dataclass
class Counts:
    """What became of the rows."""

    rows: int = 0
    """In files that are whole."""
    files: int = 0
    removed_files: int = 0
    """Older ones, to keep the bound."""
    dropped_rows: int = 0
    errors: int = 0


def read_table_files(config: Settings, table: str) -> TableFiles | None:
    """What writes files as a tap says; None where it says nothing. `table` is the one that the input fills.

    ConfigError where what it says makes no sense, MissingLibraryError where pyarrow is missing.
    """
    folder = text(config, "table_dir")
    if not folder:
        for key in KEYS:
            if key in config:
                raise ConfigError("it needs a table_dir to write to", path=key)
        return None
    name = text(config, "table", table)
    if name != table:
        raise ConfigError(f"there is no table '{name[:60]}' of this input; there is {table}", path="table")
    rotation = Rotation(
        bounded(config, "table_seconds", USUAL_SECONDS, 1, MOST_SECONDS),
        bounded(config, "table_mb", USUAL_MB, 1, MOST_MB),
        bounded(config, "table_files", USUAL_FILES, 1, MOST_FILES),
    )
    with within("table_dir"):
        pyarrow("tables")
    return TableFiles(Path(folder), table, rotation)


def written_paths(config: Settings) -> Sequence[str]:
    """The files that a tap makes, as far as its folder tells."""
    folder = config.get("table_dir")
    return [str(Path(folder) / "any.parquet")] if isinstance(folder, str) and folder else []


class TableFiles:
    """Writes one table of the batches that it gets; it has what the core asks of a `BatchHandler`."""

    budget_ms: float | None = None
    most_errors = 10

    def __init__(self, folder: Path, table: str, rotation: Rotation) -> None:
        self.counters = _core.BatchCounters()
        self._folder, self._table, self._rotation = folder, table, rotation
        self._counts = Counts()
        self._lock = threading.Lock()
        self._words = all_words()
        self._file: OpenFile | None = None
        self._paused_until_s = 0.0
        self._last_error = ""

    def check_folder(self) -> None:
        """Raise `InputError` where no file could be begun, before the first row comes."""
        if not self._folder.exists():
            raise InputError(f"table_dir: there is no folder {self._folder}; make it first")
        if not self._folder.is_dir():
            raise InputError(f"table_dir: {self._folder} is no folder; name one for files to be written to")
        if not os.access(self._folder, os.W_OK | os.X_OK):
            raise RightsError(f"table_dir: this process may not write to {self._folder}; give its user the right to")

    def on_batch(self, batch: _core.Batch) -> None:
        """Write the rows of the table, if it has any."""
        rows = len(batch.tables[self._table])
        if rows == 0:
            return
        with self._lock:
            self._take(batch, rows)

    def on_fault(self, fault: Exception, is_off: bool) -> None:
        """Hear of a fault of its own."""
        logger.error("%s: %s; %s", self._folder, fault, "nothing more is written" if is_off else "a batch is dropped")

    def close(self) -> None:
        """End the file at hand; another one begins with the next rows."""
        with self._lock:
            self._end()

    def describe(self) -> dict[str, object]:
        """Tell what became of the rows."""
        with self._lock:
            counted: dict[str, object] = dict(vars(self._counts))
            counted["rows"] = self._counts.rows + (0 if self._file is None else self._file.rows)
            counted["dropped_rows"] = self._counts.dropped_rows + self.counters.rows_missed(self._table)
            skipped = self.counters.batches_skipped + self.counters.errors
            return {"table": self._table, **counted, "skipped_batches": skipped, "last_error": self._last_error}

    @property
    def warnings(self) -> Sequence[str]:
        """Why rows are dropped right now."""
        is_paused = clock.monotonic() < self._paused_until_s
        return [f"table_dir: rows are dropped: {self._last_error}"] if is_paused else []

    def _take(self, batch: _core.Batch, rows: int) -> None:
        if clock.monotonic() < self._paused_until_s:
            self._counts.dropped_rows += rows
            return
        try:
            if self._file is None:
                self._file = OpenFile(self._folder, self._table, self._words)
                self._end_in_time(self._file)
            is_written = self._file.add(batch, rows)
            if is_written and self._file.bytes >= self._rotation.megabytes << 20:
                self._finish(self._file)
        except (PktvisorError, OSError, ValueError) as fault:
            self._fail(fault, rows if self._file is None else 0)

    def _end_in_time(self, file: OpenFile) -> None:
        """Have the file ended though nothing more may come."""
        timer = threading.Timer(self._rotation.seconds, self._end_if_open, [file])
        timer.daemon = True
        file.timer = timer
        timer.start()

    def _end_if_open(self, file: OpenFile) -> None:
        with self._lock:
            if self._file is file:
                self._end()

    def _end(self) -> None:
        if self._file is not None:
            try:
                self._finish(self._file)
            except (PktvisorError, OSError, ValueError) as fault:
                self._fail(fault, 0)

    def _finish(self, file: OpenFile) -> None:
        file.finish()
        self._file = None
        self._counts.files += 1
        self._counts.rows += file.rows
        self._remove_oldest()

    def _remove_oldest(self) -> None:
        """Keep the bound. A file that can't be removed costs no rows: it is told, and tried again later."""
        try:
            for file in sorted(self._folder.glob(f"{self._table}-*.parquet"))[: -self._rotation.files]:
                file.unlink()
                self._counts.removed_files += 1
        except OSError as fault:
            self._counts.errors += 1
            self._last_error = str(fault)
            logger.error("%s: %s; more than %d files stay", self._folder, fault, self._rotation.files)

    def _fail(self, fault: Exception, rows: int) -> None:
        """Give up the file at hand, with its rows, and wait before another one is begun."""
        file, self._file = self._file, None
        if file is not None:
            rows += file.rows
            file.give_up()
        self._counts.dropped_rows += rows
        self._counts.errors += 1
        self._last_error = str(fault)
        self._paused_until_s = clock.monotonic() + PAUSE_S
        logger.error("%s: %s; %d rows of the table %s are dropped", self._folder, fault, rows, self._table)


class OpenFile:
    """A file that is being written."""

    _at_hand: ClassVar[set[Path]] = set()
    """Those of all taps of this process."""

    def __init__(self, folder: Path, table: str, words: Words) -> None:
        unfinished = folder / UNFINISHED
        unfinished.mkdir(parents=True, exist_ok=True)
        for left in {*unfinished.glob(f"{table}-*.parquet")} - self._at_hand:  # by a process that was killed
            left.unlink()
        began = datetime.fromtimestamp(clock.now(), UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        self._path = folder / f"{table}-{began}.parquet"
        self._unfinished = unfinished / self._path.name
        self._at_hand.add(self._unfinished)  # before it is there for other taps to find
        self._waiting = _core.TableRows(table, words=words)
        self._file = TableFile(str(self._unfinished), pyarrow("tables").schema(self._waiting))
        self.rows = 0
        self.timer: threading.Timer | None = None

    def add(self, batch: _core.Batch, rows: int) -> bool:
        """Take the rows of a batch; write them, once there are enough of them, and say so."""
        self.rows += rows
        self._waiting.add(batch)
        is_enough = len(self._waiting) >= ROWS_AT_ONCE or self._waiting.memory_bytes >= BYTES_AT_ONCE
        if is_enough:
            self._write()
        return is_enough

    def _write(self) -> None:
        if len(self._waiting) > 0:  # as a stream: pyarrow.table would import pandas, which takes a second
            self._file.write_table(pyarrow("tables").RecordBatchReader.from_stream(self._waiting).read_all())

    @property
    def bytes(self) -> int:
        """As far as it is written."""
        return self._unfinished.stat().st_size

    def finish(self) -> None:
        """Write the rest, and move it to its place."""
        if self.timer is not None:
            self.timer.cancel()
        self._write()
        self._file.__exit__(None, None, None)
        self._unfinished.rename(self._path)
        self._at_hand.discard(self._unfinished)

    def give_up(self) -> None:
        """Remove what there is of it."""
        if self.timer is not None:
            self.timer.cancel()
        with suppress(PktvisorError, OSError, ValueError):
            self._file.__exit__(None, None, None)
        with suppress(OSError):
            self._unfinished.unlink()
        self._at_hand.discard(self._unfinished)
