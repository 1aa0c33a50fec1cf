"""pktvisord: summarise a live interface and serve the result over HTTP; or a capture file, to one line of JSON."""

from __future__ import annotations

import argparse
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from pktvisor.cli.options import (
    MOST_PERIODS,
    USAGE_STATUS,
    Parser,
    UsageError,
    add_general_options,
    add_summary_options,
    complain,
    run,
)
from pktvisor.errors import PktvisorError

CAPTURE_FILE_ENDINGS = (".pcap", ".cap", ".pcapng")
FAILURE_STATUS = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and give its exit status."""
    return run(_parser(), arguments, _run)


def _run(options: argparse.Namespace) -> int:
    if options.target is None:
        sys.stderr.write(_parser().format_help())
        complain("Nothing to do: name an interface, an IP address, any, auto or a capture file.")
        return FAILURE_STATUS
    if _is_file(options.target):
        return _summarize(options)
    return _serve(options)


def _is_file(target: str) -> bool:
    """Tell whether `target` is a capture file, by its name or for being there and no interface."""
    if target.endswith(CAPTURE_FILE_ENDINGS):
        return True
    return target not in {name for _, name in socket.if_nameindex()} and Path(target).is_file()


def _summarize(options: argparse.Namespace) -> int:
    from pktvisor.cli.summary import print_summary

    if options.summary:
        options.periods = 1
    try:
        print_summary(options.target, options)
    except UsageError:
        raise
    except PktvisorError as error:
        complain(error)
        return USAGE_STATUS
    return 0


def _serve(options: argparse.Namespace) -> int:
    from pktvisor.cli.service import serve

    options.periods = min(max(options.periods, 1), MOST_PERIODS)
    return serve(options)


def _parser() -> Parser:
    parser = Parser(
        prog="pktvisord", description="Summarise your data streams: live, served over HTTP, or from a file."
    )
    parser.add_argument(
        "target",
        metavar="TARGET",
        nargs="?",
        help="a network interface, one of its IP addresses, any (all interfaces), auto (the busiest one), "
        f"or a capture file (ending in {', '.join(CAPTURE_FILE_ENDINGS)}, or any file that is there)",
    )
    parser.add_argument(
        "-l", dest="host", metavar="HOST", default="localhost", help="serve on this host or IP (default: %(default)s)"
    )
    parser.add_argument(
        "-p", dest="port", metavar="PORT", type=_port, default=10853, help="serve on this port (default: %(default)s)"
    )
    add_summary_options(parser)
    parser.add_argument(
        "--summary", action="store_true", help="one summary of all packets of a capture file, as --periods 1"
    )
    parser.add_argument("--prom-instance", metavar="ID", help="a label 'instance' for all Prometheus series")
    add_general_options(parser)
    return parser


def _port(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a port number")
    return int(text)
