"""The rows of capture files, and of files of dnstap messages, in batches of Arrow columns, without copies.

    for batch in pktvisor.batches("x.pcap"):
        frame = polars.DataFrame(batch.dns)

Tables and columns are those of docs/reference/columns.md. Any library that speaks the Arrow PyCapsule interface reads
them: polars, pyarrow, DuckDB, pandas.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from os import PathLike
from typing import TypeAlias

from pktvisor import _core
from pktvisor.config.ports import ports_by_protocol
from pktvisor.errors import ConfigError
from pktvisor.inputs.faults import file_warnings, translated
from pktvisor.inputs.filters import capture_filter
from pktvisor.inputs.hosts import parse_hosts
from pktvisor.metrics.mnemonics import Words

Paths: TypeAlias = str | PathLike[str] | Sequence[str | PathLike[str]]
"""A capture file, a directory of some, or several of both, which are read as one capture in the order of time."""


INPUT_TYPES = ("pcap", "dnstap")
"""What files may hold: packets, or messages that servers tell of."""


def names_of(paths: Paths) -> list[str]:
    """Give each path as text."""
    return [os.fspath(paths)] if isinstance(paths, str | PathLike) else [os.fspath(path) for path in paths]


class Batches:
    """The batches of capture files, in order. Iterate once; memory stays flat however large the files."""

    def __init__(
        self,
        paths: Paths,
        *,
        hosts: str = "",
        filter_expression: str = "",
        dns_ports: Sequence[int] | str = (),
        reads_flows: bool = False,
        input_type: str = "",
        decapsulate: bool = False,
    ) -> None:
        """Open a capture file (`-` for standard input), a directory, or several; or files of dnstap messages.

        `hosts` are the networks that directions are told by, `filter_expression` is in tcpdump's language,
        `dns_ports` are the ports by which DNS is known, by default the usual ones. With `reads_flows` what UDP carries
        are flow records, and packets leave no rows; with `decapsulate` packets in tunnels are known by the addresses
        and ports inside. `input_type` is `pcap` or `dnstap`; without it the first bytes of the first file tell, and
        standard input holds packets. InputError where a file can't be read, ConfigError for a wrong option.
        """
        networks = parse_hosts(hosts) if hosts else []
        reads_dnstap = holds_dnstap(paths, input_type)
        if reads_dnstap and (hosts or filter_expression or dns_ports):
            raise ConfigError("dnstap has no packets: hosts, filter_expression and dns_ports are not for it")
        with translated():
            self._reader = _core.BatchReader(
                names_of(paths),
                hosts=networks,
                ports=ports_by_protocol(dns_ports),
                compile_filter=capture_filter(filter_expression),
                may_wait=True,
                reads_flows=reads_flows,
                reads_dnstap=reads_dnstap,
                decapsulates=decapsulate,
            )

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
    def warnings(self) -> list[str]:
        """A sentence for each file that is damaged or was left out; known when the last batch was given."""
        return file_warnings(self._reader.report())

    @property
    def ledger(self) -> dict[str, int]:
        """What became of the packets so far, by name."""
        return self._reader.report().ledger()


def holds_dnstap(paths: Paths, input_type: str) -> bool:
    """Whether files hold dnstap messages, not packets; ConfigError where they should hold something else."""
    if input_type not in ("", *INPUT_TYPES):
        raise ConfigError(f"there are no tables of {input_type!r}; input_type is {' or '.join(INPUT_TYPES)}")
    return input_type == "dnstap" or (not input_type and _core.holds_dnstap(names_of(paths)))


def batches(
    paths: Paths,
    *,
    hosts: str = "",
    filter_expression: str = "",
    dns_ports: Sequence[int] | str = (),
    input_type: str = "",
    decapsulate: bool = False,
) -> Batches:
    """Read capture files, or files of dnstap messages, batch by batch; see `Batches`."""
    return Batches(
        paths,
        hosts=hosts,
        filter_expression=filter_expression,
        dns_ports=dns_ports,
        input_type=input_type,
        decapsulate=decapsulate,
    )
