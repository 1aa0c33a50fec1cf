"""Base-2 exponential histograms: OpenTelemetry's ExponentialHistogram, Prometheus' native histogram."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pktvisor import _core

MOST_BUCKETS = 160
"""So many buckets an output shows at most, as OpenTelemetry's SDKs do: at scale 3, enough for six decades."""


@dataclass(frozen=True, slots=True)
class ExponentialValues:
    """Counts of values that are zero or greater, `2 ** scale` buckets to an octave."""

    scale: int
    zero_threshold: float
    """Values up to it count as zeros."""
    zero_count: int
    offset: int
    """Index of the first bucket. Bucket i holds what is above 2^(i / 2^scale), up to 2^((i + 1) / 2^scale)."""
    counts: tuple[int, ...]
    """Counts of the buckets from there on."""
    minimum: float | None = None
    maximum: float | None = None

    @classmethod
    def of(cls, core: _core.Exponential) -> ExponentialValues:
        """Take over what the core read from a window."""
        return cls(
            scale=core.scale,
            zero_threshold=core.zero_threshold,
            zero_count=core.zero_count,
            offset=core.offset,
            counts=tuple(core.counts),
            minimum=core.min,
            maximum=core.max,
        )

    def at_most(self, buckets: int) -> ExponentialValues:
        """Give it at the greatest scale at which it has no more than so many buckets (at least two)."""
        first, last = self.offset, self.offset + len(self.counts) - 1
        shift = 0
        while (last >> shift) - (first >> shift) >= buckets:
            shift += 1
        return self.coarser(shift)

    def coarser(self, steps: int) -> ExponentialValues:
        """Give it at a scale that is lower by `steps`; each step makes one bucket of two."""
        if steps == 0 or not self.counts:
            return replace(self, scale=self.scale - steps)
        first = self.offset >> steps
        counts = [0] * (((self.offset + len(self.counts) - 1) >> steps) - first + 1)
        for index, count in enumerate(self.counts, self.offset):
            counts[(index >> steps) - first] += count
        return replace(self, scale=self.scale - steps, offset=first, counts=tuple(counts))
