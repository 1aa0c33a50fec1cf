"""Analysed files that are watched: everything is there, and nothing changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pktvisor import _core
from pktvisor.api.documents import App, HandlerMetrics, Inventory, PolicyMetrics
from pktvisor.api.faults import MissingFault, PeriodFault
from pktvisor.tui.watched import Bucket, Reading, Request
from pktvisor.tui.windows import LENGTH_S, WindowChoice


class WatchedFiles:
    """Gives what was read from a file."""

    is_live = False

    def __init__(
        self,
        name: str,
        readings: Mapping[WindowChoice, PolicyMetrics],
        inventory: Inventory,
        buckets: tuple[Bucket, ...],
        read_pairs: Callable[[], PolicyMetrics] | None = None,
        length_s: int = LENGTH_S,
    ) -> None:
        self._name = name
        self._readings = readings
        self._inventory = inventory
        self._buckets = buckets
        self._read_pairs = read_pairs
        """Gives which clients ask for which names, in the whole file."""
        self._pairs: tuple[HandlerMetrics, ...] | None = None
        self._length_s = length_s

    @property
    def name(self) -> str:
        """Give the file's name."""
        return self._name

    def close(self) -> None:
        """Hold nothing."""

    def read(self, request: Request) -> Reading:
        """Give a window of the file. Raises `PeriodFault` where it has no such window."""
        metrics = self._readings.get(request.window)
        if metrics is None:
            most = max(window.number for window in self._readings)
            raise PeriodFault(
                f"{self._name} has no {request.window.name(self._length_s)}", least=2, most=most, is_early=False
            )
        if request.policy not in {None, metrics.policy}:
            raise MissingFault(f'a file has no policy "{request.policy}"')
        return Reading(
            app=App(_core.__version__),
            metrics=metrics,
            window=request.window,
            windows=tuple(self._readings),
            inventory=self._inventory,
            taken_at=self._end_s(metrics),
            is_live=False,
            buckets=self._buckets,
            pairs=self._known_pairs() if "pairs" in request.extras else None,
            length_s=self._length_s,
        )

    def _known_pairs(self) -> tuple[HandlerMetrics, ...]:
        """Read them when they are first asked for."""
        if self._pairs is None:
            self._pairs = () if self._read_pairs is None else self._read_pairs().handlers
        return self._pairs

    def _end_s(self, metrics: PolicyMetrics) -> float:
        period = metrics.period
        ends = [bucket.end_s for bucket in self._buckets]
        return max([0.0 if period is None else float(period.start_ts + period.length), *ends])
