"""What all inputs have in common that feed policies from one source: a recording, or something live."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from pktvisor import _core
from pktvisor.inputs.base import Input
from pktvisor.inputs.holding import Holding


class Source(Protocol):
    """What gives policies their events."""

    is_recorded: bool
    """It plays something back, and has an end."""

    def check(self) -> None:
        """Try what may take long before it starts. Raises `InputError`, `ConfigError`."""

    def start(self, policies: list[_core.Policy]) -> None:
        """Begin to feed these; again where it has ended by itself. Raises `InputError`, `ConfigError`."""

    def attach(self, policy: _core.Policy) -> None:
        """Feed one policy more."""

    def detach(self, policy: _core.Policy) -> None:
        """Feed a policy no more."""

    def stop(self) -> None:
        """End; what was counted stays readable."""

    def note_policies(self, policies: int, handlers: int) -> None:
        """Hear how many policies it feeds, and how many handlers they have."""

    @property
    def is_running(self) -> bool:
        """Whether it is at work."""

    @property
    def fault(self) -> str | None:
        """Why it ended though nobody stopped it."""

    @property
    def warnings(self) -> Sequence[str]:
        """What is not as it should be though it works, a sentence each."""

    def ledger(self) -> dict[str, int]:
        """What became of its events so far, by name."""

    @property
    def memory(self) -> Holding | None:
        """What it holds of memory beside its policies; None where it keeps no account of its own."""


class SourceInput(Input):
    """An input that is at work where its source is."""

    @property
    @abstractmethod
    def source(self) -> Source:
        """What gives policies their events."""

    @property
    def is_recorded(self) -> bool:
        return self.source.is_recorded

    def prepare(self) -> None:
        self.source.check()

    def start(self, policies: list[_core.Policy]) -> None:
        self.source.start(policies)

    def attach(self, policy: _core.Policy) -> None:
        self.source.attach(policy)

    def detach(self, policy: _core.Policy) -> None:
        self.source.detach(policy)

    def stop(self) -> None:
        self.source.stop()

    def note_policies(self, policies: int, handlers: int) -> None:
        self.source.note_policies(policies, handlers)

    @property
    def is_running(self) -> bool:
        return self.source.is_running

    @property
    def fault(self) -> str | None:
        return self.source.fault

    @property
    def warnings(self) -> Sequence[str]:
        return self.source.warnings

    def ledger(self) -> dict[str, int]:
        return self.source.ledger()

    @property
    def memory(self) -> Holding | None:
        return self.source.memory
