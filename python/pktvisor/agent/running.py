"""What the outside sees of a running process. The server answers from this and knows nothing of the engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from pktvisor.metrics.snapshot import HandlerSnapshot


class RunningPolicy(Protocol):
    """A policy at work, with the windows of its handlers."""

    @property
    def name(self) -> str:
        """The policy's name, as `default`."""
        ...

    @property
    def instances(self) -> tuple[str, ...]:
        """Names of its handlers, in the policy's order, as `default-default-dns`."""
        ...

    @property
    def periods(self) -> int:
        """How many buckets it keeps, with the live one."""
        ...

    def bucket(self, number: int) -> list[HandlerSnapshot]:
        """Give one bucket: 0 is live, 1 the last closed one. Raises `PeriodError`."""
        ...

    def window(self, number: int) -> list[HandlerSnapshot]:
        """Give the merge of the `number` newest buckets, with the live one. Raises `PeriodError`."""
        ...

    def latest(self) -> list[HandlerSnapshot]:
        """Give the last closed bucket, or the live one where none is closed: what Prometheus scrapes."""
        ...

    def describe(self) -> dict[str, object]:
        """Tell of its input, taps and handlers: the document below its name in `GET /api/v1/policies/{name}`."""
        ...


class Agent(Protocol):
    """A running process."""

    @property
    def version(self) -> str:
        """The version number, as `5.0.0`."""
        ...

    @property
    def started(self) -> float:
        """When it started, in Unix seconds."""
        ...

    @property
    def policies(self) -> Mapping[str, RunningPolicy]:
        """The policies at work, by name."""
        ...
