"""Number of distinct values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pktvisor.metrics.expressions import ALWAYS, DEEP, Column, Condition
from pktvisor.metrics.kinds.base import Declarable, Declared, Feed, Metric, Reading, Shape

if TYPE_CHECKING:
    from pktvisor import _core


@dataclass(frozen=True, eq=False, repr=False)
class Cardinality(Metric):
    """Number of distinct values."""

    name: ClassVar[str] = "cardinality"
    core_kind: ClassVar[str] = "cardinality"
    shape: ClassVar[Shape] = "estimate"
    scope: ClassVar[Condition] = DEEP
    declarable: ClassVar[Declarable | None] = Declarable(
        "cardinality", ("number", "text", "address"), takes_several=True
    )

    column: Column
    where: Condition = ALWAYS
    also: tuple[tuple[Column, Condition], ...] = ()
    """Further columns that feed it, each with its rows."""

    @classmethod
    def declared(cls, parts: Declared) -> Cardinality:
        return cls(parts.column, parts.where, parts.also, **parts.common)

    def feeds(self) -> list[Feed]:
        columns = ((self.column, self.where), *self.also)
        return [(self.rows(where), column, None) for column, where in columns]

    def read(self, core: _core.Metric, reading: Reading) -> int:
        return round(core.estimate())
