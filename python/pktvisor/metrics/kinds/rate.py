"""Rows per second, or the sum of a column per second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pktvisor.metrics.expressions import ALWAYS, Column, Condition
from pktvisor.metrics.kinds.base import Declarable, Declared, Feed, Metric, Reading, Shape, quantile_values
from pktvisor.metrics.snapshot import QuantileValues

if TYPE_CHECKING:
    from pktvisor import _core


@dataclass(frozen=True, eq=False, repr=False)
class Rate(Metric):
    """Rows per second, or the sum of a column per second, in packet time."""

    name: ClassVar[str] = "rate"
    core_kind: ClassVar[str] = "rate"
    shape: ClassVar[Shape] = "rate"
    declarable: ClassVar[Declarable | None] = Declarable("rate", ("number",), counts_rows=True)

    where: Condition = ALWAYS
    value: Column | None = None
    has_live: bool = True
    """Whether JSON shows the last second of an open window."""

    @classmethod
    def declared(cls, parts: Declared) -> Rate:
        return cls(parts.where, parts.value, **parts.common)

    def feeds(self) -> list[Feed]:
        return [(self.rows(self.where), self.value, None)]

    def read(self, core: _core.Metric, reading: Reading) -> QuantileValues:
        return quantile_values(core, core.live() if reading.is_running and self.has_live else None)

    def series_suffixes(self) -> tuple[str, ...]:
        return ("_sum", "_count")
