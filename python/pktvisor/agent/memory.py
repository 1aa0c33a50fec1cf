"""The memory of the process: its budget, what is held, and what becomes of policies that there is no room for.

The core keeps the account (`crates/core/src/memory.rs`), and what it keeps gives way by itself.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from pktvisor import _core
from pktvisor.api.documents import Memory
from pktvisor.errors import ConfigError

logger = logging.getLogger(__name__)

MEGABYTE = 1 << 20
LOG_INTERVAL_S = 60.0
"""Between two lines of the log about what gave way."""


def limit_memory(budget_mb: int | None) -> None:
    """State how many megabytes the process may hold; None for as many as the bounds of each owner allow."""
    _core.memory_account().set_budget((budget_mb or 0) * MEGABYTE)


def memory_held() -> Memory:
    """Give what the process holds now, and what gave way to its budget since the start."""
    account = _core.memory_account()
    return Memory(account.held_bytes, account.budget_bytes or None, account.held(), dict(account.gave_way()))


def check_room(arriving: Iterable[_core.Policy], leaving: Iterable[_core.Policy]) -> None:
    """ConfigError where policies that arrive would take memory that others need, those that leave left out."""
    account = _core.memory_account()
    freed = sum(policy.memory.held_bytes for policy in leaving)
    needed = sum(policy.least_bytes for policy in arriving)
    if needed > freed and not account.has_room(needed - freed):
        held, budget = -(-account.held_bytes // MEGABYTE), account.budget_bytes // MEGABYTE
        raise ConfigError(
            f"there is no memory for more policies: {held} of {budget} MB are held, and one fifth is kept free",
            hint="remove policies, let them keep fewer windows or groups, or allow more by --memory-mb",
            path="policies",
        )


class MemoryWatch:
    """Tells in the log what gives way: when it begins, and once a minute as long as it goes on."""

    def __init__(self) -> None:
        self._told = dict(_core.memory_account().gave_way())
        self._silent_until_s = 0.0

    def look(self, now_s: float) -> str:
        """Look whether anything gave way since it was told, and tell; empty where nothing is new.

        `now_s` is of a clock that nobody sets.
        """
        memory = memory_held()
        new = {name: count - self._told[name] for name, count in memory.gave_way.items() if count != self._told[name]}
        if not new or now_s < self._silent_until_s:
            return ""
        self._silent_until_s = now_s + LOG_INTERVAL_S
        self._told = dict(memory.gave_way)
        held, budget = memory.held_bytes // MEGABYTE, (memory.budget_bytes or 0) // MEGABYTE
        what = ", ".join(f"{count} {name}" for name, count in new.items())
        told = f"memory is short, {held} of {budget} MB are held: {what} gave way"
        logger.warning("%s", told)
        return told
