"""Whole tables of capture files, and of files of dnstap messages, as Arrow streams and as lazy frames.

pktvisor.scan("x.pcap", "dns", as_text=True).group_by("dns.qname2").len().collect()
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pktvisor import _core
from pktvisor.errors import ConfigError, MissingLibraryError
from pktvisor.inputs.batches import Batches, Paths, holds_dnstap, names_of
from pktvisor.inputs.faults import translated
from pktvisor.metrics.expressions import schema
from pktvisor.metrics.mnemonics import Words, words

if TYPE_CHECKING:
    import polars

STANDARD_INPUT = "-"
FLOW_TABLE = "flow"
DNSTAP_TABLES = ("packet", "dns", "xact")
"""What there is of messages that servers tell of: their ends, the messages, and answers with questions."""


class TableStream:
    """One table of whole capture files, for whoever reads Arrow streams. Each time it is read, the files are read."""

    def __init__(
        self,
        paths: Paths,
        name: str,
        *,
        hosts: str = "",
        filter_expression: str = "",
        dns_ports: Sequence[int] | str = (),
        input_type: str = "",
        decapsulate: bool = False,
        as_text: bool = False,
        columns: Sequence[str] | None = None,
    ) -> None:
        """See `table`."""
        check_table(name)
        self._paths, self._name = names_of(paths), name
        self._hosts, self._filter, self._dns_ports = hosts, filter_expression, dns_ports
        self._input_type = input_type
        self._decapsulates = decapsulate
        self._words = all_words() if as_text else None
        self._columns = None if columns is None else list(columns)
        self.__arrow_c_schema__()
        # Mistakes are told now, not in the middle of a query. Standard input is read from there, once.
        self._opened: Batches | None = self._open()

    def __arrow_c_schema__(self) -> object:
        with translated():
            return _core.table_schema(self._name, words=self._words, columns=self._columns)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        del requested_schema  # the table has one form
        opened, self._opened = self._opened or self._open(), None
        return opened.stream(self._name, words=self._words, columns=self._columns)

    def _open(self) -> Batches:
        return open_batches(
            self._paths,
            self._name,
            hosts=self._hosts,
            filter_expression=self._filter,
            dns_ports=self._dns_ports,
            input_type=self._input_type,
            decapsulate=self._decapsulates,
        )


def open_batches(
    paths: Paths,
    name: str,
    *,
    hosts: str,
    filter_expression: str,
    dns_ports: Sequence[int] | str,
    input_type: str = "",
    decapsulate: bool = False,
) -> Batches:
    """Open captures for one of their tables; see `table`."""
    if name not in DNSTAP_TABLES and holds_dnstap(paths, input_type):
        raise ConfigError(f"dnstap holds no table {name}; it holds {', '.join(DNSTAP_TABLES)}")
    return Batches(
        paths,
        hosts=hosts,
        filter_expression=filter_expression,
        dns_ports=dns_ports,
        reads_flows=name == FLOW_TABLE,
        input_type=input_type,
        decapsulate=decapsulate,
    )


def table(
    paths: Paths,
    name: str,
    *,
    hosts: str = "",
    filter_expression: str = "",
    dns_ports: Sequence[int] | str = (),
    input_type: str = "",
    decapsulate: bool = False,
    as_text: bool = False,
    columns: Sequence[str] | None = None,
) -> TableStream:
    """Read one table of capture files as an Arrow stream: `packet`, `dns`, `dhcp`, `bgp`, `xact` (answers
    with questions), or `flow` (what exporters tell in the datagrams of the capture).

    polars, pyarrow, DuckDB and pandas take it as it is, and read it part by part. `hosts` are the networks that
    directions are told by, `filter_expression` is in tcpdump's language, `dns_ports` are the ports by which DNS is
    known, by default the usual ones. Files of dnstap messages are known by their first bytes; `input_type` says
    `dnstap` (or `pcap`) where standard input holds them. With `decapsulate`, packets in tunnels are known by the
    addresses and ports inside. With `as_text`, addresses are text and codes and types are names; `columns` are the
    columns wanted, by default all. ConfigError where there is no such table or column or an option is wrong, InputError
    where a file can't be read.
    """
    return TableStream(
        paths,
        name,
        hosts=hosts,
        filter_expression=filter_expression,
        dns_ports=dns_ports,
        input_type=input_type,
        decapsulate=decapsulate,
        as_text=as_text,
        columns=columns,
    )


def scan(
    paths: Paths,
    name: str,
    *,
    hosts: str = "",
    filter_expression: str = "",
    dns_ports: Sequence[int] | str = (),
    input_type: str = "",
    decapsulate: bool = False,
    as_text: bool = False,
) -> polars.LazyFrame:
    """Give a table of capture files as a lazy frame of polars; the arguments are those of `table`.

    The files are read when the frame is collected, part by part, and only the columns that the query needs are made.
    MissingLibraryError without polars or pyarrow.
    """
    if STANDARD_INPUT in names_of(paths):
        raise ConfigError("scan reads its files again for each query: name a file, or use table for standard input")
    try:
        import polars
        import pyarrow
        from polars.io.plugins import register_io_source
    except ImportError as error:
        raise MissingLibraryError(f"scan needs {error.name}: pip install 'pktvisor[frames]'") from error

    def stream(columns: Sequence[str] | None) -> TableStream:
        return table(
            paths,
            name,
            hosts=hosts,
            filter_expression=filter_expression,
            dns_ports=dns_ports,
            input_type=input_type,
            decapsulate=decapsulate,
            as_text=as_text,
            columns=columns,
        )

    def read(
        wanted: list[str] | None, predicate: polars.Expr | None, most_rows: int | None, _batch_rows: int | None
    ) -> Iterator[polars.DataFrame]:
        for part in pyarrow.RecordBatchReader.from_stream(stream(wanted)):
            frame = polars.DataFrame(part)
            if predicate is not None:
                frame = frame.filter(predicate)
            if most_rows is not None:
                frame = frame.head(most_rows)
                most_rows -= frame.height
            yield frame
            if most_rows == 0:
                return

    empty = polars.DataFrame(pyarrow.schema(stream(None)).empty_table())
    return register_io_source(read, schema=empty.schema)


def as_text(part: _core.Table) -> _core.Table:
    """The same table of a batch with addresses as text, and codes and types as names."""
    return part.with_words(all_words())


def all_words() -> Words:
    """Words for the numbers of every column."""
    return words(schema())


def check_table(name: str) -> None:
    """ConfigError where there is no such table."""
    known = list(dict.fromkeys(column.table for column in schema().values()))
    if name not in known:
        raise ConfigError(f"there is no table {name!r}; there are {', '.join(known)}")
