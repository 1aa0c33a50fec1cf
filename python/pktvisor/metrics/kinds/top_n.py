"""The values met most often, or with the largest sum of a weight."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pktvisor.metrics.compatibility import Purged, PurgedItem
from pktvisor.metrics.expressions import ALWAYS, DEEP, Column, Condition
from pktvisor.metrics.kinds.base import Declarable, Declared, Feed, Metric, Reading, Shape
from pktvisor.metrics.mnemonics import mnemonics
from pktvisor.metrics.snapshot import TopEntry, TopValues

if TYPE_CHECKING:
    from pktvisor import _core

EVERY_ENTRY = 2**31
"""As many entries as a list has."""


@dataclass(frozen=True, eq=False, repr=False)
class TopN(Metric):
    """The values met most often, or with the largest sum of a weight."""

    name: ClassVar[str] = "top"
    core_kind: ClassVar[str] = "top"
    shape: ClassVar[Shape] = "top"
    scope: ClassVar[Condition] = DEEP
    declarable: ClassVar[Declarable | None] = Declarable(
        "top_n", ("number", "text", "address", "place"), takes_several=True, keys=("label", "weight", "count")
    )

    column: Column
    where: Condition = ALWAYS
    also: tuple[tuple[Column, Condition], ...] = ()
    """Further columns that feed it, each with its rows."""
    label: str = "name"
    """Name of the label that an item gets in Prometheus."""
    weight: Column | None = None
    count: int | None = None
    """Entries that are shown, whatever the settings say."""
    render: Callable[[Any], str] = str
    """Text of an item, or of its last part, that is a number."""
    beside: tuple[str, ...] = ()
    """Labels of the last parts of an item, where it is made of several (`metrics.labels.parts`)."""
    purged: Purged | None = None
    """Unanswered questions that count, too."""
    purged_item: PurgedItem | None = None
    """What counts of these."""

    @classmethod
    def declared(cls, parts: Declared) -> TopN:
        return cls(
            column=parts.column,
            where=parts.where,
            also=parts.also,
            label=parts.label,
            weight=None if parts.weight is None else parts.weight.column,
            count=parts.count,
            render=parts.render,
            **parts.common,
        )

    def feeds(self) -> list[Feed]:
        columns = ((self.column, self.where), *self.also)
        return [(self.rows(where), column, self.weight) for column, where in columns]

    def plan_settings(self) -> dict[str, Any]:
        if self.purged is None or self.purged_item is None:
            return {}
        item = {"parts": list(self.purged_item.parts), "word": self.purged_item.word}
        return {"purged": {"mask": self.purged.mask, "value": self.purged.value, "item": item}}

    def labels(self) -> tuple[str, ...]:
        return (self.label, *self.beside)

    def words(self) -> str:
        json = self.column.json
        name = json["of"][-1] if isinstance(json, dict) and self.beside else json
        return name if isinstance(name, str) and mnemonics(name) is not None and self.render is not str else ""

    def read(self, core: _core.Metric, reading: Reading) -> TopValues:
        if not self.beside:
            return self._shown(_entries(core, self.render, self.count or reading.top_count), reading)
        entries = _entries(core, str, self.count or reading.pair_count)
        return self._shown([self._parted(entry) for entry in entries], reading)

    def read_named(self, lists: Iterable[tuple[_core.Metric, Callable[[Any], str]]], reading: Reading) -> TopValues:
        """Its value over several lists, each with what its items are called; entries of one name are added up."""
        named: dict[str, TopEntry] = {}
        for core, render in lists:
            for entry in _entries(core, render, EVERY_ENTRY):
                known = named.get(entry.name)
                named[entry.name] = entry if known is None else known.plus(entry)
        descending = sorted(named.values(), key=lambda entry: -entry.estimate)
        return self._shown(descending[: self.count or reading.top_count], reading)

    def _parted(self, entry: TopEntry) -> TopEntry:
        """An item with its parts apart; the first may have spaces, the others have none."""
        name, *others = entry.name.rsplit(" ", len(self.beside))
        if others and others[-1].isdecimal():
            others[-1] = self.render(int(others[-1]))
        return entry._replace(name=name, extra=tuple(zip(self.beside, others, strict=False)))

    def _shown(self, entries: Sequence[TopEntry], reading: Reading) -> TopValues:
        if reading.top_percentile > 0:
            least = _threshold([entry.estimate for entry in entries], reading.top_percentile)
            entries = [entry for entry in entries if entry.estimate >= least]
        return TopValues(self.label, tuple(entries))


def _entries(core: _core.Metric, render: Callable[[Any], str], most: int) -> list[TopEntry]:
    # By position, since there may be millions.
    return [
        TopEntry(
            render(name),
            estimate,
            lower,
            upper,
            (("lat", latitude), ("lon", longitude)) if latitude and longitude else (),
        )
        for name, estimate, lower, upper, latitude, longitude in core.top(most)
    ]


def _threshold(estimates: Sequence[int], percent: int) -> int:
    """The quantile of the estimates below which entries are left out; inclusive, as KLL sketches give it."""
    if not estimates:
        return 0
    ascending = sorted(estimates)
    rank = max(1, -(-len(ascending) * percent // 100))
    return ascending[rank - 1]
