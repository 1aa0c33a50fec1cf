"""Tables in the format of Delta Lake. A commit of ours names what it copies, as a transaction of an application (Delta
protocol, "Transaction Identifiers"): the table itself tells how far it has come, whatever happened to who wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pktvisor.errors import InputError, MissingLibraryError

if TYPE_CHECKING:
    from deltalake import DeltaTable

MOST_REASON_CHARACTERS = 300
ZSTD_LEVEL = 3
COLOUR = re.compile(r"\x1b\[[\d;]*m")


@dataclass(frozen=True, slots=True)
class LakePlace:
    """Where tables are."""

    root: str
    """A directory, or the URL of one."""
    options: Mapping[str, str] = field(default_factory=dict)
    """What the store is to be told, besides what the environment says."""
    written: Path | None = None
    """The directory of this host that is written to."""


def check_library() -> None:
    """Raise MissingLibraryError where Delta tables can't be written."""
    try:
        import deltalake  # noqa: F401
    except ImportError as error:
        raise MissingLibraryError("a lake needs deltalake: pip install 'pktvisor[lake]'") from error


class LakeTable:
    """One table, which the first commit makes. InputError where its place fails; what failed may be tried again."""

    def __init__(self, place: LakePlace, name: str, partitions: Sequence[str]) -> None:
        self._uri, self._options = f"{place.root}/{name}", dict(place.options)
        self._partitions = list(partitions)
        self._table: DeltaTable | None = None

    def version_of(self, application: str) -> int:
        """The last transaction of an application; 0 where there is none, or no table yet."""
        with self._told():
            table = self._opened()
            return 0 if table is None else table.transaction_version(application) or 0

    def append(self, rows: Any, application: str, version: int) -> None:
        """Append an Arrow stream in one commit, as a transaction of an application."""
        from deltalake import CommitProperties, Transaction, WriterProperties, write_deltalake

        with self._told():
            write_deltalake(
                self._opened() or self._uri,
                rows,
                mode="append",
                schema_mode="merge",
                partition_by=self._partitions,
                storage_options=self._options,
                writer_properties=WriterProperties(compression="ZSTD", compression_level=ZSTD_LEVEL),
                commit_properties=CommitProperties(app_transactions=[Transaction(application, version)]),
            )

    def _opened(self) -> DeltaTable | None:
        """The table as it is now, if there is one."""
        from deltalake import DeltaTable
        from deltalake.exceptions import TableNotFoundError

        try:
            if self._table is None:
                self._table = DeltaTable(self._uri, storage_options=self._options)
            else:
                self._table.update_incremental()
        except TableNotFoundError:
            return None
        return self._table

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell what fails in one sentence, and begin anew with the table as its place has it."""
        from deltalake.exceptions import DeltaError

        try:
            yield
        except (DeltaError, OSError, ValueError) as error:
            self._table = None
            raise InputError(f"{self._uri}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """What the library says went wrong, on one line: it says the cause last, behind arrows in colour."""
    causes = [" ".join(part.split()) for part in COLOUR.sub("", str(error)).split("↳")]
    return ": ".join(causes[-2:])[:MOST_REASON_CHARACTERS] or type(error).__name__
