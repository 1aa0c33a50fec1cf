"""The newest value of a column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pktvisor.metrics.expressions import ALWAYS, Column, Condition
from pktvisor.metrics.kinds.base import Feed, Metric, Reading, Shape

if TYPE_CHECKING:
    from pktvisor import _core


@dataclass(frozen=True, eq=False, repr=False)
class Last(Metric):
    """The newest value of a column: a total that is told anew from time to time, and goes on from window to window."""

    name: ClassVar[str] = "last"
    core_kind: ClassVar[str] = "last"
    shape: ClassVar[Shape] = "count"

    column: Column
    where: Condition = ALWAYS

    def feeds(self) -> list[Feed]:
        return [(self.rows(self.where), self.column, None)]

    def read(self, core: _core.Metric, reading: Reading) -> int:
        return core.count()
