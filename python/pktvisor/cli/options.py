"""What the command lines have in common: the parser, its errors, and the options about summarising packets."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from pktvisor import _core
from pktvisor.config.ports import read_ports
from pktvisor.errors import ConfigError, PktvisorError
from pktvisor.escaping import printable_lines
from pktvisor.inputs.base import MOST_WORKERS

FAILURE_STATUS = 1
USAGE_STATUS = 2
FILE_FAILURE_STATUS = 255
"""Of a capture file that can't be summarised, as the C++ pktvisor-reader gives it."""
INTERRUPTED_STATUS = 130
"""As shells give it for SIGINT."""
STATUSES = {
    0: "all went well; a signal or a client ended the daemon",
    FAILURE_STATUS: "it failed; the last line on stderr says why",
    USAGE_STATUS: "the command line makes no sense; two lines on stderr say why, and where help is",
    INTERRUPTED_STATUS: "interrupted (Ctrl-C) before there was a result",
    FILE_FAILURE_STATUS: "a capture file can't be summarised (pktvisor-reader, and pktvisord with a file)",
}
"""What the commands' exit statuses mean."""
MOST_PERIODS = 10
DEFAULT_PERIODS = 5


class UsageError(ConfigError):
    """The command line makes no sense."""


class Parser(argparse.ArgumentParser):
    """A parser that raises its errors instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError`."""
        raise UsageError(message)


def run(parser: Parser, arguments: Sequence[str] | None, command: Callable[[argparse.Namespace], int]) -> int:
    """Parse and run a command, and give its exit status.

    What goes wrong is told on stderr; see `STATUSES`.
    """
    try:
        return command(parser.parse_args(arguments))
    except UsageError as error:
        return complain_of_usage(parser, error)
    except PktvisorError as error:
        complain(error)
        return FAILURE_STATUS
    except BrokenPipeError:
        forget_stdout()
        return FAILURE_STATUS
    except KeyboardInterrupt:
        return INTERRUPTED_STATUS


def forget_stdout() -> None:
    """Who read stdout has gone: see to it that the interpreter's last flush does not stumble over it again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_result(result: bytes) -> None:
    """Write to stdout, all of it now. Raises `PktvisorError` where that can't be, `BrokenPipeError` as it is."""
    if sys.stdout is None:
        raise PktvisorError("the result can't be written: stdout is closed")
    try:
        sys.stdout.buffer.write(result)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        forget_stdout()
        raise PktvisorError(f"the result can't be written to stdout: {error.strerror}") from error


def complain(error: PktvisorError | str) -> None:
    """Say on stderr what is wrong."""
    sys.stderr.write(f"{printable_lines(str(error))}\n")


def complain_of_usage(parser: Parser, error: UsageError | str) -> int:
    """Say on stderr, in two lines, what is wrong with the command line and where help is; give the status."""
    complain(f"{parser.prog}: {error}")
    complain(f"{parser.prog} --help tells the options")
    return USAGE_STATUS


def add_general_options(parser: Parser) -> None:
    """Add what every command has."""
    parser.add_argument("-v", "--verbose", action="store_true", help="say more")
    parser.add_argument("--version", action="version", version=f"pktvisor {_core.__version__}", help="show the version")


def add_summary_options(
    parser: Parser,
    *,
    periods: int | None = DEFAULT_PERIODS,
    deep_sample_rate: int | None = 100,
    deep_sample_name: str = "deep_sample_rate",
) -> None:
    """Add the options about what is summarised, and how; defaults of None let a configuration file say it."""
    parser.add_argument(
        "-b",
        dest="filter_expression",
        metavar="BPF",
        default="",
        help="only packets that pass this filter (as tcpdump's)",
    )
    parser.add_argument(
        "-H",
        dest="hosts",
        metavar="HOSTSPEC",
        type=_not_empty,
        help="networks to count as this host, which tells ingress from egress: CIDRs or addresses, as "
        "10.0.1.0/24,2001:db8::5; where both ends fit, the longer prefix decides. The networks and addresses of a live "
        "interface are the default; a capture file has none",
    )
    add_dns_ports(parser)
    parser.add_argument(
        "--periods",
        metavar="P",
        type=whole_number,
        default=periods,
        help=f"keep this many periods of 60 seconds, 1 to {MOST_PERIODS} (default: {DEFAULT_PERIODS}); "
        "1 is one summary of everything",
    )
    parser.add_argument("--summary", action="store_true", help="one summary of all packets of a file, as --periods 1")
    parser.add_argument("--json", action="store_true", help="of a file, print JSON where stdout is a terminal, too")
    parser.add_argument(
        "--max-deep-sample",
        dest=deep_sample_name,
        metavar="N",
        type=_percent,
        default=deep_sample_rate,
        help="look deeper into no more than N%% of the packets, 1 to 100 (default: 100)",
    )
    parser.add_argument(
        "--workers",
        metavar="N",
        type=_count,
        help=f"share the packets among N threads, 1 to {MOST_WORKERS} (default: 1 for an interface; for a file one per "
        "processor, 4 at most)",
    )
    parser.add_argument("--geo-city", metavar="FILE", help="MaxMind database of places")
    parser.add_argument("--geo-asn", metavar="FILE", help="MaxMind database of networks (ASN or ISP)")


def add_dns_ports(parser: argparse._ActionsContainer) -> None:
    """Add the option about the ports of DNS."""
    parser.add_argument(
        "--dns-ports",
        metavar="PORTS",
        type=_ports,
        help="ports by which DNS is known, as 53,8600, instead of the usual ones: "
        f"{', '.join(str(port) for port in _core.usual_ports()['dns'])}",
    )


def whole_number(text: str) -> int:
    """Read a whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def _percent(text: str) -> int:
    return min(max(whole_number(text), 1), 100)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text[:10]) <= MOST_WORKERS:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number from 1 to {MOST_WORKERS}")
    return int(text)


def _ports(text: str) -> tuple[int, ...]:
    try:
        return read_ports(text)
    except ConfigError as error:
        raise argparse.ArgumentTypeError(error.message) from error


def _not_empty(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("at least one CIDR is needed, as 10.0.0.0/8")
    return text
