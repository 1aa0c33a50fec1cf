"""Panels: a title over rows of a name and some values. Everything on a screen below the header is one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pktvisor.api.forms import QUANTILE_KEYS
from pktvisor.api.values import Histogram, Quantiles, TopEntry
from pktvisor.escaping import printable
from pktvisor.tui import units
from pktvisor.tui.lines import Role

Order = Literal["count", "name"]

WIDE = 60
"""Cells that tables of many columns and long texts need."""
LARGEST_SUM = 1.05
"""How much more than its base the entries of a list may be together, being estimates, and still have shares."""
UNNAMED = "(empty)"
"""Stands for an entry without a name, as the DNS root is."""


@dataclass(frozen=True, slots=True)
class PanelRow:
    """One line of a panel."""

    name: str
    cells: tuple[str, ...] = ()
    """Values as text, to the right."""
    weight: float = 0.0
    """What it is sorted by."""
    share: float | None = None
    """Part of the panel's base, 0 to 1; drawn as a bar."""
    role: Role = Role.VALUE
    copied: str = ""
    """What copying it gives; the name where empty."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A titled list of rows."""

    key: str
    """Names it on its screen; the focus stays on it when the numbers change."""
    title: str
    rows: tuple[PanelRow, ...]
    headings: tuple[str, ...] = ()
    """Over the columns of cells."""
    is_sortable: bool = False
    note: str = ""
    """Right of the title."""
    empty: str = "no data"
    group: str = ""
    """What it belongs to, where a screen has several alike."""
    is_heading: bool = False
    """Only a title over what follows, over the whole width."""
    is_text: bool = False
    """Its values are texts, rather than numbers to be compared."""
    is_whole: bool = False
    """All its rows are shown, however many."""
    least_width: int = 0
    """Cells that it needs to be read well; it gets more than one column where these are too narrow."""

    def widths(self) -> list[int]:
        """Give the width of each column of cells."""
        columns = max([len(self.headings), *(len(row.cells) for row in self.rows)])
        found = [0] * columns
        for cells in (self.headings, *(row.cells for row in self.rows)):
            for column, cell in enumerate(cells):
                found[column] = max(found[column], len(cell))
        return found


def top_panel(
    key: str,
    title: str,
    entries: Sequence[TopEntry],
    *,
    base: float = 0.0,
    number: Callable[[float], str] = units.count,
    role_of: Callable[[str], Role] = lambda _: Role.VALUE,
) -> Panel:
    """Make a panel of a top list, with shares of `base` where there is one that they can be parts of."""
    if sum(entry.estimate for entry in entries) > base * LARGEST_SUM:
        base = 0.0
    rows = tuple(replace(_top_row(entry, base, number), role=role_of(entry.name)) for entry in entries)
    return Panel(key, title, rows, is_sortable=True)


def _top_row(entry: TopEntry, base: float, number: Callable[[float], str]) -> PanelRow:
    share = min(entry.estimate / base, 1.0) if base > 0 else None
    cells = [number(entry.estimate)]
    if base > 0:
        cells.append(units.percent(entry.estimate, base))
    return PanelRow(printable(entry.text) or UNNAMED, tuple(cells), entry.estimate, share, copied=entry.name)


def facts_panel(key: str, title: str, facts: Iterable[tuple[str, str]], *, note: str = "") -> Panel:
    """Make a panel of names and texts."""
    rows = tuple(PanelRow(name, (printable(text),), copied=text) for name, text in facts)
    return Panel(key, title, rows, note=note, is_text=True, is_whole=True, least_width=WIDE)


def quantiles_panel(
    key: str, title: str, rows: Sequence[tuple[str, Quantiles]], number: Callable[[str, float | None], str]
) -> Panel:
    """Make a table of quantiles, with the last second of rates; `number` writes a value of the metric so named."""
    has_live = any(quantiles.live is not None for _, quantiles in rows)
    headings = (*(("live",) if has_live else ()), *QUANTILE_KEYS)
    made = []
    for name, quantiles in rows:
        values = (*((quantiles.live,) if has_live else ()), *quantiles.values)
        made.append(PanelRow(name.removeprefix("rates."), tuple(number(name, value) for value in values)))
    return Panel(key, title, tuple(made), headings, is_whole=True, least_width=WIDE)


def histogram_panel(key: str, title: str, histogram: Histogram, number: Callable[[float], str]) -> Panel:
    """Make a panel of a histogram: what lies between a bound and the one before it."""
    rows, before = [], 0.0
    total = histogram.buckets[-1][1] if histogram.buckets else 0.0
    for bound, cumulative in histogram.buckets:
        inside = cumulative - before
        before = cumulative
        name = "above" if bound == float("inf") else f"≤ {number(bound)}"
        if inside or bound != float("inf"):
            cells = (units.count(inside), units.percent(inside, total))
            rows.append(PanelRow(name, cells, inside, inside / total if total else None))
    return Panel(key, title, tuple(rows), is_whole=True)


def arranged(panel: Panel, order: Order, wanted: str) -> Panel:
    """Sort and filter a panel's rows. A panel whose title or group has the wanted text keeps all of them."""
    rows = panel.rows
    if wanted and wanted.casefold() not in f"{panel.title} {panel.group}".casefold():
        rows = tuple(row for row in rows if wanted.casefold() in row.name.casefold())
    if panel.is_sortable and order == "name":
        rows = tuple(sorted(rows, key=lambda row: row.name.casefold()))
    return replace(panel, rows=rows, empty=f"nothing with {wanted}" if wanted and panel.rows else panel.empty)


def with_rows(panels: Sequence[Panel]) -> list[Panel]:
    """Leave out the panels without rows, and the headings that nothing is left of."""
    kept: list[Panel] = []
    for panel in reversed(panels):
        if panel.rows or (panel.is_heading and kept and not kept[-1].is_heading):
            kept.append(panel)
    return kept[::-1]
