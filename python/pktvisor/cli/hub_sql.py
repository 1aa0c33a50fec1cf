"""pktvisor-hub sql: ask what a hub keeps, in SQL."""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pktvisor.cli.options import Parser, complain, print_result, run
from pktvisor.cli.parsing import add_options, add_version, read_options
from pktvisor.config.hub_options import DATA_DIR, default_directory
from pktvisor.config.options import Operands
from pktvisor.errors import InputError

MOST_ROWS_SHOWN = 200
"""Rows of a result on a terminal."""


@dataclass(frozen=True)
class SqlOptions:
    """Everything that the command can be told."""

    query: Annotated[
        tuple[str, ...],
        Operands(value="QUERY", is_needed=True, help="a statement of DuckDB's SQL over the views windows and merged"),
    ] = ()
    data_dir: Annotated[str | None, DATA_DIR] = None


def main(arguments: Sequence[str]) -> int:
    """Run the command and give its exit status."""
    return run(sql_parser(), arguments, _run)


def sql_parser() -> Parser:
    """Make the parser."""
    parser = Parser(prog="pktvisor-hub sql", description="Ask what a hub keeps: a table on a terminal, else CSV.")
    add_options(parser, SqlOptions)
    add_version(parser)
    return parser


def _run(said: argparse.Namespace) -> int:
    from pktvisor.hub.sql import views

    options = read_options(SqlOptions, said)
    if not "".join(options.query).strip():
        raise InputError("there is no statement: write one, as 'SELECT count(*) FROM windows'")
    with views(Path(options.data_dir or default_directory())) as (connection, hot):
        if hot.left_out:
            complain(f"{hot.left_out} deliveries of this hour are too many to be read, and left out")
        if sys.stdout.isatty():
            connection.sql(" ".join(options.query)).show(max_rows=MOST_ROWS_SHOWN)
        else:
            print_result(_csv(connection.sql(" ".join(options.query))))
    return 0


def _csv(result: Any) -> bytes:
    """A relation as CSV; nothing of what gives no rows, as a setting."""
    if result is None:
        return b""
    shown = zip(result.columns, map(str, result.types), strict=True)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(result.columns)
    writer.writerows(result.project(", ".join(_shown(name, kind) for name, kind in shown)).fetchall())
    return text.getvalue().encode()


def _shown(name: str, kind: str) -> str:
    """A column as SQL has it. DuckDB writes times of a zone itself: for Python it would need a package of zones."""
    column = '"{}"'.format(name.replace('"', '""'))
    return f"{column}::VARCHAR AS {column}" if "TIME ZONE" in kind or "TIMESTAMPTZ" in kind else column
