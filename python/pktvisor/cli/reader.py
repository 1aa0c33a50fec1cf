"""pktvisor-reader: summarise capture files."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from pktvisor.cli.options import (
    FILE_FAILURE_STATUS,
    Parser,
    UsageError,
    add_general_options,
    add_summary_options,
    complain,
    run,
)
from pktvisor.cli.summary import print_summary
from pktvisor.errors import PktvisorError

INPUTS = ("pcap",)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and give its exit status."""
    return run(reader_parser(), arguments, _summarize)


def _summarize(options: argparse.Namespace) -> int:
    try:
        print_summary(options.files, options)
    except UsageError:
        raise
    except PktvisorError as error:
        complain(f"Fatal error: {error}")
        return FILE_FAILURE_STATUS
    return 0


def reader_parser() -> Parser:
    """Make the parser."""
    parser = Parser(
        prog="pktvisor-reader",
        description="Summarise capture files (pcap or pcapng, also compressed): as text on a terminal, elsewhere as "
        "one line of JSON.",
    )
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        help="capture files, and directories of them, which are read as one capture in the order of time; - is "
        "standard input",
    )
    parser.add_argument(
        "-i",
        dest="input",
        metavar="INPUT",
        type=str.lower,
        choices=INPUTS,
        default="pcap",
        help=f"what the file holds: {', '.join(INPUTS)} (default: %(default)s)",
    )
    add_summary_options(parser)
    add_general_options(parser)
    return parser
