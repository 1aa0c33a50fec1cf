"""What pushers have in common: a thread of their own, a bounded end, and patience with a receiver that is away."""

from __future__ import annotations

import logging
import random
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable

from pktvisor.outputs.http_post import Reply, Sender

logger = logging.getLogger(__name__)

LONGEST_RETRY_AFTER_SECONDS = 600.0
MOST_REASONS = 8
"""Reasons that are told while a receiver is away: it may come back only to refuse a token."""


class Patience:
    """When a receiver may be asked again: after longer and longer delays, and not before it says, within a bound.

    A random part of up to a half is taken off each, lest many agents come at once.
    """

    def __init__(self, *, first_s: float, longest_s: float) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self.attempts = 0
        """Attempts that have failed since the last that did not."""

    def delay_s(self, reply: Reply) -> float:
        """Note an attempt that failed; give the seconds until the next."""
        longest = min(self._first_s * 2.0 ** min(self.attempts, 10), self._longest_s)
        self.attempts += 1
        return max(longest * random.uniform(0.5, 1.0), min(reply.retry_after_s, LONGEST_RETRY_AFTER_SECONDS))


class PushThread(ABC):
    """Pushes from a thread of its own, between `start` and `stop`."""

    receiver: str
    """What the receiver is called in the log."""

    def __init__(
        self, name: str, sender: Sender, patience: Patience, *, look_s: float, monotonic: Callable[[], float]
    ) -> None:
        self._sender = sender
        self._patience = patience
        self._look_s = look_s
        self._monotonic = monotonic
        self._reasons: set[str] = set()
        """Why the receiver is away, as far as that was told."""
        self._next_attempt_s = 0.0
        self._deadline_s: float | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @abstractmethod
    def counters(self) -> dict[str, int]:
        """Give what became of windows since the start, by name."""

    @abstractmethod
    def step(self) -> float:
        """Do what is due; give the seconds until something is again."""

    @abstractmethod
    def finish(self) -> None:
        """Send what there is, each window at most once more, until the deadline."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Send what waits, once, and end. Takes little more than `timeout_s`."""
        self._deadline_s = self._monotonic() + timeout_s
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        if self._thread.is_alive():
            self._sender.abort()
            self._thread.join(1.0)

    def _run(self) -> None:
        while not self._stopping.wait(self._step_or_log()):
            pass
        try:
            self.finish()
        except Exception:
            logger.exception("can't push the last windows to the %s", self.receiver)

    def _step_or_log(self) -> float:
        """Do what is due; what goes wrong inside is logged, lest one window end the pushing of all others."""
        try:
            return self.step()
        except Exception:
            logger.exception("can't push windows to the %s", self.receiver)
            return self._look_s

    def _time_left(self, most_s: float) -> float:
        """Give the seconds that a request may take: less than `most_s` where the end is near."""
        if self._deadline_s is None:
            return most_s
        return min(most_s, self._deadline_s - self._monotonic())

    def _wait_for_another_attempt(self, reply: Reply) -> None:
        if reply.reason not in self._reasons and len(self._reasons) < MOST_REASONS:
            self._reasons.add(reply.reason)
            logger.warning("the %s can't be reached; windows are queued: %s", self.receiver, reply.reason)
        self._next_attempt_s = self._monotonic() + self._patience.delay_s(reply)

    def _note_answer(self, dropped: int) -> None:
        """The receiver has answered; where it had been away, say so, and how many windows were dropped so far."""
        if self._patience.attempts:
            lost = f"; {dropped} windows were dropped so far" if dropped else ""
            logger.info("the %s is back%s", self.receiver, lost)
        self._patience.attempts = 0
        self._reasons.clear()
