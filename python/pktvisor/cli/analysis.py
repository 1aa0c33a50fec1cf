"""Capture files as a source for the terminal interface."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pktvisor.api.documents import Inventory, PolicyMetrics, ShownInput, read_policy_metrics
from pktvisor.cli.options import complain
from pktvisor.cli.progress import Progress
from pktvisor.cli.workers import default_workers
from pktvisor.config.command_options import SummaryOptions
from pktvisor.escaping import printable
from pktvisor.inputs import held
from pktvisor.inputs.faults import file_warnings
from pktvisor.inputs.filters import capture_filter
from pktvisor.inputs.unread import notes_of
from pktvisor.metrics.snapshot import HandlerSnapshot
from pktvisor.outputs.json import policy_document
from pktvisor.policies.pairs import pairs_policy
from pktvisor.policies.policy import Policy
from pktvisor.policies.readable import readable_instances
from pktvisor.policies.summary import open_databases, run_file
from pktvisor.tui.watched import Bucket
from pktvisor.tui.watched_files import WatchedFiles
from pktvisor.tui.windows import MOST_PERIODS, WHOLE, WindowChoice, merged

POLICY = "capture"
"""Name of the policy that a file is analysed by."""


def analyse(
    paths: Sequence[str],
    options: SummaryOptions,
    progress: Progress,
    input_type: str = "pcap",
    *,
    is_watched: bool = False,
) -> WatchedFiles:
    """Read files as one capture: all of it in one window, and its last periods beside. Raises `PktvisorError`.

    Where somebody watches, names and clients are kept apart as well.
    """
    pairs = pairs_policy(periods=1, is_recorded=True) if is_watched else None
    databases = open_databases(options.geo_city, options.geo_asn)
    whole, newest = (
        Policy(
            POLICY,
            readable_instances(policy=POLICY, deep_sample_rate=options.max_deep_sample, input_type=input_type),
            periods=periods,
            length_s=options.window_length,
            is_recorded=True,
            databases=databases,
        )
        for periods in (1, MOST_PERIODS)
    )
    wanted = capture_filter(options.filter_expression)
    report = run_file(
        paths,
        whole,
        others=[newest] if pairs is None else [newest, pairs],
        hosts=options.hosts or "",
        wanted=wanted,
        ports=options.ports,
        decapsulates=options.decapsulate,
        workers=options.workers or default_workers(),
        progress=progress,
        stop=progress.stop,
        following=progress.following,
        input_type=input_type,
    )
    progress.finish(report.packets)
    hints = held.of_packets(paths, wanted, input_type)
    for warning in [*file_warnings(report), *notes_of(report, wanted), *hints]:
        complain(warning)
    name = capture_name(paths)
    inventory = _inventory(name, paths, report.ledger())
    read_pairs = None if pairs is None else lambda: _metrics(pairs.bucket(0, 0))
    return WatchedFiles(name, _readings(whole, newest), inventory, _buckets(newest), read_pairs, options.window_length)


def capture_name(paths: Sequence[str]) -> str:
    """Name a capture by its files."""
    first = printable(Path(paths[0]).name or paths[0])
    return first if len(paths) == 1 else f"{first} and {len(paths) - 1} more"


def _readings(whole: Policy, newest: Policy) -> dict[WindowChoice, PolicyMetrics]:
    """Give everything, and the merges of the last periods that there are."""
    found = {WHOLE: _metrics(whole.bucket(0, 0))}
    for number in range(2, newest.core.available() + 1):
        found[merged(number)] = _metrics(newest.window(number, 0))
    return found


def _metrics(snapshots: list[HandlerSnapshot]) -> PolicyMetrics:
    return read_policy_metrics(POLICY, {POLICY: policy_document(snapshots)})


def _inventory(name: str, paths: Sequence[str], ledger: dict[str, int]) -> Inventory:
    config = {"file": paths[0]} if len(paths) == 1 else {"files": list(paths)}
    return Inventory(inputs={name: ShownInput(name, config=config, ledger=ledger)})


def _buckets(newest: Policy) -> tuple[Bucket, ...]:
    """Give each period's counts, oldest first."""
    found = []
    for number in reversed(range(newest.core.available())):
        metrics = _metrics(newest.bucket(number, 0))
        if metrics.period is not None:
            start_s = float(metrics.period.start_ts)
            end_s = start_s + max(metrics.period.length, 1)
            found.append(Bucket.of(metrics, start_s, end_s))
    return tuple(found)
