"""Quantiles of a column's values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pktvisor.metrics.expressions import ALWAYS, DEEP, Column, Condition
from pktvisor.metrics.kinds.base import Declarable, Declared, Feed, Metric, Reading, Shape, quantile_values
from pktvisor.metrics.snapshot import Value

if TYPE_CHECKING:
    from pktvisor import _core


@dataclass(frozen=True, eq=False, repr=False)
class Quantiles(Metric):
    """Quantiles of a column's values."""

    name: ClassVar[str] = "quantiles"
    core_kind: ClassVar[str] = "distribution"
    shape: ClassVar[Shape] = "quantiles"
    scope: ClassVar[Condition] = DEEP
    declarable: ClassVar[Declarable | None] = Declarable("quantiles", ("number", "fraction"))

    column: Column
    where: Condition = ALWAYS

    @classmethod
    def declared(cls, parts: Declared) -> Quantiles:
        return cls(parts.column, parts.where, **parts.common)

    def feeds(self) -> list[Feed]:
        return [(self.rows(self.where), self.column, None)]

    def read(self, core: _core.Metric, reading: Reading) -> Value | None:
        return quantile_values(core)

    def series_suffixes(self) -> tuple[str, ...]:
        return ("_sum", "_count")
