"""The log in a file, which may be renamed or removed while it is written to; or in a FIFO, which nobody waits for."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from logging.handlers import WatchedFileHandler
from typing import TextIO, cast

from pktvisor.files import open_appendable


class LogFile(WatchedFileHandler):
    """Writes lines to a file. Lines that can't be written are lost; see `handleError`."""

    def __init__(self, path: str) -> None:
        """Open it. Raises `OSError`, also for a FIFO that nobody reads."""
        super().__init__(path, encoding="utf-8", errors="backslashreplace")

    def _open(self) -> TextIO:  # type: ignore[override]  # the base class says more than it needs
        descriptor = open_appendable(self.baseFilename)
        return cast(TextIO, os.fdopen(descriptor, "a", encoding=self.encoding, errors=self.errors))

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line; also where the file has to be opened again, and can't be."""
        try:
            super().emit(record)
        except OSError:
            self.handleError(record)

    def close(self) -> None:
        """Close it; what a FIFO does not take any more is lost."""
        with suppress(OSError):
            super().close()
