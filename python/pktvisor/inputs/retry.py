"""When something that has failed is tried again."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_DELAY_S, LONGEST_DELAY_S = 1.0, 60.0


@dataclass
class Retry:
    """Attempts, each twice as long after the one before as that was: a second at first, a minute at most."""

    due_s: float
    """When the next attempt is due."""
    attempts: int = 0
    """How many have failed."""

    def postpone(self, now_s: float) -> None:
        """Note that an attempt has failed."""
        self.due_s = now_s + min(FIRST_DELAY_S * 2.0 ** min(self.attempts, 10), LONGEST_DELAY_S)
        self.attempts += 1

    def __str__(self) -> str:
        """Say it to people."""
        return f"it is tried again every {LONGEST_DELAY_S:.0f} s at least, {self.attempts} times so far"
