"""The log: one line an event, on one stream.

[2026-06-26 19:12:37.042] [visor] [info] web server listening on localhost:10853
"""

from __future__ import annotations

import logging
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
        """Write the line without line breaks of its own."""
        return super().formatMessage(record).replace("\r", "\\r").replace("\n", "\\n")


def start(stream: TextIO, *, verbose: bool) -> None:
    """Send the package's log to `stream`; `verbose` includes debug lines."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter(in_colour=stream.isatty()))
    root = logging.getLogger(ROOT)
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    root.propagate = False
