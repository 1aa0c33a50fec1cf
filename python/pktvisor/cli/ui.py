"""pktvisor: watch a running agent, an interface, or capture files, in the terminal."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pktvisor import _core
from pktvisor.cli.options import (
    FAILURE_STATUS,
    INTERRUPTED_STATUS,
    USAGE_STATUS,
    Parser,
    UsageError,
    add_dns_ports,
    complain,
    forget_stdout,
    print_result,
)
from pktvisor.errors import PktvisorError
from pktvisor.escaping import printable_json
from pktvisor.files import open_file

if TYPE_CHECKING:
    from pktvisor.tui.source import Source
    from pktvisor.tui.watch import State, Watch
    from pktvisor.tui.windows import Window

DEFAULT_HOST = "localhost"
TIMEOUT_S = 15.0
"""For all answers together, where something is printed."""
LEAST_INTERVAL_S = 0.2
TOKEN_VARIABLE = "PKTVISOR_TOKEN"
MOST_TOKEN_BYTES = 1 << 16
SINGLE_LETTERS = ("h", "p", "H", "P")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and give its exit status."""
    try:
        return _run(_parser().parse_args(_undashed(sys.argv[1:] if arguments is None else arguments)))
    except UsageError as error:
        complain(f"pktvisor: {error}")
        complain("pktvisor --help tells the options")
        return USAGE_STATUS
    except PktvisorError as error:
        complain(f"pktvisor: {error}")
        return FAILURE_STATUS
    except BrokenPipeError:
        forget_stdout()
        return FAILURE_STATUS
    except KeyboardInterrupt:
        return INTERRUPTED_STATUS


def _run(options: argparse.Namespace) -> int:
    from pktvisor.tui.source import Request
    from pktvisor.tui.watch import Watch
    from pktvisor.tui.windows import DEFAULT, WHOLE

    is_file = bool(options.files) and not _is_live(options)
    is_printed = options.once or options.json
    if not is_printed and not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise UsageError("there is no terminal here: --once prints the first screen, --json the document")
    source = _own_source(options) if options.files else _agent_source(options)
    try:
        window = options.window or (WHOLE if is_file else DEFAULT)
        watch = Watch(source, Request(window, options.policy), interval_s=options.interval)
        return _print(watch, options) if is_printed else _show(watch)
    finally:
        source.close()


def _is_live(options: argparse.Namespace) -> bool:
    from pktvisor.cli.interface import is_interface

    return len(options.files) == 1 and is_interface(options.files[0])


def _own_source(options: argparse.Namespace) -> Source:
    """Summarise files, or an interface, in this process."""
    if not options.hosts:
        options.hosts = options.host or ""
    return _interface_source(options) if _is_live(options) else _file_source(options)


def _interface_source(options: argparse.Namespace) -> Source:
    from pktvisor.cli.interface import watch_interface

    source = watch_interface(options.files[0], options)
    if options.once or options.json:
        time.sleep(options.interval)
    return source


def _file_source(options: argparse.Namespace) -> Source:
    from pktvisor.cli.analysis import analyse
    from pktvisor.cli.progress import Progress
    from pktvisor.cli.signals import signals_heard

    if options.window is not None and options.window.kind == "bucket":
        raise UsageError("--window: of a file, a number of minutes can be shown, or without --window all of it")
    progress = Progress(sys.stderr)
    with signals_heard(lambda _: progress.stop.set()):
        source = analyse(options.files, options, progress)
    if progress.stop.is_set():
        raise KeyboardInterrupt
    return source


def _agent_source(options: argparse.Namespace) -> Source:
    from pktvisor.api.client import Client
    from pktvisor.api.connection import Endpoint
    from pktvisor.tui.agent_source import AgentSource

    endpoint = Endpoint(
        host=(options.host or DEFAULT_HOST).strip("[]"),
        port=options.port,
        is_tls=options.tls or options.tls_noverify or options.tls_cert is not None,
        is_verified=not options.tls_noverify,
        ca_file=options.tls_ca,
        cert_file=options.tls_cert,
        key_file=options.tls_key,
        token=_token(options),
        total_s=options.timeout if options.once or options.json else None,
    )
    return AgentSource(Client(endpoint))


def _token(options: argparse.Namespace) -> str | None:
    """Give the token of the option, the file or the environment, in this order."""
    token: str | None = options.token
    if token is None and options.token_file is not None:
        try:
            with open_file(options.token_file) as file:
                token = file.read(MOST_TOKEN_BYTES).decode().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"--token-file: cannot read {options.token_file}: {error}") from None
    token = token or os.environ.get(TOKEN_VARIABLE) or None
    if token is not None and not (token.isascii() and token.isprintable()):
        raise UsageError("the token has characters that no token has")
    return token


def _print(watch: Watch, options: argparse.Namespace) -> int:
    """Print the first screen, or the document."""
    from pktvisor.cli.page import page

    watch.step()
    if watch.state.fault is not None:
        raise watch.state.fault
    text = _document(watch.state) if options.json else page(watch)
    print_result(text.encode(errors="replace"))
    return 0


def _document(state: State) -> str:
    from pktvisor.outputs.json import encode

    assert state.reading is not None, "a step without a fault reads"
    return printable_json(encode(state.reading.metrics.document).decode()) + "\n"


def _show(watch: Watch) -> int:
    """Open the terminal interface, until it is left."""
    from pktvisor.tui.app import Terminal

    terminal = Terminal(watch)
    terminal.run()
    return terminal.return_code or 0


def _undashed(arguments: Sequence[str]) -> list[str]:
    """Write `--p 80` as `-p 80`: to pktvisor-cli, one dash and two are the same."""
    return [argument[1:] if argument.split("=")[0][2:] in SINGLE_LETTERS else argument for argument in arguments]


def _parser() -> Parser:
    parser = Parser(
        prog="pktvisor", description="Watch a running agent, an interface, or capture files.", allow_abbrev=False
    )
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="*",
        help="instead of an agent to ask: capture files, and directories of them, to analyse as one; or an interface "
        "(any for all) to capture on",
    )
    parser.add_argument(
        "-H",
        dest="host",
        metavar="HOST",
        help=f"agent's host (default: {DEFAULT_HOST}); of a file, the networks to count as this host, as --hosts",
    )
    parser.add_argument(
        "-p", dest="port", metavar="PORT", type=_port, default=10853, help="agent's port (default: %(default)s)"
    )
    parser.add_argument(
        "-P",
        dest="policy",
        metavar="POLICY",
        help="policy to show first (default: default, or the first that there is)",
    )
    _add_access_options(parser)
    _add_showing_options(parser)
    _add_file_options(parser)
    parser.add_argument(
        "-version", "--version", action="version", version=_core.__version__, help="show the version's number"
    )
    return parser


def _add_access_options(parser: Parser) -> None:
    parser.add_argument("-tls", "--tls", action="store_true", help="speak TLS to the agent")
    parser.add_argument(
        "-tls-noverify", "--tls-noverify", action="store_true", help="speak TLS, and take whatever certificate it has"
    )
    parser.add_argument("--tls-ca", metavar="FILE", help="certificates to trust instead of the system's (PEM)")
    parser.add_argument(
        "--tls-cert", metavar="FILE", help="our certificate, where the agent wants one (PEM); speaks TLS"
    )
    parser.add_argument("--tls-key", metavar="FILE", help="its private key, where it is not in the same file (PEM)")
    parser.add_argument("--token", metavar="TOKEN", help=f"token that the agent wants (default: ${TOKEN_VARIABLE})")
    parser.add_argument("--token-file", metavar="FILE", help="file with that token, which other users then don't see")


def _add_showing_options(parser: Parser) -> None:
    parser.add_argument(
        "--window",
        metavar="W",
        type=_window,
        help="live, last (the last closed period) or that many minutes merged, 2 to 10 (default: 5; of a file, all)",
    )
    parser.add_argument(
        "--interval", metavar="S", type=_interval, default=1.0, help="seconds between readings (default: %(default)g)"
    )
    parser.add_argument(
        "--timeout",
        metavar="S",
        type=_interval,
        default=TIMEOUT_S,
        help="with --once and --json: seconds that the agent may take for everything (default: %(default)g)",
    )
    printed = parser.add_mutually_exclusive_group()
    printed.add_argument("--once", action="store_true", help="print the first screen as text, and end")
    printed.add_argument("--json", action="store_true", help="print the policy's metrics as JSON, and end")


def _add_file_options(parser: Parser) -> None:
    parser.set_defaults(deep_sample_rate=100, workers=None)
    files = parser.add_argument_group("for capture files and interfaces")
    files.add_argument(
        "-b", dest="filter_expression", metavar="BPF", default="", help="only packets that pass this filter"
    )
    files.add_argument("--hosts", metavar="HOSTSPEC", default="", help="networks to count as this host, as -H")
    add_dns_ports(files)
    files.add_argument("--geo-city", metavar="FILE", help="MaxMind database of places")
    files.add_argument("--geo-asn", metavar="FILE", help="MaxMind database of networks (ASN or ISP)")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text) < 2**16:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port number")
    return int(text)


def _interval(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not LEAST_INTERVAL_S <= seconds <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from {LEAST_INTERVAL_S} to 3600")
    return seconds


def _window(text: str) -> Window:
    from pktvisor.tui.windows import parse_window

    try:
        return parse_window(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
