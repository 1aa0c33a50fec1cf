"""The log: one line an event, on one stream.

[2026-06-26 19:12:37.042] [visor] [info] web server listening on localhost:10853

What clients send ends up in lines, so that these are bounded: a long one is cut (`lines`), and of one place of the code
that logs too often some are left out, counted and told of (`limit`).
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal, TextIO

from pktvisor.logs.limit import LimitedHandler
from pktvisor.logs.lines import JsonFormatter, LineFormatter

ROOT = "pktvisor"
"""The logger that all loggers of the package hang on."""
LIBRARIES = ("asyncio", "uvicorn")
"""Loggers of libraries whose errors belong into the same log."""
Form = Literal["text", "json"]
FORMS: tuple[Form, ...] = ("text", "json")

SYSLOG_SOCKET = "/dev/log"


def start(stream: TextIO, *, verbose: bool, form: Form = "text") -> None:
    """Send the package's log to `stream`; `verbose` includes debug lines."""
    _send(logging.StreamHandler(stream), _formatter(form, in_colour=stream.isatty()), verbose=verbose)


def start_file(path: str, *, verbose: bool, form: Form = "text") -> None:
    """Send the log to a file, whose folders are made where they are missing. Raises `OSError`."""
    from pktvisor.logs.file import LogFile

    Path(path).parent.mkdir(parents=True, exist_ok=True)
    _send(LogFile(path), _formatter(form), verbose=verbose)


def start_syslog(name: str, *, verbose: bool, form: Form = "text") -> None:
    """Send the log to syslog, as facility daemon with name and process. Nobody need listen there, yet."""
    from logging.handlers import SysLogHandler

    handler = SysLogHandler(SYSLOG_SOCKET, SysLogHandler.LOG_DAEMON)
    handler.ident = f"{name}[{os.getpid()}]: "
    _send(handler, _formatter(form), verbose=verbose)


def tell_left_out() -> None:
    """Say how many lines were left out, where that is due: to be called now and then."""
    for handler in logging.getLogger(ROOT).handlers:
        if isinstance(handler, LimitedHandler):
            handler.tell_left_out()


def _formatter(form: Form, *, in_colour: bool = False) -> logging.Formatter:
    return JsonFormatter() if form == "json" else LineFormatter(in_colour=in_colour)


def _send(target: logging.Handler, formatter: logging.Formatter, *, verbose: bool) -> None:
    target.setFormatter(formatter)
    target.handleError = _tell_once()  # type: ignore[method-assign, assignment]
    handler = LimitedHandler(target)
    root = logging.getLogger(ROOT)
    for before in root.handlers:
        before.close()
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    for logger in (root, *map(logging.getLogger, LIBRARIES)):
        logger.handlers[:] = [handler]
        logger.propagate = False


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
