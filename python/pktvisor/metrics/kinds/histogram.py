"""Counts of a column's values up to each of some bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pktvisor.metrics.exponential import ExponentialValues
from pktvisor.metrics.histogram_bounds import BOUNDS
from pktvisor.metrics.kinds.base import Declarable, Reading, Shape, StepForm
from pktvisor.metrics.kinds.quantiles import Quantiles
from pktvisor.metrics.snapshot import HistogramValues

if TYPE_CHECKING:
    from pktvisor import _core


@dataclass(frozen=True, eq=False, repr=False)
class Histogram(Quantiles):
    """Counts of a column's values up to each of some bounds; shares its state with the quantiles of the same rows."""

    name: ClassVar[str] = "histogram"
    shape: ClassVar[Shape] = "histogram"
    step_form: ClassVar[StepForm | None] = "histogram"
    declarable: ClassVar[Declarable | None] = Declarable("histogram", ("number", "fraction"))

    step_powers: tuple[int, int] | None = None
    """In steps its bounds are these powers of two, from the first up to the one before the second; without them as many
    as its values need."""

    def read(self, core: _core.Metric, reading: Reading) -> HistogramValues:
        cumulative, count, total = core.histogram(BOUNDS)
        before = (0, *cumulative)
        buckets = [(bound, upto) for bound, upto, less in zip(BOUNDS, cumulative, before, strict=False) if upto > less]
        return HistogramValues(tuple(buckets), count, total, ExponentialValues.of(core.exponential()))

    def series_suffixes(self) -> tuple[str, ...]:
        return ("_bucket", "_sum", "_count")
