"""Records as a table of the core, which is written and read without pyarrow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pktvisor import _core
from pktvisor.windows.record import Record, record_fields

STREAM_TYPE = "application/vnd.apache.arrow.stream"
"""Media type of an Arrow IPC stream."""
PACKED_TYPE = "application/vnd.pktvisor.windows"
"""Media type of packed records."""


def record_table(records: Iterable[Record], metadata: Mapping[str, str]) -> _core.RecordTable:
    """Records as a table; `metadata` is what its schema says besides the version of the record."""
    listed = list(records)
    columns = {one.name: [getattr(record, one.name) for record in listed] for one in record_fields()}
    return _core.RecordTable.of_columns(columns, metadata)


def records_of(table: _core.RecordTable) -> list[Record]:
    """The records of a table."""
    names = [one.name for one in record_fields()]
    columns = [table.column(name) for name in names]
    return [Record(**dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True)]
