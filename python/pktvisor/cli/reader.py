"""pktvisor-reader: summarise capture files."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pktvisor.cli.options import FILE_FAILURE_STATUS, Parser, UsageError, complain, run
from pktvisor.cli.parsing import add_options, add_version, read_options
from pktvisor.cli.summary import print_summary
from pktvisor.config.command_options import SummaryOptions
from pktvisor.config.options import Operands, Rule, Text
from pktvisor.errors import PktvisorError

INPUTS = ("pcap", "netflow", "sflow", "dnstap")
"""What a file may hold: packets, the datagrams of exporters of flow records, messages that servers tell of."""
BESIDE_PACKETS = INPUTS[1:]


def _not_available(name: str, written: str, inputs: Sequence[str]) -> Rule:
    """Refuse an option with inputs for which it means nothing."""
    return Rule(
        lambda said: said.input in inputs and bool(getattr(said, name)),
        f"argument {written}: not available with -i {{input}}",
    )


@dataclass(frozen=True)
class ReaderOptions(SummaryOptions):
    """Everything that the reader can be told."""

    files: Annotated[
        tuple[str, ...],
        Operands(
            value="FILE",
            is_needed=True,
            help="capture files and directories of them, read as one capture in time order; - means standard input",
        ),
    ] = ()
    input: Annotated[
        str,
        Text(
            written="-i",
            value="INPUT",
            reader=str.lower,
            choices=INPUTS,
            help=f"what the file holds: {', '.join(INPUTS)} (default: {{default}})",
        ),
    ] = "pcap"
    record: Annotated[
        str | None,
        Text(
            value="FILE",
            help="instead of a summary, write records of all windows to FILE (.parquet or .arrow); needs "
            "pktvisor[frames]",
        ),
    ] = None

    table: Annotated[
        str | None,
        Text(value="NAME", help="instead of a summary, write the rows of a table (packet, dns, flow...) to --out"),
    ] = None
    out: Annotated[
        str | None,
        Text(value="FILE", help="where --table writes to (.parquet or .arrow); needs pktvisor[frames]"),
    ] = None

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            lambda said: (said.table is None) != (said.out is None),
            "arguments --table and --out: each needs the other",
        ),
        Rule(
            lambda said: said.follow and said.table is not None,
            "argument --follow: not available with --table, which takes files that are whole; --record follows",
        ),
        Rule(
            lambda said: said.table is not None and said.record is not None,
            "arguments --table and --record: say one of them",
        ),
        Rule(
            lambda said: said.table not in (None, "flow") and said.input in ("netflow", "sflow"),
            "argument --table: the table of -i {input} is flow",
        ),
        Rule(
            lambda said: said.table not in (None, "packet", "dns", "xact") and said.input == "dnstap",
            "argument --table: the tables of -i {input} are packet, dns and xact",
        ),
        Rule(
            lambda said: said.record is not None and said.input != "pcap",
            "argument --record: not available with -i {input}",
        ),
        _not_available("filter_expression", "-b", ("dnstap",)),
        _not_available("hosts", "-H", BESIDE_PACKETS),
        _not_available("dns_ports", "--dns-ports", BESIDE_PACKETS),
        _not_available("decapsulate", "--decapsulate", BESIDE_PACKETS),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and give its exit status."""
    return run(reader_parser(), arguments, _summarize)


def _summarize(said: argparse.Namespace) -> int:
    options = read_options(ReaderOptions, said)
    try:
        _carry_out(options)
    except UsageError:
        raise
    except PktvisorError as error:
        complain(f"Fatal error: {error}")
        return FILE_FAILURE_STATUS
    return 0


def _carry_out(options: ReaderOptions) -> None:
    if options.record is not None:
        from pktvisor.cli.recording import write_records

        write_records(options.files, options.record, options)
    elif options.table is not None and options.out is not None:
        from pktvisor.cli.tables import write_table

        write_table(options.files, options.table, options.out, options, options.input)
    else:
        print_summary(options.files, options, options.input)


def reader_parser() -> Parser:
    """Make the parser."""
    parser = Parser(
        prog="pktvisor-reader",
        description="Summarise capture files (pcap, pcapng or dnstap, also compressed) as text on a terminal, "
        "otherwise as one line of JSON.",
    )
    add_options(parser, ReaderOptions)
    add_version(parser)
    return parser
