"""Streams: inputs at work, each shared by the policies that want the same of the same tap."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping

from pktvisor.agent.tap import Tap
from pktvisor.api import documents
from pktvisor.config.models import PolicyInput, Value
from pktvisor.errors import ConfigError, NotFoundError, PktvisorError
from pktvisor.inputs import inputs
from pktvisor.inputs.base import Defaults, Input
from pktvisor.inputs.holding import held_together
from pktvisor.inputs.recent import KeepsPackets
from pktvisor.inputs.retry import Retry
from pktvisor.policies.policy import Policy

logger = logging.getLogger(__name__)


class Stream:
    """One input with the policies that it feeds."""

    def __init__(self, name: str, tap: str, made: Input) -> None:
        self.name = name
        self.tap = tap
        self.input = made
        self.starts = 0
        """How often its input was started."""
        self._fed: list[Policy] = []
        self._retry: Retry | None = None
        """Set while its input has ended by itself and is tried again."""

    @property
    def is_started(self) -> bool:
        """Whether its input was started already, be it at work or not."""
        return self.starts > 0

    @property
    def is_running(self) -> bool:
        """Whether its input is at work."""
        return self.input.is_running

    @property
    def fault(self) -> str | None:
        """Why its input has ended though nobody stopped it; None where it is at work."""
        if self.input.is_running or (self.input.is_recorded and self.input.fault is None):
            return None
        tried = "" if self._retry is None else f"; {self._retry}"
        return f"{self.input.fault or 'it has ended'}{tried}"

    def prepare(self) -> None:
        """Try what may take long before it starts. Raises `InputError`, `ConfigError`."""
        if not self.is_started:
            self.input.prepare()

    def feed(self, policies: list[Policy]) -> None:
        """Feed policies, and start where nothing has been fed before. Raises `InputError`, `ConfigError`."""
        if self.is_started:
            for policy in policies:
                self.input.attach(policy.core)
        else:
            self.input.start([policy.core for policy in policies])
            self.starts += 1
        self._fed += policies
        self._note()

    def leave(self, policy: Policy) -> None:
        """Feed a policy no more."""
        if policy in self._fed:
            self._fed.remove(policy)
            self.input.detach(policy.core)
            self._note()

    def resume(self, now_s: float) -> None:
        """Start the input again where it has ended by itself, and the time for another attempt has come."""
        if self.input.is_running or self.input.is_recorded:
            self.input.follow(now_s)
            return
        self._retry = self._retry or Retry(now_s)
        if now_s < self._retry.due_s:
            return
        try:
            self.input.start([policy.core for policy in self._fed])
        except PktvisorError as error:
            self._retry.postpone(now_s)
            logger.debug("input [%s]: still can't be captured on: %s", self.name, error)
        else:
            logger.info("input [%s]: captured on again", self.name)
            self.starts += 1
            self._retry = None
            self._note()

    def stop(self) -> None:
        """End the input."""
        self.input.stop()

    def _note(self) -> None:
        """Tell the input for whom it works, its own companion left out."""
        users = [policy for policy in self._fed if policy.name != self.companion]
        self.input.note_policies(len(users), sum(len(policy.plan.instances) for policy in users))

    @property
    def companion(self) -> str:
        """Name of the policy that it brings along, with what it costs."""
        return f"{self.name}-resources"

    @property
    def consumers(self) -> int:
        """How many handlers it feeds."""
        return sum(len(policy.plan.instances) for policy in self._fed)

    def told(self) -> documents.ShownInput:
        """Tell of it."""
        ledger = self.input.ledger()
        account = self.input.memory
        special = self.input.describe()
        return documents.ShownInput(
            self.name,
            is_running=self.is_running,
            consumers=self.consumers,
            config=self.input.config,
            ledger=ledger,
            direction_unknown_share=_direction_unknown_share(ledger),
            fault=self.fault,
            warnings=self.input.warnings or None,
            memory=None if account is None else held_together([account]),
            details={self.input.type: special} if special else {},
        )

    def describe(self) -> dict[str, object]:
        """Give what it tells as a document."""
        return documents.write_input(self.told())

    def recent_packets(self, *, filter_expression: str, seconds: int | None, most_bytes: int) -> bytes:
        """Give the newest packets; see `agent.running.RunningInput`."""
        if not isinstance(self.input, KeepsPackets):
            raise NotFoundError(f"inputs of type {self.input.type} keep no packets")
        return self.input.recent_packets(filter_expression=filter_expression, seconds=seconds, most_bytes=most_bytes)


def _direction_unknown_share(ledger: Mapping[str, int]) -> float:
    read = ledger.get("decoded", 0) + ledger.get("malformed", 0)
    return round(ledger.get("direction_unknown", 0) / read, 4) if read else 0.0


def make_stream(tap: Tap, wanted: PolicyInput, known: Mapping[str, Stream], defaults: Defaults) -> Stream:
    """Give the stream that a policy wants of a tap: one that is there, or a new one that is not started.

    ConfigError for a configuration that makes no sense.
    """
    config: dict[str, Value] = {**tap.config.config, **wanted.config, **wanted.filter}
    name = f"{tap.name}-{_identity(config)}"
    if name in known:
        return known[name]
    try:
        made = inputs()[tap.config.input_type](config, defaults)
    except ConfigError as error:
        _place(error, tap, wanted)
        raise
    return Stream(name, tap.name, made)


def _place(error: ConfigError, tap: Tap, wanted: PolicyInput) -> None:
    """Give an error of an input the place where its key was said: by the policy, or by the tap."""
    path = error.path or error.key
    key = path.partition(".")[0]
    if key in wanted.filter:
        error.path = f"input.filter.{path}"
    elif key in wanted.config or key not in tap.config.config:
        error.path = f"input.config.{path}".removesuffix(".")
    else:
        error.path, error.is_rooted = f"taps.{tap.name}.config.{path}", True


def _identity(config: Mapping[str, Value]) -> str:
    """Give equal text for equal configurations, whatever the order of their keys."""
    text = json.dumps(config, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
