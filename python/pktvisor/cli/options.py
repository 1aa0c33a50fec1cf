"""What the command lines have in common: the parser, its errors, exit statuses, and how a command is run."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from pktvisor.errors import ConfigError, PktvisorError
from pktvisor.escaping import printable

FAILURE_STATUS = 1
USAGE_STATUS = 2
FILE_FAILURE_STATUS = 255
"""Of a capture file that can't be summarised, as the C++ pktvisor-reader gives it."""
INTERRUPTED_STATUS = 130
"""As shells give it for SIGINT."""
STATUSES = {
    0: "success; for the daemon also: stopped by a signal or a client",
    FAILURE_STATUS: "failure; the last line on stderr says why",
    USAGE_STATUS: "invalid command line; two lines on stderr say why, and how to get help",
    INTERRUPTED_STATUS: "interrupted (Ctrl-C) before there was a result",
    FILE_FAILURE_STATUS: "a capture file can't be summarised (pktvisor-reader, and pktvisord with a file)",
}
"""What the commands' exit statuses mean."""


class UsageError(ConfigError):
    """The command line makes no sense."""


class _Help(argparse.HelpFormatter):
    """Knows the terminal's width itself: the library imports compressors to learn of it, at every start."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


def _columns() -> int:
    """Give the width of the terminal, as `shutil.get_terminal_size` does."""
    told = os.environ.get("COLUMNS", "")
    if told.isdecimal() and int(told) > 0:
        return int(told)
    try:
        return 80 if sys.__stdout__ is None else os.get_terminal_size(sys.__stdout__.fileno()).columns or 80
    except (ValueError, OSError):  # closed, or no terminal
        return 80


class Parser(argparse.ArgumentParser):
    """A parser that raises its errors instead of ending the process."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(formatter_class=_Help, **settings)

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
    """Write to stdout, as `print_pieces` does."""
    print_pieces([result])


def print_pieces(result: Iterable[bytes]) -> None:
    """Write to stdout, piece by piece and all of it now.

    Raises `PktvisorError` where that can't be, `BrokenPipeError` as it is.
    """
    if sys.stdout is None:
        raise PktvisorError("the result can't be written: stdout is closed")
    try:
        for piece in result:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        forget_stdout()
        raise PktvisorError(f"the result can't be written to stdout: {error.strerror}") from error


def complain(error: PktvisorError | str) -> None:
    """Say on stderr what is wrong, in one line whatever the names and texts in it hold."""
    sys.stderr.write(f"{printable(str(error))}\n")


def complain_of_usage(parser: Parser, error: UsageError | str) -> int:
    """Say on stderr, in two lines, what is wrong with the command line and where help is; give the status."""
    complain(f"{parser.prog}: {error}")
    complain(f"{parser.prog} --help lists the options")
    return USAGE_STATUS
