"""Packets as data frames: a capture file's rows in batches of Arrow columns, without copies.

    for batch in pktvisor.batches("x.pcap"):
        frame = polars.DataFrame(batch.dns)

Tables and columns are those of docs/reference/columns.md. Any library that speaks the Arrow PyCapsule interface reads
them: polars, pyarrow, DuckDB, pandas.
"""

from __future__ import annotations

from collections.abc import Iterator

from pktvisor import _core
from pktvisor.errors import ConfigError
from pktvisor.inputs.faults import translated
from pktvisor.inputs.filters import filter_compiler
from pktvisor.inputs.hosts import parse_hosts
from pktvisor.metrics.expressions import schema


class Batches:
    """The batches of a capture file, in order. Iterate once; memory stays flat however large the file."""

    def __init__(self, path: str, *, hosts: str = "", filter_expression: str = "") -> None:
        """Open a capture file (`-` for standard input).

        `hosts` are the networks that directions are told by, `filter_expression` is in tcpdump's language. InputError
        where the file can't be read, ConfigError for a wrong option.
        """
        self._path = path
        networks = parse_hosts(hosts) if hosts else []
        with translated():
            self._reader = _core.BatchReader(path, hosts=networks, compile_filter=filter_compiler(filter_expression))

    def __iter__(self) -> Iterator[_core.Batch]:
        while (batch := self._next()) is not None:
            yield batch

    def _next(self) -> _core.Batch | None:
        with translated():
            return self._reader.next_batch()

    @property
    def damage(self) -> tuple[int, str] | None:
        """Where the file could be read no further, and why; known when the last batch was given."""
        return self._reader.report().damage

    @property
    def ledger(self) -> dict[str, int]:
        """What became of the packets so far, by name."""
        return self._reader.report().ledger()


class TableStream:
    """One table of a whole capture file, as an Arrow stream: read once, batch by batch."""

    def __init__(self, batches: Batches, name: str) -> None:
        self._batches = batches
        self._name = name

    def __arrow_c_schema__(self) -> object:
        return _core.table_schema(self._name)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        del requested_schema  # the table has one form
        with translated():
            return self._batches._reader.stream(self._name)


def batches(path: str, *, hosts: str = "", filter_expression: str = "") -> Batches:
    """Read a capture file batch by batch; see `Batches`."""
    return Batches(path, hosts=hosts, filter_expression=filter_expression)


def table(path: str, name: str, *, hosts: str = "", filter_expression: str = "") -> TableStream:
    """Read one table of a capture file (`packet`, `dns`, `dhcp`) as an Arrow stream.

    ConfigError where there is no such table.
    """
    known = list(dict.fromkeys(column.table for column in schema().values() if column.table != "xact"))
    if name not in known:
        raise ConfigError(f"there is no table {name!r}; there are {', '.join(known)}")
    return TableStream(batches(path, hosts=hosts, filter_expression=filter_expression), name)
