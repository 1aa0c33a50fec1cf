"""Events as lines, for people or as JSON: each has one, of a bounded length, and nothing outside can start another."""

from __future__ import annotations

import json
import logging
import time
from typing import Any

from pktvisor.escaping import printable

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

MOST_CHARACTERS = 1000
"""Of one message; what is beyond is left out, and its length told."""
MOST_TRACEBACK_CHARACTERS = 16_000
"""Of the traceback below it, whose end says most."""


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
        record.message = printable(cut(record.message))
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 (the base class names it)
        """Write a traceback, its end where it is long."""
        return super().formatException(ei)[-MOST_TRACEBACK_CHARACTERS:]


class JsonFormatter(LineFormatter):
    """Gives an event one line that is a JSON object: `time` (ISO 8601, UTC), `level`, `logger`, `message`."""

    def __init__(self) -> None:
        super().__init__(in_colour=False)

    def format(self, record: logging.LogRecord) -> str:
        """Write the object; a traceback, if there is one, is its `traceback`."""
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        document = {
            "time": f"{seconds}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": cut(record.getMessage()),
        }
        if record.exc_info:
            document["traceback"] = self.formatException(record.exc_info)
        return json.dumps(document)


def cut(message: str, most: int = MOST_CHARACTERS) -> str:
    """Give as much of a message as a line may hold, and how much is left out."""
    left = len(message) - most
    return message if left <= 0 else f"{message[:most]}... ({left} characters more)"
