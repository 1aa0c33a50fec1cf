"""Puts panels side by side and below each other, as lines of an exact width."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from pktvisor.tui.blocks import Extent, block, heading_line
from pktvisor.tui.lines import EMPTY, Line, Piece, Role, fit_line
from pktvisor.tui.panels import Panel

LEAST_COLUMN = 38
"""Cells that a panel needs to be of use."""
MOST_COLUMNS = 4
MOST_TIGHT = 5
"""Rows up to which panels stand above each other without a line between."""
GAP = 2
"""Blank cells between columns."""


@dataclass(frozen=True, slots=True)
class Focus:
    """Which row of which panel keys go to."""

    panel: str = ""
    row: int = 0


@dataclass(frozen=True, slots=True)
class PlacedPanel:
    """A panel, and where on a page it is."""

    panel: Panel
    x: int
    y: int
    width: int
    height: int
    above: int
    """Lines of title and headings."""
    first: int
    """The first row that is to be seen."""
    shown: int
    """How many rows are to be seen."""

    def row_at(self, x: int, y: int) -> int | None:
        """Give the row at a cell of the page; -1 for what is no row, None outside."""
        if not (self.x <= x < self.x + self.width and self.y <= y < self.y + self.height):
            return None
        row = y - self.y - self.above
        return self.first + row if 0 <= row < self.shown else -1


@dataclass(frozen=True, slots=True)
class Page:
    """Lines, and where the panels are on them."""

    lines: tuple[Line, ...]
    placed: tuple[PlacedPanel, ...] = ()

    def find(self, key: str) -> PlacedPanel | None:
        """Find a panel."""
        return next((placed for placed in self.placed if placed.panel.key == key), None)


@dataclass(frozen=True, slots=True)
class PageSetup:
    """What a page is laid out for."""

    width: int
    focus: Focus = field(default_factory=Focus)
    most_rows: int = 10
    """Rows of any panel, but for those that are whole; beside each other all have as many as the highest needs."""
    columns: int | None = None


def column_count(width: int) -> int:
    """Give how many columns fit."""
    return max(1, min(MOST_COLUMNS, (width + GAP) // (LEAST_COLUMN + GAP)))


def lay_out(panels: Sequence[Panel], setup: PageSetup, above: Iterable[Line] = ()) -> Page:
    """Lay panels out in rows of equal height, below other lines."""
    columns = min(setup.columns or column_count(setup.width), column_count(setup.width))
    lines = [fit_line(line, setup.width) for line in above]
    placed: list[PlacedPanel] = []
    for band in _bands(panels, setup.width, columns):
        blocks, found = _band(band, setup, len(lines))
        lines += blocks
        placed += found
    return Page(tuple(lines), tuple(placed))


def zoomed(panel: Panel, setup: PageSetup) -> Page:
    """Lay one panel out over the whole width, with all its rows."""
    return lay_out([replace(panel, is_whole=True)], PageSetup(setup.width, setup.focus, columns=1))


@dataclass(frozen=True, slots=True)
class _Column:
    """A panel's share of a band."""

    panel: Panel
    x: int
    width: int


def _bands(panels: Sequence[Panel], width: int, columns: int) -> Iterator[list[_Column]]:
    """Share panels out among bands; what needs more than one column gets it."""
    own = (width - GAP * (columns - 1)) // columns
    band: list[_Column] = []
    taken = 0
    for panel in panels:
        if panel.is_heading:
            if band:
                yield band
            yield [_Column(panel, 0, width)]
            band, taken = [], 0
            continue
        span = min(columns, max(1, -(-(panel.least_width + GAP) // (own + GAP))))
        if taken + span > columns:
            yield band
            band, taken = [], 0
        x = taken * (own + GAP)
        taken += span
        # The last column takes the cells that are left over.
        band.append(_Column(panel, x, width - x if taken == columns else span * (own + GAP) - GAP))
    if band:
        yield band


def _band(columns: Sequence[_Column], setup: PageSetup, top: int) -> tuple[list[Line], list[PlacedPanel]]:
    """Lay panels out side by side."""
    panels = [column.panel for column in columns]
    if panels[0].is_heading:
        return [heading_line(panels[0].title, setup.width)], []
    rows = max(_wanted_rows(panel, setup.most_rows) for panel in panels)
    heading = int(any(panel.headings for panel in panels))
    blocks, placed = [], []
    for column in columns:
        panel = column.panel
        first = _first_shown(panel, setup.focus, rows)
        blocks.append(
            list(block(panel, Extent(column.width, rows, first, bool(heading)), focused_row(panel, setup.focus)))
        )
        shown = min(len(panel.rows) - first, rows)
        placed.append(PlacedPanel(panel, column.x, top, column.width, rows + heading + 1, 1 + heading, first, shown))
    lines = [_beside([block[row] for block in blocks], setup.width) for row in range(rows + heading + 1)]
    return [*lines, EMPTY] if heading or rows > MOST_TIGHT else lines, placed


def _wanted_rows(panel: Panel, most: int) -> int:
    rows = max(len(panel.rows), 1)
    return rows if panel.is_whole else min(rows, most)


def _beside(lines: Sequence[Line], width: int) -> Line:
    pieces: list[Piece] = []
    for number, line in enumerate(lines):
        if number:
            pieces.append((" " * GAP, Role.PLAIN))
        pieces += line
    return fit_line(tuple(pieces), width)


def _first_shown(panel: Panel, focus: Focus, rows: int) -> int:
    """Give the first row to show, so that the selected one is among them."""
    if focus.panel != panel.key:
        return 0
    return max(0, min(focus.row - rows + 1, len(panel.rows) - rows))


def focused_row(panel: Panel, focus: Focus) -> int | None:
    """Give the panel's row that keys go to, or None where they go elsewhere."""
    return focus.row if focus.panel == panel.key else None
