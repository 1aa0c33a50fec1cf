"""The loggers of the process: what a test does to them ends with it, so that the order of tests does not matter."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from pktvisor import logs


@pytest.fixture(autouse=True)
def loggers_as_before() -> Iterator[None]:
    """Give all loggers back as they were: a command that a test runs in this process starts its log."""
    loggers = [logging.getLogger(name) for name in (logs.ROOT, *logs.LIBRARIES)]
    before = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    yield
    if loggers[0].handlers != before[0][1]:
        logs.start(io.StringIO(), verbose=False)  # closes what the test has opened
    for logger, handlers, level, propagate in before:
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(level)
