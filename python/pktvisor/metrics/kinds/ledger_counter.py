"""An entry of the input's loss ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pktvisor.metrics.kinds.base import Feed, Metric, Reading, Shape

if TYPE_CHECKING:
    from pktvisor import _core


@dataclass(frozen=True, eq=False, repr=False)
class LedgerCounter(Metric):
    """An entry of the input's loss ledger."""

    name: ClassVar[str] = "counter"
    core_kind: ClassVar[str] = "ledger"
    shape: ClassVar[Shape] = "count"
    has_total: ClassVar[bool] = True

    entry: str

    def feeds(self) -> list[Feed]:
        return []

    def plan_settings(self) -> dict[str, Any]:
        return {"entry": self.entry}

    def read(self, core: _core.Metric, reading: Reading) -> int:
        return core.count()
