"""The smallest and the largest of a column's values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pktvisor.metrics.kinds.base import Declarable, Reading, Shape
from pktvisor.metrics.kinds.quantiles import Quantiles

if TYPE_CHECKING:
    from pktvisor import _core


@dataclass(frozen=True)
class Minimum(Quantiles):
    """The smallest of a column's values; shares its state with the quantiles of the same rows."""

    name: ClassVar[str] = "minimum"
    shape: ClassVar[Shape] = "minimum"
    declarable: ClassVar[Declarable | None] = None

    def read(self, core: _core.Metric, reading: Reading) -> int | None:
        return _whole(core.exponential().min)

    def series_suffixes(self) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True)
class Maximum(Minimum):
    """The largest of a column's values; shares its state likewise."""

    name: ClassVar[str] = "maximum"
    shape: ClassVar[Shape] = "maximum"

    def read(self, core: _core.Metric, reading: Reading) -> int | None:
        return _whole(core.exponential().max)


def _whole(value: float | None) -> int | None:
    """A value of a column of whole numbers; None where there was none."""
    return None if value is None else round(value)
