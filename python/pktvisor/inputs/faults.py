"""The core's exceptions as those of pktvisor's own family."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pktvisor import _core
from pktvisor.errors import ConfigError, InputError, RightsError

MOST_TOLD = 5
"""Files that are told by name of those with the same kind of trouble."""


@contextmanager
def translated() -> Iterator[None]:
    """Raise ConfigError, InputError or RightsError where the core raises its own."""
    try:
        yield
    except _core.ConfigFault as fault:
        raise ConfigError(str(fault)) from fault
    except _core.RightsFault as fault:
        raise RightsError(str(fault)) from fault
    except _core.InputFault as fault:
        raise InputError(str(fault)) from fault


def file_warnings(report: _core.FileReport) -> list[str]:
    """Say in a sentence each where files are damaged and which were left out; of very many, how many more."""
    damaged = [
        f"{file} is damaged at byte {offset}: {reason}; everything before it is counted"
        for file, offset, reason in report.damages
    ]
    return [
        *_first(damaged, "files are damaged"),
        *_first([f"{told}; it is skipped" for told in report.skipped], "files are skipped"),
    ]


def _first(sentences: list[str], rest: str) -> list[str]:
    more = len(sentences) - MOST_TOLD
    return [*sentences[:MOST_TOLD], f"{more} more {rest}"] if more > 0 else sentences
