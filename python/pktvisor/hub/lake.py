"""A lake besides: sealed hours and merged days, as they are written, copied to tables on disk or in S3 that other
engines read.

Each seal of an hour is one commit of each table, and a transaction of the hub and that hour; what was merged of a day
is one of that day. So it is in a table once, or not at all yet, wherever the hub was killed. Nothing waits for
the lake: what it does not take is tried again, from the sealed files, as long as the hub keeps these.
"""

from __future__ import annotations

import logging
import threading
import uuid
from pathlib import Path
from typing import Any, NamedTuple

from pktvisor.errors import InputError
from pktvisor.files import read_own, replace_own
from pktvisor.hub.database import quoted
from pktvisor.hub.delta import LakePlace, LakeTable
from pktvisor.hub.hours import DAY_S, HOURS_PER_DAY, MERGED, WINDOWS
from pktvisor.hub.hub import Hub, hour_text
from pktvisor.outputs.http_post import Reply
from pktvisor.outputs.push_thread import Patience

logger = logging.getLogger(__name__)

LOOK_S = 5.0
"""How often it is looked whether something was sealed."""
FIRST_DELAY_S, LONGEST_DELAY_S = 2.0, 300.0
LONGEST_END_S = 10.0
MOST_FAILURES = 3
"""So many hours in a row that can't be copied mean that the lake is away; one may be damaged itself."""
MOST_IDENTITY_BYTES = 100
PARTITIONS = {WINDOWS: ("day", "hour"), MERGED: ("step_s", "day", "hour")}
"""The tables, and what they are partitioned by: as the sealed files are."""
LARGEST = (1 << 63) - 1
"""The largest number of a Delta table, whose whole numbers have a sign."""


class Part(NamedTuple):
    """What is copied at a time: of an hour what one table has of it, or windows of a day."""

    hour: int
    """Of a day its first."""
    table: str
    step_s: int = 0
    """Length of windows that are copied apart from others; 0 for all others."""

    def __str__(self) -> str:
        return hour_text(self.hour) + (" (day)" if self.step_s == DAY_S else "")


class Lake:
    """Copies from a thread of its own, between `start` and `stop`."""

    def __init__(self, hub: Hub, place: LakePlace) -> None:
        self._hub, self._place = hub, place
        self._tables = {kind: LakeTable(place, kind, partitions) for kind, partitions in PARTITIONS.items()}
        self._application = f"pktvisor-hub {_identity(hub.settings.directory)}"
        self._copied = self._without_files()
        """Up to which entry of the journal a part is in its table."""
        self._patience = Patience(first_s=FIRST_DELAY_S, longest_s=LONGEST_DELAY_S)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lake", daemon=True)
        self._commits, self._failures, self._lost = 0, 0, 0

    def counters(self) -> dict[str, int]:
        """What was copied since the start, by name, and what waits."""
        return {
            "lake_commits": self._commits,
            "lake_failures": self._failures,
            "lake_hours_lost": self._lost,
            "lake_hours_waiting": len(self._waiting()),
        }

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End. A commit at work is waited for a moment; beyond that it is made at the next start, if it was not."""
        self._stopping.set()
        self._thread.join(LONGEST_END_S)

    def _run(self) -> None:
        while not self._stopping.wait(self._step_or_wait()):
            pass

    def _step_or_wait(self) -> float:
        """Copy what there is; give the seconds until it is to be looked again."""
        try:
            self.step()
        except InputError as error:
            self._note_failure(str(error))
        except Exception:  # a fault of ours, or of a library's: it must not end the copying
            logger.exception("can't copy to the lake")
            self._note_failure("")
        else:
            self._note_success()
            return LOOK_S
        return self._patience.delay_s(Reply("again"))

    def step(self) -> None:
        """Copy all that is sealed and not in the tables. InputError where some of it fails: try again."""
        failed: list[InputError] = []
        for part, until in self._waiting():
            if self._stopping.is_set() or len(failed) == MOST_FAILURES:
                break
            try:
                self._copy(part, until)
            except InputError as error:
                failed.append(error)
        if failed:
            raise failed[0]

    def _waiting(self) -> list[tuple[Part, int]]:
        """What may lack something in its table, oldest first, and up to which entry of the journal there is more."""
        return [(part, until) for part, until in self._kept() if until > self._copied.get(part, 0)]

    def _kept(self) -> list[tuple[Part, int]]:
        """All parts, oldest first, with the entries of the journal that they go up to."""
        hours = [(Part(hour, table), until) for hour, until in dict(self._hub.sealed).items() for table in PARTITIONS]
        days = [(Part(day * HOURS_PER_DAY, MERGED, DAY_S), until) for day, until in dict(self._hub.rolled).items()]
        return sorted([*hours, *days], key=lambda one: one[0].hour)

    def _without_files(self) -> dict[Part, int]:
        """What was removed before this began: whether it had been copied does not matter any more."""
        kinds = [*((table, 0) for table in PARTITIONS), (MERGED, DAY_S)]
        hours = {(table, step_s): {*self._hub.hours.hours(table, step_s=step_s or None)} for table, step_s in kinds}
        return {part: until for part, until in self._kept() if part.hour not in hours[part.table, part.step_s]}

    def _copy(self, part: Part, until: int) -> None:
        """Copy what is new of a part, what was written at a time in a commit of its own."""
        seals = self._hub.hours.by_seal(part.table, part.hour, step_s=part.step_s or None)
        if not seals:
            self._lost += 1
            logger.error("%s of %s are lost to the lake: they were removed before they were copied", part.table, part)
        for sequence, paths in seals.items():
            if self._copied.get(part, 0) < sequence <= until:
                self._append(part.table, paths, f"{self._application} {part}", sequence)
                self._copied[part] = sequence
        self._copied[part] = until

    def _append(self, kind: str, paths: list[Path], application: str, sequence: int) -> None:
        """Append files in one commit, unless the table has them: what failed for us may have come through."""
        table = self._tables[kind]
        if table.version_of(application) < sequence:
            with self._hub.hours.connect() as connection:
                table.append(_rows(connection, paths), application, sequence)
            self._commits += 1

    def _note_failure(self, reason: str) -> None:
        self._failures += 1
        if self._patience.attempts == 0 and reason:
            logger.warning("the lake fails; what is sealed waits: %s", reason)

    def _note_success(self) -> None:
        if self._patience.attempts:
            logger.info("the lake is back")
        self._patience.attempts = 0


def _rows(connection: Any, paths: list[Path]) -> Any:
    """The rows of files as an Arrow stream, in types that Delta tables have."""
    connection.execute("SET TimeZone = 'UTC'")
    files = ", ".join(f"'{quoted(path)}'" for path in paths)
    rows = f"FROM read_parquet([{files}], union_by_name = true, hive_partitioning = true)"
    columns = connection.execute(f"DESCRIBE {rows}").fetchall()
    return connection.sql(f"SELECT {', '.join(_column(name, kind) for name, kind, *_ in columns)} {rows}")


def _column(name: str, kind: str) -> str:
    """A column, as SQL has it: numbers with a sign, of times the microseconds."""
    if kind == "UBIGINT":
        return f'(CASE WHEN "{name}" > {LARGEST} THEN {LARGEST} ELSE "{name}" END)::BIGINT AS "{name}"'
    if kind.startswith("TIMESTAMP"):
        return f'"{name}"::TIMESTAMPTZ AS "{name}"'
    return (
        f'TRY_CAST("{name}" AS {kind.replace("UBIGINT", "BIGINT")}) AS "{name}"' if "UBIGINT" in kind else f'"{name}"'
    )


def _identity(directory: Path) -> str:
    """The name of what is kept in a directory, which is made once. InputError where that fails."""
    path = directory / "identity"
    try:
        if not path.exists():
            replace_own(path, uuid.uuid4().hex.encode(), is_synced=True)
        return read_own(path, most_bytes=MOST_IDENTITY_BYTES).decode("ascii", "replace")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
