"""An interface as a source for the terminal interface, without a daemon: captured and summarised in this process."""

from __future__ import annotations

import ipaddress
import re
import socket
from pathlib import Path

from pktvisor import _core, clock
from pktvisor.api.documents import App, Inventory, PolicyMetrics, ShownInput, read_policy_metrics
from pktvisor.api.faults import MissingFault, PeriodFault, Unreachable
from pktvisor.config.command_options import MOST_PERIODS, SummaryOptions
from pktvisor.errors import PeriodError
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.mock import MockInput
from pktvisor.inputs.pcap import PcapInput
from pktvisor.inputs.sources import SourceInput
from pktvisor.outputs.json import policy_document
from pktvisor.policies.default import default_tap
from pktvisor.policies.pairs import pairs_policy
from pktvisor.policies.policy import Policy
from pktvisor.policies.readable import readable_instances
from pktvisor.policies.summary import open_databases
from pktvisor.tui.watched import Reading, Request
from pktvisor.tui.windows import LAST, WindowChoice, windows

POLICY = "live"
"""Name of the policy that an interface is summarised by."""


def is_interface(target: str) -> bool:
    """Tell whether a name is that of an interface, of any, or an IP address that one may have.

    A plain word that is no file counts as a misspelled interface, so that the error lists those that there are.
    """
    if target in {"any", "auto", *(name for _, name in socket.if_nameindex())}:
        return True
    if re.fullmatch(r"\w[\w-]*", target) and not Path(target).exists():
        return True
    try:
        ipaddress.ip_address(target)
    except ValueError:
        return False
    return True


def watch_interface(target: str, options: SummaryOptions) -> WatchedInterface:
    """Start to capture on an interface, which takes the right to, or to make traffic up. Raises `PktvisorError`."""
    databases = open_databases(options.geo_city, options.geo_asn)
    policy = Policy(
        POLICY,
        readable_instances(policy=POLICY),
        periods=MOST_PERIODS,
        length_s=options.window_length,
        databases=databases,
    )
    tap = default_tap(target, options.hosts or "")
    made = MockInput if tap.input_type == MockInput.type else PcapInput
    defaults = Defaults(ports=options.ports, decapsulates=options.decapsulate)
    source = made({**tap.config, "bpf": options.filter_expression}, defaults)
    return WatchedInterface(target, source, policy, pairs_policy(periods=MOST_PERIODS, length_s=options.window_length))


class WatchedInterface:
    """Gives the windows of a policy that an input in this process feeds."""

    is_live = True

    def __init__(self, name: str, source: SourceInput, policy: Policy, pairs: Policy) -> None:
        """Start the input; `pairs` keeps names and clients apart. Raises `InputError`, `ConfigError`."""
        self._name = name
        self._input = source
        self._policy = policy
        self._pairs = pairs
        source.start([policy.core, pairs.core])

    @property
    def name(self) -> str:
        """Give the interface's name."""
        return self._name

    def close(self) -> None:
        """End the capture."""
        self._input.stop()

    def read(self, request: Request) -> Reading:
        """Give a window. Raises `Unreachable` where the interface is gone, `PeriodFault` where the window is."""
        if self._input.fault is not None:
            raise Unreachable(self._input.fault)
        if request.policy not in {None, POLICY}:
            raise MissingFault(f'an interface has no policy "{request.policy}"')
        metrics = self._metrics(self._policy, request.window)
        return Reading(
            app=App(_core.__version__),
            metrics=metrics,
            window=request.window,
            windows=windows(self._policy.periods),
            inventory=self._inventory(),
            taken_at=clock.now(),
            live=self._metrics(self._policy, WindowChoice("bucket", 0)) if request.window == LAST else None,
            length_s=self._policy.length_s,
            pairs=self._metrics(self._pairs, request.window).handlers if "pairs" in request.extras else None,
        )

    def _metrics(self, policy: Policy, window: WindowChoice) -> PolicyMetrics:
        now_ns = clock.now_ns()
        read = policy.bucket if window.kind == "bucket" else policy.window
        try:
            snapshots = read(window.number, now_ns)
        except PeriodError as error:
            most = policy.core.available() - 1
            raise PeriodFault(str(error), least=0, most=most, is_early=error.is_early) from error
        return read_policy_metrics(POLICY, {POLICY: policy_document(snapshots)})

    def _inventory(self) -> Inventory:
        source = self._input
        details = {source.type: source.describe()}
        known = ShownInput(self._name, source.is_running, 1, source.config, source.ledger(), details=details)
        return Inventory(inputs={self._name: known})
