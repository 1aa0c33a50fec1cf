"""A number of rows, or the sum of a column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pktvisor.metrics.compatibility import Purged
from pktvisor.metrics.expressions import ALWAYS, Column, Condition
from pktvisor.metrics.kinds.base import Declarable, Declared, Feed, Metric, Reading, Shape, StepForm

if TYPE_CHECKING:
    from pktvisor import _core


@dataclass(frozen=True, eq=False, repr=False)
class Counter(Metric):
    """A number of rows, or the sum of a column."""

    name: ClassVar[str] = "counter"
    core_kind: ClassVar[str] = "counter"
    shape: ClassVar[Shape] = "count"
    has_total: ClassVar[bool] = True
    step_form: ClassVar[StepForm | None] = "counter"
    declarable: ClassVar[Declarable | None] = Declarable("counter", ("number",), counts_rows=True)

    where: Condition | tuple[Condition, ...] = ALWAYS
    """Rows that count; of several conditions each counts by itself."""
    value: Column | None = None
    """Column whose values are added; without it rows are counted."""
    purged: Purged | None = None
    """Unanswered questions that count, too."""

    @classmethod
    def declared(cls, parts: Declared) -> Counter:
        return cls(parts.where, parts.value, **parts.common)

    def feeds(self) -> list[Feed]:
        conditions = self.where if isinstance(self.where, tuple) else (self.where,)
        return [(self.rows(condition), self.value, None) for condition in conditions]

    def plan_settings(self) -> dict[str, Any]:
        if self.purged is None:
            return {}
        return {"purged": {"mask": self.purged.mask, "value": self.purged.value}}

    def read(self, core: _core.Metric, reading: Reading) -> int:
        return core.count()
