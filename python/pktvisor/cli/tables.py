"""Rows of captures as a table in a file: pktvisor-reader --table flow --out flows.parquet."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pktvisor.cli.options import complain
from pktvisor.cli.progress import Progress
from pktvisor.cli.signals import signals_heard
from pktvisor.config.command_options import SummaryOptions

ROWS_AT_ONCE = 1 << 17
"""Rows of a row group: enough to compress well, few enough for memory."""
BYTES_AT_ONCE = 32 << 20
"""Of a row group whose rows have long texts: it is written with fewer of them."""


def write_table(paths: Sequence[str], name: str, target: str, options: SummaryOptions, input_type: str) -> None:
    """Write all rows of a table to a file, with addresses as text and words for codes, and say how many.

    `input_type` is what the files hold, by its name in `-i`. Raises `PktvisorError`.
    """
    from pktvisor.inputs.tables import all_words, check_table, open_batches
    from pktvisor.windows.arrow import TableFile, check_name, pyarrow

    arrow = pyarrow("tables")
    check_name(target)
    check_table(name)
    batches = open_batches(
        paths,
        name,
        hosts=options.hosts or "",
        filter_expression=options.filter_expression,
        dns_ports=options.ports.get("dns", ()),
        input_type="dnstap" if input_type == "dnstap" else "pcap",
        decapsulate=options.decapsulate,
    )
    reader = arrow.RecordBatchReader._import_from_c_capsule(batches.stream(name, words=all_words()))
    progress = Progress(sys.stderr)
    rows = 0
    # What was read until a signal is written all the same.
    with signals_heard(lambda _: progress.stop.set()), TableFile(target, reader.schema, replaces=True) as file:
        for part in _joined(_until_stopped(reader, progress)):
            file.write_table(arrow.Table.from_batches(part))
            rows += sum(batch.num_rows for batch in part)
    for warning in batches.warnings:
        complain(warning)
    complain(f"{target}: {rows} rows of the table {name}")


def _until_stopped(batches: Iterable[Any], progress: Progress) -> Iterator[Any]:
    for batch in batches:
        yield batch
        if progress.stop.is_set():
            return


def _joined(batches: Iterable[Any]) -> Iterator[list[Any]]:
    """Batches together, so that they make large row groups; the last may be small, and those of long texts are."""
    part: list[Any] = []
    rows = size = 0
    for batch in batches:
        part.append(batch)
        rows += batch.num_rows
        size += batch.nbytes
        if rows >= ROWS_AT_ONCE or size >= BYTES_AT_ONCE:
            yield part
            part, rows, size = [], 0, 0
    if part:
        yield part
