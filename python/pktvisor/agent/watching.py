"""Streams that do not work as they should: told in the log when that begins, and not again as long as it lasts."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from pktvisor.agent.stream import Stream

logger = logging.getLogger(__name__)


class Watch:
    """What the log knows of streams."""

    def __init__(self) -> None:
        self._with_fault: set[tuple[str, int]] = set()
        """Names, and how often each was started: one that ends soon after it was started again is told of again."""
        self._warnings: set[tuple[str, str]] = set()
        """Names, and what was told of them."""

    def look(self, streams: Mapping[str, Stream]) -> Sequence[str]:
        """Give a sentence for each stream that has ended though nobody stopped it; what is new of them is logged."""
        live = {name: stream for name, stream in streams.items() if not stream.source.is_recorded}
        faults = {name: f"input [{name}]: {stream.fault}" for name, stream in live.items() if stream.fault is not None}
        with_fault = {(name, live[name].starts) for name in faults}
        for name, _ in with_fault - self._with_fault:
            logger.error("%s", faults[name])
        self._with_fault = with_fault
        warnings = {(name, warning) for name, stream in streams.items() for warning in stream.source.warnings}
        for name, warning in sorted(warnings - self._warnings):
            logger.warning("input [%s]: %s", name, warning)
        self._warnings = warnings
        return list(faults.values())
