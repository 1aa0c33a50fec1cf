"""Captures as window records in a file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from pktvisor.cli.options import complain
from pktvisor.cli.progress import Progress
from pktvisor.cli.signals import signals_heard
from pktvisor.cli.summary import check_followed
from pktvisor.cli.workers import default_workers
from pktvisor.config.command_options import SummaryOptions


def write_records(paths: Sequence[str], target: str, options: SummaryOptions) -> None:
    """Write the records of all windows of some captures to a file, and say how many. Raises `PktvisorError`."""
    from pktvisor.policies.file_records import record_files
    from pktvisor.windows.arrow import RecordFile

    check_followed(paths, options)
    progress = Progress(sys.stderr, follows=options.follow)
    # What was read until a signal is written all the same.
    with signals_heard(lambda _: progress.stop.set()), progress.news_told(), RecordFile(target) as file:
        recorded = record_files(
            paths,
            file.write,
            agent=Path(paths[0]).name,
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
        )
    progress.finish(recorded.packets)
    for warning in recorded.warnings:
        complain(warning)
    complain(f"{target}: {recorded.records} records of {recorded.windows} windows")
