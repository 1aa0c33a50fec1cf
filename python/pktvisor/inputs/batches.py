"""A capture file's rows in batches of Arrow columns, without copies.

    for batch in pktvisor.batches("x.pcap"):
        frame = polars.DataFrame(batch.dns)

Tables and columns are those of docs/reference/columns.md. Any library that speaks the Arrow PyCapsule interface reads
them: polars, pyarrow, DuckDB, pandas.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from os import PathLike

from pktvisor import _core
from pktvisor.inputs.faults import translated
from pktvisor.inputs.filters import filter_compiler
from pktvisor.inputs.hosts import parse_hosts
from pktvisor.metrics.mnemonics import Words


class Batches:
    """The batches of a capture file, in order. Iterate once; memory stays flat however large the file."""

    def __init__(self, path: str | PathLike[str], *, hosts: str = "", filter_expression: str = "") -> None:
        """Open a capture file (`-` for standard input).

        `hosts` are the networks that directions are told by, `filter_expression` is in tcpdump's language. InputError
        where the file can't be read, ConfigError for a wrong option.
        """
        name = os.fspath(path)
        networks = parse_hosts(hosts) if hosts else []
        with translated():
            self._reader = _core.BatchReader([name], hosts=networks, compile_filter=filter_compiler(filter_expression))

    def __iter__(self) -> Iterator[_core.Batch]:
        while (batch := self._next()) is not None:
            yield batch

    def _next(self) -> _core.Batch | None:
        with translated():
            return self._reader.next_batch()

    def stream(self, table: str, *, words: Words | None = None, columns: Sequence[str] | None = None) -> object:
        """Give the rows of one table that are still to come, as an Arrow stream (a PyCapsule)."""
        with translated():
            return self._reader.stream(table, words=words, columns=columns)

    @property
    def damage(self) -> tuple[int, str] | None:
        """Where the file could be read no further, and why; known when the last batch was given."""
        return next(((offset, reason) for _, offset, reason in self._reader.report().damages), None)

    @property
    def ledger(self) -> dict[str, int]:
        """What became of the packets so far, by name."""
        return self._reader.report().ledger()


def batches(path: str | PathLike[str], *, hosts: str = "", filter_expression: str = "") -> Batches:
    """Read a capture file batch by batch; see `Batches`."""
    return Batches(path, hosts=hosts, filter_expression=filter_expression)
