"""Sealed hours: what is older than the journal, as Parquet files that are never written again.

    windows/day=2026-11-30/hour=01/*.parquet               all records of all agents, as they came
    merged/step_s=60/day=2026-11-30/hour=01/*.parquet      merged by policy and tag, a minute each; and by 600 s, 3600 s
    merged/step_s=86400/day=2026-11-30/hour=00/*.parquet   a day each, of the hours before

An hour may have several files: late windows are a further one, and what is in several adds up. Files are written under
another name, synced and renamed; the registry then says up to which entry of the journal the hour is sealed. Files that
it does not know of are what a crash left, and are removed at the start. Days likewise: the registry says up to which
entry the hours are in them.
"""

from __future__ import annotations

import itertools
import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pktvisor import _core
from pktvisor.errors import InputError
from pktvisor.hub.database import Questions, connect, quoted
from pktvisor.hub.delivery import MINUTE_S
from pktvisor.hub.journal import sync_directory
from pktvisor.hub.minutes import Cell, window_fields

logger = logging.getLogger(__name__)

HOUR_S = 3600
DAY_S = 24 * HOUR_S
HOURS_PER_DAY = 24
STEPS_S = (60, 600, HOUR_S)
"""How long the windows of merged records of an hour are, shortest first."""
LENGTHS_S = (*STEPS_S, DAY_S)
"""The same of all merged records."""
MOST_ROLL_BYTES = 512 << 20
"""What is held at most where days are merged."""
WINDOWS, MERGED = "windows", "merged"
ENDING, UNFINISHED = ".parquet", ".tmp"

Sent = tuple[_core.RecordTable, str, Mapping[str, str]]
"""Windows as they were sent, with the boot and the tags of their agent."""


@dataclass(frozen=True, slots=True)
class MergedWindow:
    """What a cell holds of a step of time."""

    cell: Cell
    step_s: int
    agents: int
    windows: int
    table: _core.RecordTable


class Hours:
    """The sealed hours in a directory. One thread seals; any may read."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._questions = Questions(directory)

    def seal(self, hour: int, sequence: int, windows: Iterable[Sequence[Sent]], merged: Iterable[MergedWindow]) -> None:
        """Write what is new of an hour: the deliveries up to an entry of the journal, part by part, and what was merged
        of them. InputError where the disk fails; nothing is there then.
        """
        try:
            with _told(self._directory):
                written = list(self._write_all(hour, sequence, windows, merged))
                for temporary, path in written:
                    temporary.replace(path)
                for folder in {path.parent for _, path in written}:
                    sync_directory(folder)
        except BaseException:
            self.discard(hour, sequence)
            raise

    def roll(self, day: int, after: int, sequence: int) -> None:
        """Merge what the hours of a day have of entries of the journal after one, up to another, into windows of a day.
        InputError where the disk fails; nothing is there then.
        """
        files = [path for path in self._hours_of(day) if after < _sequence(path) <= sequence]
        try:
            with _told(self._directory):
                folder = self.folder(MERGED, day * HOURS_PER_DAY, step_s=DAY_S)
                parts = map(_with_cell, self._merged_day(day, files))
                temporary, path = self._write(folder, f"{sequence:020d}-0000", parts)
                temporary.replace(path)
                sync_directory(folder)
        except BaseException:
            self.discard_day(day, sequence)
            raise

    def _hours_of(self, day: int) -> list[Path]:
        first = day * HOURS_PER_DAY
        return self.files(MERGED, range(first, first + HOURS_PER_DAY), step_s=HOUR_S)

    def _merged_day(self, day: int, files: Sequence[Path]) -> Iterator[MergedWindow]:
        """What all cells hold of a day; those of one tag at a time."""
        with self.connect() as connection:
            names = [str(path) for path in files]
            read = "read_parquet($files, hive_partitioning = false)"
            tags = connection.execute(f"SELECT DISTINCT policy, tag FROM {read} ORDER BY ALL", {"files": names})
            for policy, tag in tags.fetchall():
                of_tag = {"files": names, "policy": policy, "tag": tag}
                where = f"FROM {read} WHERE policy = $policy AND tag = $tag"
                connection.execute(
                    f"CREATE OR REPLACE TABLE cells AS SELECT tag_value, row_number() OVER () AS key, "
                    f"max(agents) AS agents, max(windows) AS windows {where} GROUP BY tag_value",
                    of_tag,
                )
                cells = connection.execute("SELECT * FROM cells ORDER BY tag_value").fetchall()
                accumulators = _core.Accumulators(most_bytes=MOST_ROLL_BYTES)
                rows = f"SELECT rows.*, key FROM (SELECT * {where}) AS rows JOIN cells USING (tag_value)"
                accumulators.add_stream(connection.sql(rows, params=of_tag), "key", "instance")
                for value, key, agents, windows in cells:
                    cell = Cell(policy, tag, value)
                    first = day * DAY_S // MINUTE_S
                    fields = window_fields(cell, first, DAY_S // MINUTE_S, is_closed=True)
                    yield MergedWindow(cell, DAY_S, agents, windows, accumulators.table(key, fields))
                    accumulators.drop(key)

    def _write_all(
        self, hour: int, sequence: int, windows: Iterable[Sequence[Sent]], merged: Iterable[MergedWindow]
    ) -> Iterator[tuple[Path, Path]]:
        """Write all files under other names, a part at a time: what is merged comes step by step."""
        for number, part in enumerate(windows):
            yield self._write(self.folder(WINDOWS, hour), f"{sequence:020d}-{number:04d}", [_joined(part)])
        for step_s, several in itertools.groupby(merged, key=lambda one: one.step_s):
            folder = self.folder(MERGED, hour, step_s=step_s)
            yield self._write(folder, f"{sequence:020d}-0000", map(_with_cell, several))

    def _write(self, folder: Path, name: str, parts: Iterable[Part]) -> tuple[Path, Path]:
        """Write rows to a file under another name; gives that and the name that it is to have."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}{ENDING}"
        temporary = path.with_suffix(UNFINISHED)
        with self.connect() as connection:
            for number, (columns, rows) in enumerate(parts):
                connection.register("part", rows)
                made = "CREATE TABLE rows AS" if number == 0 else "INSERT INTO rows"
                more = "".join(f", ? AS {name}" for name in columns)
                connection.execute(f"{made} SELECT *{more} FROM part", list(columns.values()))
                connection.unregister("part")
            connection.execute(
                f"COPY (FROM rows ORDER BY schema, path, agent, start) TO '{quoted(temporary)}' "
                "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 3)"
            )
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        return temporary, path

    def discard(self, hour: int, sequence: int) -> None:
        """Remove what a seal has written that came to nothing, finished or not."""
        folders = [*self._folders(WINDOWS, hour), *self._folders(MERGED, hour)]
        for path in (path for folder in folders for path in folder.glob(f"{sequence:020d}-*")):
            path.unlink(missing_ok=True)

    def discard_day(self, day: int, sequence: int) -> None:
        """Remove what was written of a day that came to nothing, finished or not."""
        for path in self.folder(MERGED, day * HOURS_PER_DAY, step_s=DAY_S).glob(f"{sequence:020d}-*"):
            path.unlink(missing_ok=True)

    def connect(self) -> AbstractContextManager[Any]:
        """A connection to a database in memory, which goes to this disk where that gets short."""
        return connect(self._directory)

    def ask(self) -> AbstractContextManager[Any]:
        """A connection for one question, to a database for all: tables are to be TEMPORARY."""
        return self._questions.connect()

    def folder(self, kind: str, hour: int, *, step_s: int | None = None) -> Path:
        """The folder of an hour's files."""
        begin = datetime.fromtimestamp(hour * HOUR_S, UTC)
        root = self._directory / kind
        if step_s is not None:
            root /= f"step_s={step_s}"
        return root / f"day={begin:%Y-%m-%d}" / f"hour={begin:%H}"

    def _folders(self, kind: str, hour: int) -> list[Path]:
        """All folders of an hour's files, of windows of whichever length."""
        return [self.folder(kind, hour)] if kind == WINDOWS else [self.folder(kind, hour, step_s=s) for s in STEPS_S]

    def by_seal(self, kind: str, hour: int, *, step_s: int | None = None) -> dict[int, list[Path]]:
        """All files of an hour, or those of a length, by the entry of the journal that they go up to, in order."""
        found: dict[int, list[Path]] = {}
        folders = self._folders(kind, hour) if step_s is None else [self.folder(kind, hour, step_s=step_s)]
        for path in (path for folder in folders for path in _listed(folder)):
            found.setdefault(_sequence(path), []).append(path)
        return dict(sorted(found.items()))

    def files(self, kind: str, hours: Iterable[int], *, step_s: int | None = None, after: int = 0) -> list[Path]:
        """The files of some hours, of seals after an entry of the journal. A day's are those of its first hour."""
        folders = (self.folder(kind, hour, step_s=step_s) for hour in hours)
        return [path for folder in folders for path in _listed(folder) if _sequence(path) > after]

    def hours(self, kind: str = WINDOWS, *, step_s: int | None = None) -> list[int]:
        """The hours of which there are files, oldest first; of merged ones, those of a length or of any but days."""
        lengths = STEPS_S if step_s is None else (step_s,)
        roots = [self._directory / kind / f"step_s={length}" for length in lengths] if kind == MERGED else []
        paths = (path for root in roots or [self._directory / kind] for path in root.glob(f"day=*/hour=*/*{ENDING}"))
        return sorted({hour for path in paths if (hour := _hour(path)) is not None})

    def first(self, step_s: int, hour: int = 0) -> int | None:
        """The first hour, from one on, of which there are merged windows of a length."""
        days = sorted((self._directory / MERGED / f"step_s={step_s}").glob("day=*"))
        begin = f"day={datetime.fromtimestamp(hour * HOUR_S, UTC):%Y-%m-%d}"
        folders = (path for day in days if day.name >= begin for path in sorted(day.glob("hour=*")) if _listed(path))
        return next((found for path in folders if (found := _hour(path)) is not None and found >= hour), None)

    def clean(self, sealed: Mapping[int, int], rolled: Mapping[int, int]) -> int:
        """Remove what a crash left: unfinished files, and those of a seal or a day that the registry does not know."""
        removed = 0
        for path in [*self._directory.glob(f"**/*{UNFINISHED}"), *self._directory.glob(f"**/*{ENDING}")]:
            if path.suffix == UNFINISHED or not _is_known(path, sealed, rolled):
                path.unlink()
                removed += 1
        return removed

    def remove(self, kind: str, hour: int, *, step_s: int | None = None) -> int:
        """Remove an hour, of merged ones a length of it; give how many bytes that frees."""
        folder = self.folder(kind, hour, step_s=step_s)
        if not folder.is_dir():
            return 0
        freed = sum(path.stat().st_size for path in folder.iterdir())
        shutil.rmtree(folder)
        with_nothing_left = folder.parent
        if not any(with_nothing_left.iterdir()):
            with_nothing_left.rmdir()
        return freed

    def size_bytes(self) -> int:
        """What all files take together."""
        return sum(path.stat().st_size for path in self._directory.glob(f"**/*{ENDING}"))


Part = tuple[Mapping[str, object], Any]
"""Further columns of some rows, which have one value in all of them; and the rows, as an Arrow stream."""


def _joined(part: Sequence[Sent]) -> Part:
    return {}, _core.RecordTable.joined(part)


def _with_cell(one: MergedWindow) -> Part:
    cell = one.cell
    return {"tag": cell.tag, "tag_value": cell.value, "agents": one.agents, "windows": one.windows}, one.table


@contextmanager
def _told(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"{directory} can't be written: {error.strerror}") from error


def _hour(path: Path) -> int | None:
    """The hour that a file is of, by its folders."""
    named = dict(part.split("=", 1) for part in path.parts if "=" in part)
    try:
        begin = datetime.strptime(f"{named['day']} {named['hour']}", "%Y-%m-%d %H").replace(tzinfo=UTC)
    except (KeyError, ValueError):
        return None
    return int(begin.timestamp()) // HOUR_S


def _is_known(path: Path, sealed: Mapping[int, int], rolled: Mapping[int, int]) -> bool:
    hour = _hour(path)
    if hour is None:
        return False
    is_day = f"step_s={DAY_S}" in path.parts
    known = rolled.get(hour // HOURS_PER_DAY, 0) if is_day else sealed.get(hour, 0)
    return _sequence(path) <= known


def _listed(folder: Path) -> list[Path]:
    """The finished files of a folder, which need not be there."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ENDING)
    except FileNotFoundError:
        return []


def _sequence(path: Path) -> int:
    number = path.stem.partition("-")[0]
    return int(number) if number.isdigit() else 1 << 63
