"""Some interfaces as one source: each is captured on by itself, and missed by itself."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from pktvisor import _core
from pktvisor.errors import ConfigError, PktvisorError
from pktvisor.inputs.holding import HeldTogether, Holding
from pktvisor.inputs.retry import Retry
from pktvisor.inputs.tapped import TappedInterface

logger = logging.getLogger(__name__)


class TappedInterfaces:
    """The interfaces of a tap. It is at work where any of them is; those that have gone are looked for again."""

    is_recorded = False

    def __init__(self, interfaces: Sequence[TappedInterface]) -> None:
        self.interfaces = interfaces
        self._policies: list[_core.Policy] = []
        self._has_started = False
        self._retries: dict[int, Retry] = {}
        """Attempts by the places of interfaces that have gone."""

    def check(self) -> None:
        """Try what may take long before it starts."""
        for one in self.interfaces:
            one.prepare()

    def start(self, policies: list[_core.Policy]) -> None:
        """Capture on each of them; for the first time on all or none. Raises `InputError`, `ConfigError`."""
        self._check_different()
        self._policies = list(policies)
        refusals = [refusal for one in self.interfaces if (refusal := self._start(one)) is not None]
        if refusals and not (self._has_started and self.is_running):
            self.stop()
            raise refusals[0]
        self._has_started = True
        self._retries.clear()

    def _start(self, one: TappedInterface) -> PktvisorError | None:
        try:
            one.live.start(self._policies)
        except PktvisorError as refusal:
            return refusal
        return None

    def _check_different(self) -> None:
        """Raise `ConfigError` where two words stand for one interface: its packets would count twice."""
        if len(self.interfaces) < 2 or self._has_started:
            return
        words: dict[str, str] = {}
        for one in self.interfaces:
            name = one.find().name
            if name in words:
                both = f"'{words[name]}' and '{one.target}'"
                raise ConfigError(f"{both} are the same interface, {name}: name it once", path="iface")
            words[name] = one.target

    def follow(self, now_s: float) -> None:
        """Take in addresses that have changed, and interfaces that have come back."""
        for place, one in enumerate(self.interfaces):
            if one.live.is_running:
                one.follow(now_s)
            elif self._has_started:
                self._resume(place, one, now_s)

    def _resume(self, place: int, one: TappedInterface, now_s: float) -> None:
        retry = self._retries.setdefault(place, Retry(now_s))
        if now_s < retry.due_s:
            return
        refusal = self._start(one)
        if refusal is not None:
            retry.postpone(now_s)
            logger.debug("%s: still can't be captured on: %s", one.name, refusal)
            return
        logger.info("%s: captured on again", one.name)
        del self._retries[place]

    def attach(self, policy: _core.Policy) -> None:
        """Feed one policy more."""
        self._policies.append(policy)
        for one in self.interfaces:
            one.live.attach(policy)

    def detach(self, policy: _core.Policy) -> None:
        """Feed a policy no more."""
        self._policies = [known for known in self._policies if known is not policy]
        for one in self.interfaces:
            one.live.detach(policy)

    def stop(self) -> None:
        """End; what was counted stays readable."""
        for one in self.interfaces:
            one.live.stop()

    def note_policies(self, policies: int, handlers: int) -> None:
        """Hear how many policies it feeds, and how many handlers they have: one of the captures is told."""
        for one in [one for one in self.interfaces if one.live.is_running][:1]:
            one.live.note_policies(policies, handlers)

    @property
    def at_work(self) -> list[_core.LiveInput]:
        """The captures that were opened last."""
        return [one.live.at_work for one in self.interfaces if one.live.at_work is not None]

    @property
    def is_running(self) -> bool:
        """Whether any is at work."""
        return any(one.live.is_running for one in self.interfaces)

    @property
    def fault(self) -> str | None:
        """Why all have ended though nobody stopped them."""
        faults = [one.live.fault for one in self.interfaces]
        return next((fault for fault in faults if fault is not None), None)

    @property
    def warnings(self) -> Sequence[str]:
        """What is not as it should be though it works: also those that are missed while others are at work."""
        missed = [
            f"{one.live.fault}; the tap goes on without it and looks for it again"
            for one in self.interfaces
            if self.is_running and not one.live.is_running and one.live.fault is not None
        ]
        told = (warning for one in self.interfaces for warning in one.warnings)
        return [*dict.fromkeys(told), *missed]

    def ledger(self) -> dict[str, int]:
        """What became of the packets of all so far, by name."""
        together: dict[str, int] = {}
        for one in self.interfaces:
            for name, count in one.live.ledger().items():
                together[name] = together.get(name, 0) + count
        return together

    @property
    def memory(self) -> Holding | None:
        """What the captures hold of memory beside the policies."""
        accounts = [account for one in self.interfaces if (account := one.live.memory) is not None]
        return HeldTogether(accounts) if accounts else None

    def by_interface(self) -> dict[str, object]:
        """Tell of each whether it is at work, and what became of its packets."""
        return {one.name: {"running": one.live.is_running, "ledger": one.live.ledger()} for one in self.interfaces}
