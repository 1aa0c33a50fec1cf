"""The log: one line an event, on one stream.

[2026-06-26 19:12:37.042] [visor] [info] web server listening on localhost:10853
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TextIO

ROOT = "pktvisor"
"""The logger that all loggers of the package hang on."""

FORMAT = "[%(asctime)s.%(msecs)03d] [visor] [%(level_word)s] %(message)s"
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
RESET = "\x1b[0m"
COLOURS = {
    "debug": "\x1b[36m",
    "info": "\x1b[32m",
    "warning": "\x1b[33m",
    "error": "\x1b[31m",
    "critical": "\x1b[1;31m",
}


CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}
CONTROLS |= {ord("\r"): "\\r", ord("\n"): "\\n", ord("\t"): "\\t"}
"""Control characters, and how the log shows them."""


class LineFormatter(logging.Formatter):
    """Gives an event one line; what comes from outside can't start another."""

    def __init__(self, *, in_colour: bool) -> None:
        super().__init__(FORMAT, TIME_FORMAT)
        self.in_colour = in_colour

    def format(self, record: logging.LogRecord) -> str:
        """Write the line, and below it the traceback if there is one."""
        word = record.levelname.lower()
        record.level_word = f"{COLOURS.get(word, '')}{word}{RESET}" if self.in_colour else word
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the base class names it)
        """Write the line without line breaks of its own, and without what terminals obey."""
        record.message = record.message.translate(CONTROLS)
        return super().formatMessage(record)


SYSLOG_SOCKET = "/dev/log"


def start(stream: TextIO, *, verbose: bool) -> None:
    """Send the package's log to `stream`; `verbose` includes debug lines."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter(in_colour=stream.isatty()))
    _send(handler, verbose=verbose)


def start_file(path: str, *, verbose: bool) -> None:
    """Send the log to a file, whose folders are made where they are missing. Raises `OSError`."""
    from logging.handlers import WatchedFileHandler

    Path(path).parent.mkdir(parents=True, exist_ok=True)
    handler = WatchedFileHandler(path, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(LineFormatter(in_colour=False))
    _send(handler, verbose=verbose)


def start_syslog(name: str, *, verbose: bool) -> None:
    """Send the log to syslog, as facility daemon with name and process. Nobody need listen there, yet."""
    from logging.handlers import SysLogHandler

    handler = SysLogHandler(SYSLOG_SOCKET, SysLogHandler.LOG_DAEMON)
    handler.ident = f"{name}[{os.getpid()}]: "
    handler.setFormatter(LineFormatter(in_colour=False))
    _send(handler, verbose=verbose)


def _send(handler: logging.Handler, *, verbose: bool) -> None:
    handler.handleError = _tell_once()  # type: ignore[method-assign, assignment]
    root = logging.getLogger(ROOT)
    for before in root.handlers:
        before.close()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    root.propagate = False


def _tell_once() -> Callable[[logging.LogRecord], None]:
    """Give what says on stderr, the first time only, that a line could not be written: the process goes on without."""
    is_told = False

    def tell(_: logging.LogRecord) -> None:
        nonlocal is_told
        if is_told:
            return
        is_told = True
        with suppress(OSError):
            sys.stderr.write(f"the log can't be written, lines are lost until it can: {sys.exc_info()[1]}\n")

    return tell
