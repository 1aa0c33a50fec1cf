"""A capture file to one line of JSON: what the reader does, and the daemon when its target is a file."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pktvisor.cli.options import MOST_PERIODS, UsageError, complain, print_result
from pktvisor.cli.progress import Progress

MOST_WORKERS = 4
"""One worker at a time reads and deals the packets out; that is a quarter of all work, so that more bring little."""


def print_summary(path: str, options: argparse.Namespace) -> None:
    """Summarise the file at `path` (`-` is standard input) and print the result. Raises `PktvisorError`."""
    from pktvisor.outputs.json import encode, flat_document
    from pktvisor.policies.summary import summarize_file

    if not 1 <= options.periods <= MOST_PERIODS:
        raise UsageError(f"argument --periods: {options.periods} is not between 1 and {MOST_PERIODS}")
    progress = Progress(sys.stderr)
    with _signals_stop(progress):
        summary = summarize_file(
            path,
            periods=options.periods,
            deep_sample_rate=options.deep_sample_rate,
            filter_expression=options.filter_expression,
            hosts=options.hosts or "",
            geo_city=options.geo_city,
            geo_asn=options.geo_asn,
            workers=options.workers or default_workers(),
            progress=progress,
        )
    progress.finish(summary.packets)
    for warning in summary.warnings:
        complain(warning)
    if options.verbose:
        _tell_ledger(summary.ledger)
    document = {f"{options.periods}m": flat_document(summary.handlers)}
    print_result(encode(document) + b"\n")


def _tell_ledger(ledger: dict[str, int]) -> None:
    """Say what became of the packets."""
    for name, count in ledger.items():
        if count:
            complain(f"{name}: {count}")


def default_workers() -> int:
    """Give how many threads share a file: one per processor that this process may use, but few."""
    return min(len(os.sched_getaffinity(0)), MOST_WORKERS)


@contextmanager
def _signals_stop(progress: Progress) -> Iterator[None]:
    """SIGINT and SIGTERM stop the reading; what was read is summarised all the same."""

    def stop(*_: object) -> None:
        progress.is_stopped = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
