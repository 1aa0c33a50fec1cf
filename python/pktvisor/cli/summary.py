"""Captures summarised on stdout, as text or JSON: what the reader does, and the daemon whose target is a file."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from pktvisor.cli.options import UsageError, complain, print_pieces, print_result
from pktvisor.cli.progress import Progress
from pktvisor.cli.signals import signals_heard
from pktvisor.cli.workers import default_workers
from pktvisor.config.command_options import MOST_PERIODS, SummaryOptions
from pktvisor.escaping import printable_json


def print_summary(paths: Sequence[str], options: SummaryOptions, input_type: str = "pcap") -> None:
    """Summarise files and directories as one capture (`-` is standard input) and print the result.

    On a terminal that is text about all of it, elsewhere one line of JSON about the last periods; of flow records there
    is only JSON. Raises `PktvisorError`.
    """
    options = replace(options, periods=1 if options.summary else options.periods)
    if not 1 <= options.periods <= MOST_PERIODS:
        raise UsageError(f"argument --periods: {options.periods} is not between 1 and {MOST_PERIODS}")
    from pktvisor.policies.default import FLOW_INPUTS

    check_followed(paths, options, input_type)
    progress = Progress(sys.stderr, follows=options.follow)
    # What was read until a signal is summarised all the same.
    with signals_heard(lambda _: progress.stop.set()), progress.news_told():
        if input_type in FLOW_INPUTS or options.json or sys.stdout is None or not sys.stdout.isatty():
            _print_json(paths, options, progress, input_type)
        else:
            _print_text(paths, options, progress, input_type)


def check_followed(paths: Sequence[str], options: SummaryOptions, input_type: str = "pcap") -> None:
    """Raise `UsageError` where files are to be followed that can't be."""
    if options.follow and input_type == "dnstap":
        raise UsageError("argument --follow: not available with -i dnstap; a tap with socket or tcp listens")
    if options.follow and (len(paths) != 1 or paths[0] == "-"):
        raise UsageError("argument --follow: name one capture file, or one directory")


def _print_json(paths: Sequence[str], options: SummaryOptions, progress: Progress, input_type: str) -> None:
    from pktvisor.outputs.json import flat_document
    from pktvisor.outputs.json_pieces import pieces
    from pktvisor.policies.summary import summarize_file

    summary = summarize_file(
        paths,
        periods=options.periods,
        length_s=options.window_length,
        deep_sample_rate=options.max_deep_sample,
        filter_expression=options.filter_expression,
        hosts=options.hosts or "",
        geo_city=options.geo_city,
        geo_asn=options.geo_asn,
        workers=options.workers or default_workers(),
        ports=options.ports,
        decapsulates=options.decapsulate,
        progress=progress,
        stop=progress.stop,
        following=progress.following,
        input_type=input_type,
    )
    progress.finish(summary.packets)
    for warning in summary.warnings:
        complain(warning)
    if options.verbose:
        _tell_ledger(summary.ledger)
    document = {f"{options.periods}m": flat_document(summary.handlers)}
    print_pieces(fit_for_stdout(itertools.chain(pieces(document), [b"\n"])))


def fit_for_stdout(document: Iterable[bytes]) -> Iterator[bytes]:
    """Give the pieces of JSON with nothing in them that a terminal would obey, where they go to one."""
    is_for_people = sys.stdout is not None and sys.stdout.isatty()
    for piece in document:
        yield printable_json(piece.decode()).encode() if is_for_people else piece


def _print_text(paths: Sequence[str], options: SummaryOptions, progress: Progress, input_type: str) -> None:
    from pktvisor.cli.analysis import analyse
    from pktvisor.cli.page import page
    from pktvisor.tui.watch import Watch
    from pktvisor.tui.watched import Request
    from pktvisor.tui.windows import WHOLE

    source = analyse(paths, options, progress, input_type)
    watch = Watch(source, Request(WHOLE), interval_s=1.0)
    watch.step()
    if options.verbose and watch.state.reading is not None:
        for one in watch.state.reading.inventory.inputs.values():
            _tell_ledger(one.ledger)
    print_result(page(watch).encode(errors="replace"))


def _tell_ledger(ledger: Mapping[str, int]) -> None:
    """Say what became of the packets."""
    for name, count in ledger.items():
        if count:
            complain(f"{name}: {count}")
