"""The agent of one process: a live interface and the policy `default` over it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from pktvisor import _core, clock
from pktvisor.agent.live_policy import LivePolicy, Tap
from pktvisor.errors import InputError, PktvisorError
from pktvisor.inputs.live import find_interface, start_capture
from pktvisor.policies.default import DAEMON_HANDLERS, default_instances
from pktvisor.policies.policy import Policy
from pktvisor.policies.summary import open_databases

logger = logging.getLogger(__name__)

DEFAULT = "default"
"""Name of the policy and the tap that the command line makes."""


@dataclass(frozen=True)
class LiveSettings:
    """What the command line says of the live input and its policy."""

    target: str
    filter_expression: str = ""
    hosts: str = ""
    periods: int = 5
    deep_sample_rate: int = 100
    geo_city: str | None = None
    geo_asn: str | None = None
    workers: int = 1


class LocalAgent:
    """The running process. Nothing happens before `start`."""

    version = _core.__version__

    def __init__(self, settings: LiveSettings) -> None:
        self.started = clock.now()
        self._settings = settings
        self._policies: dict[str, LivePolicy] = {}
        self._capture: _core.LiveInput | None = None

    @property
    def policies(self) -> Mapping[str, LivePolicy]:
        """The policies at work."""
        return self._policies

    def start(self) -> None:
        """Start the policy. Raises `PktvisorError` where it can't."""
        try:
            self._start()
        except PktvisorError as error:
            error.args = (f"policy [{DEFAULT}] failed to start: {error}",)
            raise

    def _start(self) -> None:
        settings = self._settings
        tap = Tap(DEFAULT, find_interface(settings.target), settings.hosts, settings.filter_expression)
        instances = default_instances(DAEMON_HANDLERS, deep_sample_rate=settings.deep_sample_rate)
        databases = open_databases(settings.geo_city, settings.geo_asn)
        policy = Policy(DEFAULT, instances, periods=settings.periods, databases=databases)
        self._capture = start_capture(
            tap.interface,
            [policy.core],
            hosts=",".join(tap.networks),
            filter_expression=settings.filter_expression,
            workers=settings.workers,
        )
        logger.info("policy [%s]: capturing on %s", DEFAULT, tap.interface.name)
        self._policies[DEFAULT] = LivePolicy(policy, tap, self._capture)

    def check(self) -> None:
        """Raise `InputError` where the capture has ended though nobody stopped it."""
        if self._capture is not None and not self._capture.is_running():
            raise InputError(f"policy [{DEFAULT}]: {self._capture.fault() or 'the capture has ended'}")

    def stop(self) -> None:
        """Stop capturing; windows stay readable."""
        if self._capture is not None:
            self._capture.stop()
