"""Which windows of policies have closed, each told once and in order, whatever clocks do."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pktvisor.windows.record import Record

logger = logging.getLogger(__name__)

MOST_INSTANCES = 4096
"""Handlers whose numbers are remembered one by one."""


class WindowedPart(Protocol):
    """Handlers of a policy whose windows begin and end together, as `agent.policy.PolicyPart`."""

    def windows(self) -> Sequence[tuple[int, bool]]:
        """Give the windows that can be read: number and whether it is closed, the oldest first."""
        ...

    def records(self, number: int, *, agent: str, most_items: int, most_records: int) -> list[Record] | None:
        """Give the records of a window, with top lists cut to `most_items`; None where it is no more.

        The groups of a breakdown have `most_records` records; those of the lightest are left out.

        One that is still open counts as closed now.
        """
        ...


class PartedPolicy(Protocol):
    """What is asked of a policy."""

    @property
    def parts(self) -> Sequence[WindowedPart]:
        """Its parts; an object stands for the same windows as long as it lives."""
        ...


@dataclass(eq=False)
class Life:
    """A part of a policy, from when it was first seen until it is gone."""

    policy: str
    part: WindowedPart
    newest: int | None = None
    """Number of the newest window that was told, or of the one before the first that was seen; None before that."""
    newest_restored: int = -1
    """Number of the newest window that may be of a former process. It may have closed there after it was saved."""
    is_leaving: bool = False
    instances: set[str] = field(default_factory=set)
    """Its handlers that had records."""


@dataclass(frozen=True)
class ClosedWindow:
    """A window that has closed."""

    life: Life
    number: int
    may_be_restored: bool
    """It may be of a former process: it was there, open or not, as its part was first seen."""
    missed: int
    """Windows of the part right before it that were forgotten before anybody looked."""


class ClosedWindows:
    """Follows the parts of policies. What was open as a part left its agent counts as closed."""

    def __init__(self, *, may_be_restored: bool) -> None:
        """Begin. Where windows may be of a former process, the first number says nothing of what was missed."""
        self._may_be_restored = may_be_restored
        self._lives: dict[int, Life] = {}
        self.missed = 0
        """Windows that were forgotten by their policy before anybody looked."""

    def look(self, policies: Mapping[str, PartedPolicy]) -> Iterator[ClosedWindow]:
        """Give the windows that have closed since the last look. A policy that can't be read is logged and left out."""
        there = self._note(policies)
        for key, life in list(self._lives.items()):
            # What has just left may still be fed for a moment.
            is_gone = key not in there and life.is_leaving
            life.is_leaving = key not in there
            if is_gone:
                del self._lives[key]
            yield from self._new(life, takes_open=is_gone)

    def end(self, policies: Mapping[str, PartedPolicy], *, takes_open: bool) -> Iterator[ClosedWindow]:
        """Give what is left once nothing is fed any more: open windows of parts that are there only if `takes_open`."""
        there = self._note(policies)
        lives, self._lives = self._lives, {}
        for key, life in lives.items():
            yield from self._new(life, takes_open=takes_open or key not in there)

    def _note(self, policies: Mapping[str, PartedPolicy]) -> set[int]:
        """Follow the parts that there are; give their keys."""
        parts = {id(part): (name, part) for name, policy in dict(policies).items() for part in policy.parts}
        for key, (name, part) in parts.items():
            self._lives.setdefault(key, Life(name, part))
        return set(parts)

    def _new(self, life: Life, *, takes_open: bool) -> Iterator[ClosedWindow]:
        try:
            windows = life.part.windows()
        except Exception:
            logger.exception("policy [%s] can't be read", life.policy)
            return
        if life.newest is None and windows:
            life.newest = windows[0][0] - 1 if self._may_be_restored else -1
            life.newest_restored = windows[-1][0] if self._may_be_restored else -1
        for number, is_closed in windows:
            if life.newest is None or number <= life.newest:
                continue
            if not (is_closed or takes_open):
                return
            missed = number - life.newest - 1
            self.missed += missed
            life.newest = number
            yield ClosedWindow(life, number, number <= life.newest_restored, missed)


class Numbers:
    """Numbers of the windows of each handler, which grow by one though its policy is started anew.

    A window in which a handler has no records takes no number of it: whoever gets the others misses none. One that was
    lost takes one.
    """

    def __init__(self) -> None:
        self._next: dict[str, int] = {}
        self._floor = 0
        """The least number for handlers that are not remembered."""

    def give(self, life: Life, instances: Sequence[str]) -> dict[str, int]:
        """Give the numbers of a window by its handlers; those of others stay as they are."""
        life.instances.update(instances)
        return {one: self._take(one, 1) for one in instances}

    def lose(self, life: Life, windows: int) -> None:
        """Let windows be missing of all handlers of a part that had records before."""
        if windows:
            for one in sorted(life.instances):
                self._take(one, windows)

    def _take(self, instance: str, count: int) -> int:
        """Take a handler's next numbers; give the first."""
        number = self._next.pop(instance, self._floor)
        self._next[instance] = number + count
        while len(self._next) > MOST_INSTANCES:
            self._floor = max(self._floor, self._next.pop(next(iter(self._next))))
        return number
