"""pktvisor: watch a running agent, an interface, or capture files, in the terminal."""

from __future__ import annotations

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
    complain,
    forget_stdout,
    print_result,
)
from pktvisor.cli.parsing import add_options, read_options
from pktvisor.cli.ui_options import DEFAULT_HOST, TOKEN_VARIABLE, TerminalOptions
from pktvisor.errors import PktvisorError
from pktvisor.escaping import printable_json
from pktvisor.files import open_file

if TYPE_CHECKING:
    from pktvisor.tui.watch import State, Watch
    from pktvisor.tui.watched import Watched

MOST_TOKEN_BYTES = 1 << 16
SINGLE_LETTERS = ("h", "p", "H", "P")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and give its exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["report"]:
        from pktvisor.cli import report

        return report.main(given[1:])
    try:
        return _run(_read(given))
    except UsageError as error:
        complain(f"pktvisor: {error}")
        complain("pktvisor --help lists the options")
        return USAGE_STATUS
    except PktvisorError as error:
        complain(f"pktvisor: {error}")
        return FAILURE_STATUS
    except BrokenPipeError:
        forget_stdout()
        return FAILURE_STATUS
    except KeyboardInterrupt:
        return INTERRUPTED_STATUS


def _read(arguments: Sequence[str]) -> TerminalOptions:
    return read_options(TerminalOptions, terminal_parser().parse_args(_undashed(arguments)))


def _run(options: TerminalOptions) -> int:
    from pktvisor.tui.watch import Watch
    from pktvisor.tui.watched import Request
    from pktvisor.tui.windows import DEFAULT, WHOLE

    is_file = bool(options.files) and not _is_live(options)
    is_printed = options.once or options.json
    if not is_printed and not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise UsageError(
            "stdout is not a terminal: use --once for the first screen as text, or --json for the document"
        )
    watched = _watched_own(options) if options.files else _watched_agent(options)
    try:
        window = options.window or (WHOLE if is_file else DEFAULT)
        watch = Watch(watched, Request(window, options.policy), interval_s=options.interval)
        return _print(watch, options) if is_printed else _show(watch)
    finally:
        watched.close()


def _is_live(options: TerminalOptions) -> bool:
    from pktvisor.cli.interface import is_interface

    return len(options.files) == 1 and is_interface(options.files[0])


def _watched_own(options: TerminalOptions) -> Watched:
    """Summarise files, or an interface, in this process."""
    return _watched_interface(options) if _is_live(options) else _watched_file(options)


def _watched_interface(options: TerminalOptions) -> Watched:
    from pktvisor.cli.interface import watch_interface

    watched = watch_interface(options.files[0], options.for_captures())
    if options.once or options.json:
        time.sleep(options.interval)
    return watched


def _watched_file(options: TerminalOptions) -> Watched:
    from pktvisor.cli.analysis import analyse
    from pktvisor.cli.progress import Progress
    from pktvisor.cli.signals import signals_heard

    if options.window is not None and options.window.kind == "bucket":
        raise UsageError("--window: for a file, give a number of periods, or leave --window out to see all of it")
    progress = Progress(sys.stderr)
    with signals_heard(lambda _: progress.stop.set()):
        watched = analyse(
            options.files, options.for_captures(), progress, is_watched=not (options.once or options.json)
        )
    if progress.stop.is_set():
        raise KeyboardInterrupt
    return watched


def _watched_agent(options: TerminalOptions) -> Watched:
    from pktvisor.api.client import Client
    from pktvisor.api.connection import Endpoint
    from pktvisor.tui.watched_agent import WatchedAgent

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
    return WatchedAgent(Client(endpoint))


def _token(options: TerminalOptions) -> str | None:
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
        raise UsageError("the token contains characters that are not allowed in tokens")
    return token


def _print(watch: Watch, options: TerminalOptions) -> int:
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


def terminal_parser() -> Parser:
    """Make the parser."""
    parser = Parser(
        prog="pktvisor",
        description="Watch a running agent, an interface, or capture files.",
        epilog="pktvisor report FILE writes a web page about capture files; a file of that name is ./report.",
        allow_abbrev=False,
    )
    add_options(parser, TerminalOptions)
    parser.add_argument(
        "-version", "--version", action="version", version=_core.__version__, help="show the version's number"
    )
    return parser
