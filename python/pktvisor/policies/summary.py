"""Capture files summarised: what `pktvisor-reader` prints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pktvisor import _core
from pktvisor.config.command_options import DEFAULT_LENGTH_S, MOST_PERIODS
from pktvisor.config.ports import PortsByProtocol
from pktvisor.handlers.batch import BatchHandler
from pktvisor.inputs import held
from pktvisor.inputs.faults import file_warnings, translated
from pktvisor.inputs.hosts import parse_hosts
from pktvisor.inputs.unread import notes_of
from pktvisor.metrics.snapshot import HandlerSnapshot
from pktvisor.policies.default import FLOW_INPUTS, READER_HANDLERS, default_instances
from pktvisor.policies.policy import Databases, Policy

if TYPE_CHECKING:
    from pktvisor.inputs.filters import CaptureFilter

WITHOUT_HOSTS = (
    "this host's networks are unknown: use -H NETWORKS (such as 10.0.1.0/24) to get directions, answer times, "
    "top addresses and cardinalities"
)

Paths = str | Sequence[str]
"""A file or a directory, or several that are read as one capture; `-` is standard input."""

Progress = Callable[[int, int, int | None], bool | None]
"""Gets packets, bytes read and total bytes now and then; False stops reading."""


@dataclass(frozen=True)
class FileSummary:
    """What a file held."""

    handlers: list[HandlerSnapshot]
    packets: int
    warnings: list[str]
    """One sentence each: where the file is damaged, what is missing for want of an option."""
    ledger: dict[str, int]


def open_databases(geo_city: str | None, geo_asn: str | None, cache_entries: int = 10_000) -> Databases:
    """Opens the databases that are named; InputError where one can't be."""
    with translated():
        return Databases(
            city=None if geo_city is None else _core.GeoDatabase(geo_city, "city"),
            network=None if geo_asn is None else _core.GeoDatabase(geo_asn, "network"),
            cache_entries=cache_entries,
        )


def summarize_file(
    paths: Paths,
    *,
    periods: int = 5,
    length_s: int = DEFAULT_LENGTH_S,
    deep_sample_rate: int = 100,
    filter_expression: str = "",
    hosts: str = "",
    geo_city: str | None = None,
    geo_asn: str | None = None,
    workers: int = 1,
    ports: PortsByProtocol | None = None,
    decapsulates: bool = False,
    progress: Progress | None = None,
    stop: _core.Stop | None = None,
    following: _core.Following | None = None,
    input_type: str = "pcap",
) -> FileSummary:
    """Reads a capture through net, dns and dhcp, and merges the last `periods` windows; where `input_type` says so,
    flow records (`netflow`) through flow, or dnstap through net and dns.

    Standard input and FIFOs need a `stop`, which ends the reading. InputError where a file can't be read at all,
    ConfigError for a wrong option. A damaged file gives what lies before the damage, and a warning; so does a capture
    of which a part is in no window any more.
    """
    instances = default_instances(READER_HANDLERS[input_type], deep_sample_rate=deep_sample_rate, input_type=input_type)
    databases = open_databases(geo_city, geo_asn)
    policy = Policy(
        "default",
        instances,
        periods=periods,
        length_s=length_s,
        is_recorded=True,
        is_saved=False,
        databases=databases,
    )
    wanted = _filter_of(filter_expression)
    report = run_file(
        paths,
        policy,
        hosts=hosts,
        ports=ports,
        decapsulates=decapsulates,
        wanted=wanted,
        workers=workers,
        reads_flows=input_type in FLOW_INPUTS,
        progress=progress,
        stop=stop,
        following=following,
        input_type=input_type,
    )
    snapshots = policy.bucket(0, 0) if periods == 1 else policy.window(periods, 0)
    left_out = _left_out(policy, report)
    warnings = [*file_warnings(report), *notes_of(report, wanted), *left_out]
    if steps := report.ledger()["time.steps"]:
        jump = "1 timestamp jumps: its packet counts" if steps == 1 else f"{steps} timestamps jump: their packets count"
        warnings.append(f"{jump} at the newest time before")
    if input_type in FLOW_INPUTS:
        is_empty = not left_out and not any(handler.samples for handler in snapshots)
        warnings += held.of_flows(report.ledger(), is_empty, wanted)
    elif hints := held.of_packets(_names(paths), wanted, input_type):
        warnings += hints
    elif report.packets and not hosts and input_type == "pcap":
        warnings.append(WITHOUT_HOSTS)
    return FileSummary(snapshots, report.packets, warnings, report.ledger())


def _names(paths: Paths) -> list[str]:
    return [paths] if isinstance(paths, str) else list(paths)


def _filter_of(expression: str) -> CaptureFilter | None:
    if not expression:
        return None
    from pktvisor.inputs.filters import capture_filter  # start-up time matters

    return capture_filter(expression)


def _left_out(policy: Policy, report: _core.FileReport) -> list[str]:
    """Say how much of a capture lies before the windows that were kept, and what would take it in."""
    window = policy.core.read(0, policy.periods - 1)
    if window is None or window.number < policy.periods:
        return []
    every, kept = window.number + 1, window.ledger()["seen"]
    more = f"--periods {every} or --summary" if every <= MOST_PERIODS else "--summary"
    part = f"{kept:,} of {report.packets:,} packets"
    return [f"the result covers only the last {policy.periods} of {every} periods, {part}; use {more} for all of them"]


def run_file(
    paths: Paths,
    policy: Policy,
    *,
    hosts: str = "",
    wanted: CaptureFilter | None = None,
    workers: int = 1,
    ports: PortsByProtocol | None = None,
    reads_flows: bool = False,
    decapsulates: bool = False,
    progress: Progress | None = None,
    stop: _core.Stop | None = None,
    following: _core.Following | None = None,
    handlers: Sequence[BatchHandler] = (),
    others: Sequence[Policy] = (),
    input_type: str = "pcap",
) -> _core.FileReport:
    """Feeds captures, as one, to a policy, and to others beside it, and its batches to handlers that want them.

    Of dnstap, hosts, filter, ports and workers are not asked: a server says which way its messages go.
    """
    names = _names(paths)
    fed = [policy.core, *(other.core for other in others)]
    with translated():
        if input_type == "dnstap":
            return _core.run_dnstap(names, fed, progress=progress, stop=stop, sinks=list(handlers))
        return _core.run_file(
            names,
            fed,
            hosts=parse_hosts(hosts) if hosts else [],
            ports=ports or {},
            compile_filter=wanted,
            workers=workers,
            progress=progress,
            stop=stop,
            sinks=list(handlers),
            reads_flows=reads_flows,
            decapsulates=decapsulates,
            following=following,
        )
