"""DuckDB, as the hub uses it: databases in memory, within bounds, whose faults are told in a sentence."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pktvisor.errors import InputError, MissingLibraryError

MEMORY_MB = 512
"""What queries of a database may take before it writes to disk."""
SPILL = "spill"
OF_FUNCTION = "Python exception occurred while executing the UDF: InputError: "
"""What DuckDB puts before the error of a function in Python."""


def check_library() -> None:
    """Raise MissingLibraryError where there is no DuckDB."""
    try:
        import duckdb  # noqa: F401
    except ImportError as error:
        raise MissingLibraryError("a hub needs duckdb: pip install 'pktvisor[hub]'") from error


@contextmanager
def connect(directory: Path) -> Iterator[Any]:
    """A connection to a database of its own, which goes to files in a directory where memory gets short.

    MissingLibraryError where there is no DuckDB.
    """
    with _told():
        connection = _opened(directory)
        try:
            yield connection
        finally:
            connection.close()


class Questions:
    """A database for questions: to open one takes as long as to answer most of them.

    What a question makes must be TEMPORARY: others don't see it, and it goes with the connection.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._database: Any = None

    @contextmanager
    def connect(self) -> Iterator[Any]:
        """A connection for one question. Any thread may ask; MissingLibraryError where there is no DuckDB."""
        check_library()
        import duckdb

        with _told():
            connection = self._connection()
            try:
                yield connection
            except duckdb.Error:
                self._let_go()
                raise
            finally:
                connection.close()

    def _connection(self) -> Any:
        with self._lock:
            if self._database is None:
                self._database = _opened(self._directory)
            return self._database.cursor()

    def _let_go(self) -> None:
        """Begin with a new database: what failed may have damaged this one. Questions that it has are answered."""
        with self._lock:
            self._database = None


def _opened(directory: Path) -> Any:
    check_library()
    import duckdb

    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{MEMORY_MB}MB",
        "threads": 1,
        "preserve_insertion_order": False,
        "temp_directory": str(directory / SPILL),
    }
    return duckdb.connect(config=settings)


@contextmanager
def _told() -> Iterator[None]:
    """Tell what fails in one sentence."""
    check_library()
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        # What a function of ours says comes with the words of its caller.
        raise InputError(str(error).partition("\n")[0].rpartition(OF_FUNCTION)[2]) from error


def quoted(path: Path) -> str:
    """A path as it stands between quotes in SQL."""
    return str(path).replace("'", "''")
