"""Stands in for the reading of a capture file."""

from __future__ import annotations

from dataclasses import dataclass, field

from pktvisor.metrics.snapshot import HandlerSnapshot
from support.snapshots import counter, handler


@dataclass
class Summary:
    handlers: list[HandlerSnapshot]
    packets: int = 3
    warnings: list[str] = field(default_factory=list)
    ledger: dict[str, int] = field(default_factory=dict)


class FakeReading:
    """Keeps what it was asked for, and gives what it is told to."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.options: dict[str, object] = {}
        self.summary = Summary([handler(counter("packets_total", "total", 3), schema="packets")], ledger={"decoded": 3})
        self.error: Exception | None = None

    def summarize_file(self, paths: list[str], **options: object) -> Summary:
        self.paths = paths
        self.options = options
        if self.error is not None:
            raise self.error
        return self.summary
