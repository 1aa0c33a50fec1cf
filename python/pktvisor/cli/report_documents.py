"""The documents of a report: what an agent would answer that had seen the captures."""

from __future__ import annotations

from collections.abc import Sequence

from pktvisor import _core
from pktvisor.api.documents import ShownInput, write_input
from pktvisor.api.keys import document_of
from pktvisor.cli.analysis import POLICY, capture_name
from pktvisor.cli.options import complain
from pktvisor.cli.progress import Progress
from pktvisor.cli.workers import default_workers
from pktvisor.config.command_options import DEFAULT_STEP_S, SummaryOptions
from pktvisor.handlers.dns_pairs import FAILING_NAMES, SLOW_NAMES
from pktvisor.inputs import held
from pktvisor.inputs.faults import file_warnings
from pktvisor.inputs.filters import capture_filter
from pktvisor.inputs.unread import notes_of
from pktvisor.metrics.snapshot import HandlerSnapshot
from pktvisor.outputs.json import Document, policy_document
from pktvisor.policies.instances import Module
from pktvisor.policies.policy import Policy
from pktvisor.policies.readable import readable_instances
from pktvisor.policies.steps import read_steps, series_of
from pktvisor.policies.summary import open_databases, run_file
from pktvisor.server.catalogue import declarations

MOST_STEPS = 300
"""Of a report: a chart shows no more."""


def report_documents(
    paths: Sequence[str], options: SummaryOptions, progress: Progress, input_type: str
) -> tuple[str, dict[str, object]]:
    """Read captures as one; give what it is called, and the documents by their paths. Raises `PktvisorError`."""
    policy = _policy(options, input_type, DEFAULT_STEP_S)
    report = _read(paths, policy, options, progress, input_type)
    step_s = _fitting_step(policy.bucket(0, 0))
    if step_s != DEFAULT_STEP_S and "-" not in paths and not progress.stop.is_set():
        # How long a capture lasts is known once it is read: its steps are counted the second time.
        policy = _policy(options, input_type, step_s)
        report = _read(paths, policy, options, progress, input_type)
    progress.finish(report.packets)
    wanted = capture_filter(options.filter_expression)
    warnings = [*file_warnings(report), *notes_of(report, wanted), *held.of_packets(paths, wanted, input_type)]
    for warning in warnings:
        complain(warning)
    name = capture_name(paths)
    snapshots = policy.bucket(0, 0)
    modules = [Module(one.handler.type, one, periods=1) for one in policy.plan.instances]
    told = write_input(ShownInput(name, config={"files": list(paths)}, ledger=report.ledger(), warnings=warnings))
    return name, {
        "report": _itself(name, snapshots),
        f"policies/{POLICY}/metrics/bucket/0?detail=true": {POLICY: policy_document(snapshots, is_detailed=True)},
        "policies": {POLICY: {"input": {name: told}, "modules": {}, "taps": {}}},
        "inputs": {name: told},
        f"policies/{POLICY}/series": document_of(series_of(policy.step_s, read_steps(policy), 0)),
        f"policies/{POLICY}/declarations": {"handlers": declarations(modules)},
        "dashboards": {},
        "marks": {"marks": [], "forgotten": 0},
        "metrics/app": {"app": {"version": _core.__version__}},
    }


def _fitting_step(snapshots: Sequence[HandlerSnapshot]) -> int:
    """Seconds of a step of which some 300 are the capture."""
    return max(1, -(-max((one.length for one in snapshots), default=0) // MOST_STEPS))


def _policy(options: SummaryOptions, input_type: str, step_s: int) -> Policy:
    return Policy(
        POLICY,
        readable_instances(policy=POLICY, input_type=input_type, enable=(FAILING_NAMES, SLOW_NAMES)),
        periods=1,
        step_s=step_s,
        is_recorded=True,
        databases=open_databases(options.geo_city, options.geo_asn),
    )


def _read(
    paths: Sequence[str], policy: Policy, options: SummaryOptions, progress: Progress, input_type: str
) -> _core.FileReport:
    return run_file(
        paths,
        policy,
        hosts=options.hosts or "",
        wanted=capture_filter(options.filter_expression),
        ports=options.ports,
        decapsulates=options.decapsulate,
        workers=options.workers or default_workers(),
        progress=progress,
        stop=progress.stop,
        input_type=input_type,
    )


def _itself(name: str, snapshots: Sequence[HandlerSnapshot]) -> Document:
    """What the page would hear of a server: who it is, and the tick of a policy that nothing comes to any more."""
    start = min((one.start_ts for one in snapshots), default=0)
    length = max((one.length for one in snapshots), default=0)
    session = {
        "needs_token": False,
        "scope": "read",
        "name": None,
        "admin_api": False,
        "is_hub": False,
        "agent": name,
    }
    tick = {
        "time": start + length,
        "up_time_s": length,
        "policies": {POLICY: {"window": start, "step": start}},
        "inputs": {},
        "mark": 0,
    }
    return {"session": session, "tick": tick}
