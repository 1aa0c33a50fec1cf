"""Policies and streams at work, and every swap of policies: planned while others go on, carried out one at a time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pktvisor import clock
from pktvisor.agent.happenings import note_swap
from pktvisor.agent.marks import MarkRing
from pktvisor.agent.policy import AgentPolicy
from pktvisor.agent.saving import StateDirectory
from pktvisor.agent.stream import Stream
from pktvisor.agent.swap import Swap, feed, prepare_streams, rebased
from pktvisor.agent.tap import Origin
from pktvisor.agent.unanswered import unanswered
from pktvisor.policies.policy import Databases

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 5
"""How often a change is planned while others go on."""
LONGEST_WAIT_S = 6.0
"""How long anybody waits for streams that are to end; each gives up by itself a little before."""


@dataclass(frozen=True)
class Planned:
    """A change before it is carried out."""

    swap: Swap
    holds: Callable[[], bool]
    """Tells whether what it was planned for is still so."""
    finish: Callable[[], None] = lambda: None
    """Does what else belongs to it."""


class AtWork:
    """Readers see what was before a change or what is after it: the mappings are replaced, never changed."""

    def __init__(self, databases: Databases, state: StateDirectory | None, marks: MarkRing) -> None:
        self.changing = threading.RLock()
        """Held by who changes anything."""
        self.policies: Mapping[str, AgentPolicy] = {}
        self.streams: Mapping[str, Stream] = {}
        self.databases = databases
        self._state = state
        self._marks = marks

    def change(self, plan: Callable[[], Planned], origin: Origin) -> Swap:
        """Carry out what is planned; where other changes came between too often, planned while none can."""
        for _ in range(MOST_ATTEMPTS):
            planned = plan()
            prepare_streams(planned.swap.arriving.values())
            with self.changing:
                idle = self._carry_out_if_it_holds(planned)
            if idle is not None:
                break
        else:
            with self.changing:
                planned = plan()
                idle = self._carry_out(planned.swap)
                planned.finish()
        note_swap(self._marks, planned.swap, origin, clock.now())
        _stop(idle)
        return planned.swap

    def _carry_out_if_it_holds(self, planned: Planned) -> Sequence[Stream] | None:
        swap = rebased(planned.swap, self.policies, self.streams) if planned.holds() else None
        if swap is None:
            return None
        idle = self._carry_out(swap)
        planned.finish()
        return idle

    def _carry_out(self, swap: Swap) -> Sequence[Stream]:
        """Swap policies. Where one can't be started nothing has changed. Gives the streams that nobody uses now."""
        for policy in swap.arriving.values():
            policy.look_up_in(self.databases)  # which may have been replaced since it was planned
            if self._state is not None:
                self._state.restore(policy)
                policy.begin_totals()
        feed([*swap.arriving.values()])
        for policy in swap.arriving.values():
            for one in unanswered(policy, self.databases.answered):
                logger.warning("%s", one)
            policy.since = clock.now()
        self.policies = {**swap.staying, **swap.arriving}
        return self._let_go(swap.leaving, swap.streams)

    def _let_go(self, leaving: Sequence[AgentPolicy], streams: Mapping[str, Stream]) -> Sequence[Stream]:
        """Stop policies; give the streams that nobody uses, whose own policies go, too."""
        before = {*self.policies, *(policy.name for policy in leaving)}
        for policy in leaving:
            logger.info("policy [%s]: stopping", policy.name)
            for part in policy.parts:
                part.stream.leave(part.policy)
        users = [policy for policy in self.policies.values() if policy.origin is not Origin.STREAM]
        used = {part.stream.name for policy in users for part in policy.parts}
        self.streams = {name: stream for name, stream in streams.items() if name in used}
        self.policies = {
            name: policy
            for name, policy in self.policies.items()
            if all(part.stream.name in used for part in policy.parts)
        }
        if self._state is not None:
            for name in before - self.policies.keys():
                self._state.forget(name)
        return [stream for name, stream in streams.items() if name not in used]

    def look_up_in(self, databases: Databases) -> None:
        """Put other databases in the place of those that policies, present and future, look things up in.

        Windows that have begun are counted by the old ones to their end.
        """
        with self.changing:
            self.databases = databases
            for policy in self.policies.values():
                policy.look_up_in(databases)

    def resume(self, now_s: float) -> None:
        """Start streams again that have ended by themselves; nothing while a change is carried out."""
        with self._unless_changing() as is_free:
            if is_free:
                for stream in self.streams.values():
                    stream.resume(now_s)

    def save(self, *, is_last: bool = False) -> None:
        """Keep the windows for the next process, where there is a place for them; not while a change is carried out."""
        with self._unless_changing() as is_free:
            if is_free and self._state is not None:
                self._state.save(self.policies.values(), is_last=is_last)

    @contextmanager
    def _unless_changing(self, wait_s: float = 0.0) -> Iterator[bool]:
        """Hold the lock if nobody does, or gives it up within a time."""
        is_free = self.changing.acquire(timeout=wait_s)
        try:
            yield is_free
        finally:
            if is_free:
                self.changing.release()

    def stop(self) -> None:
        """Stop all streams; windows stay readable, and are kept where there is a place for them.

        A change that does not come to its end is not waited for; windows are those of the last time then.
        """
        with self._unless_changing(LONGEST_WAIT_S) as is_free:
            if not is_free:
                logger.error("a change of policies does not finish: stopping without waiting for it")
            _stop(self.streams.values())
            if is_free:
                self.save(is_last=True)
            if self._state is not None:
                self._state.close()


def _stop(streams: Iterable[Stream]) -> None:
    """Stop streams at the same time: one that does not end does not keep the others."""
    threads = [threading.Thread(target=stream.stop, name=f"stop {stream.name}", daemon=True) for stream in streams]
    for thread in threads:
        thread.start()
    until_s = clock.monotonic() + LONGEST_WAIT_S
    for thread in threads:
        thread.join(max(0.0, until_s - clock.monotonic()))
