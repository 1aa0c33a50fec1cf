"""Streams that do not work as they should: told in the log when that begins, and not again as long as it lasts."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

from pktvisor.agent.stream import Stream

logger = logging.getLogger(__name__)


TELL_INTERVAL_S = 60.0
"""Between two lines about the time stamps of one stream."""


@dataclass(frozen=True)
class Steps:
    """What the log knows of a stream's time stamps: how many have jumped, and until when it says no more of it."""

    count: int = 0
    quiet_until_s: float = -inf


class Watch:
    """What the log knows of streams."""

    def __init__(self) -> None:
        self._with_fault: set[tuple[str, int]] = set()
        """Names, and how often each was started: one that ends soon after it was started again is told of again."""
        self._warnings: set[tuple[str, str]] = set()
        """Names, and what was told of them."""
        self._steps: dict[str, Steps] = {}

    def look(self, streams: Mapping[str, Stream], now_s: float) -> Sequence[str]:
        """Give a sentence for each stream that has ended though nobody stopped it; what is new of them is logged.

        `now_s` is of a clock that nobody sets.
        """
        live = {name: stream for name, stream in streams.items() if not stream.input.is_recorded}
        faults = {name: f"input [{name}]: {stream.fault}" for name, stream in live.items() if stream.fault is not None}
        with_fault = {(name, live[name].starts) for name in faults}
        for name, _ in with_fault - self._with_fault:
            logger.error("%s", faults[name])
        self._with_fault = with_fault
        warnings = {(name, warning) for name, stream in streams.items() for warning in stream.input.warnings}
        for name, warning in sorted(warnings - self._warnings):
            logger.warning("input [%s]: %s", name, warning)
        self._warnings = warnings
        self._look_at_clocks(live, now_s)
        return list(faults.values())

    def _look_at_clocks(self, streams: Mapping[str, Stream], now_s: float) -> None:
        """Log time stamps that have jumped: at once, and no more than once a minute of each stream."""
        self._steps = {name: self._steps.get(name, Steps()) for name in streams}
        for name, told in self._steps.items():
            count = streams[name].input.ledger().get("time.steps", 0)
            if count > told.count and now_s >= told.quiet_until_s:
                jumped = count - told.count
                logger.warning(
                    "input [%s]: %d time %s (%d so far): a clock was set, or is wrong; periods go on",
                    name,
                    jumped,
                    "stamp has jumped" if jumped == 1 else "stamps have jumped",
                    count,
                )
                self._steps[name] = Steps(count, now_s + TELL_INTERVAL_S)
