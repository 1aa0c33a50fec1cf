"""What happens now, for policies that come and go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pktvisor import _core
from pktvisor.inputs.faults import translated

Opener = Callable[[list[_core.Policy]], _core.LiveInput]
"""Opens a source that feeds these policies from its start on."""


class Live:
    """A live source, opened each time that it is started."""

    is_recorded = False

    def __init__(self, opener: Opener) -> None:
        self._open = opener
        self._counted_before: Mapping[str, int] = {}
        """The ledger of those that have ended by themselves."""
        self.at_work: _core.LiveInput | None = None
        """What was opened last; None before the first start."""

    def check(self) -> None:
        """Nothing is tried before the start."""

    def start(self, policies: list[_core.Policy]) -> None:
        """Open it and feed these policies. Raises `InputError`, `ConfigError`."""
        with translated():
            opened = self._open(policies)
        self._counted_before, self.at_work = self.ledger(), opened

    def attach(self, policy: _core.Policy) -> None:
        """Feed a policy more, from what is kept of the past on."""
        if self.at_work is not None:
            self.at_work.add(policy, with_lookback=True)

    def detach(self, policy: _core.Policy) -> None:
        """Feed a policy no more."""
        if self.at_work is not None:
            self.at_work.remove(policy)

    def stop(self) -> None:
        """Close it; what was counted stays readable."""
        if self.at_work is not None:
            self.at_work.stop()

    def note_policies(self, policies: int, handlers: int) -> None:
        """Hear how many policies it feeds, and how many handlers they have."""
        if self.at_work is not None:
            self.at_work.note_policies(policies, handlers)

    @property
    def is_running(self) -> bool:
        """Whether it is at work."""
        return self.at_work is not None and self.at_work.is_running()

    @property
    def fault(self) -> str | None:
        """Why it ended though nobody stopped it."""
        return None if self.at_work is None else self.at_work.fault()

    @property
    def warnings(self) -> Sequence[str]:
        """Rights that it has kept though it does not need them."""
        kept = None if self.at_work is None else self.at_work.warning()
        return [] if kept is None else [kept]

    def ledger(self) -> dict[str, int]:
        """What became of its events so far, by name."""
        if self.at_work is None:
            return {}
        return {name: count + self._counted_before.get(name, 0) for name, count in self.at_work.ledger().items()}

    @property
    def memory(self) -> _core.Account | None:
        """What it holds of memory beside its policies."""
        return None if self.at_work is None else self.at_work.memory
