"""Where readings come from."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Literal, Protocol

from pktvisor.api.documents import App, HandlerMetrics, Inventory, PolicyMetrics
from pktvisor.tui.figures import answer_time_us, failed_share, missing_share, packets_and_messages
from pktvisor.tui.windows import LENGTH_S, WindowChoice

Extra = Literal["inventory", "resources", "pairs"]
"""What only some screens want."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be read."""

    window: WindowChoice
    policy: str | None = None
    """None for `default`, or the first that there is."""
    extras: Set[Extra] = frozenset()


@dataclass(frozen=True, slots=True)
class Bucket:
    """What a bucket held when first looked at: what graphs show of the time before."""

    start_s: float
    end_s: float
    packets: float | None
    messages: float | None
    failed: float | None = None
    """Replies that say that a server failed or refused, in percent."""
    missing: float | None = None
    """Replies that say that there is no such name, in percent."""
    answer_us: float | None = None
    """90th percentile of answer times, in microseconds."""

    @classmethod
    def of(cls, metrics: PolicyMetrics, start_s: float, end_s: float) -> Bucket:
        """Take what graphs show of a bucket."""
        rates = packets_and_messages(metrics)
        return cls(start_s, end_s, *rates, failed_share(metrics), missing_share(metrics), answer_time_us(metrics))


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read at one moment."""

    app: App
    metrics: PolicyMetrics
    window: WindowChoice
    windows: tuple[WindowChoice, ...]
    """Those that there are."""
    inventory: Inventory
    taken_at: float
    """Unix seconds."""
    is_live: bool = True
    """Whether it would be another in a moment."""
    live: PolicyMetrics | None = None
    """The live bucket, where it was read beside another."""
    resources: tuple[HandlerMetrics, ...] = ()
    buckets: tuple[Bucket, ...] = ()
    pairs: tuple[HandlerMetrics, ...] | None = None
    """Handlers that keep names and clients apart (`tui.drill`); None where nobody asked for them."""
    keeps_pairs: bool = True
    """Whether there are such handlers, be it that they have met nothing yet."""
    length_s: int = LENGTH_S
    """Seconds that a bucket lasts."""


class Watched(Protocol):
    """Something that can be read again and again."""

    @property
    def name(self) -> str:
        """What it is, as `localhost:10853` or a file's name."""
        ...

    @property
    def is_live(self) -> bool:
        """Whether it changes."""
        ...

    def read(self, request: Request) -> Reading:
        """Read. Raises an `ApiFault`."""
        ...

    def close(self) -> None:
        """Let go of what it holds."""
        ...
