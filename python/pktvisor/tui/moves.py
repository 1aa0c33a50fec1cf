"""Where the keys go: which panel, which row, and how one gets to another."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from pktvisor.tui.layout import Focus, Page, PlacedPanel
from pktvisor.tui.panels import PanelRow


@dataclass(frozen=True, slots=True)
class Cursor:
    """The panel and the row that keys go to, and whether the panel is alone on the screen."""

    focus: Focus = field(default_factory=Focus)
    is_zoomed: bool = False

    def within(self, page: Page) -> Cursor:
        """Give the nearest to it that is on a page."""
        placed = page.find(self.focus.panel)
        if placed is None:
            return Cursor() if self.focus.panel else self
        last = max(len(placed.panel.rows) - 1, 0)
        return self if self.focus.row <= last else replace(self, focus=Focus(self.focus.panel, last))

    def to_panel(self, page: Page, step: int) -> Cursor:
        """Go to the next panel, or the one before, around the ends."""
        keys = [placed.panel.key for placed in page.placed]
        if not keys or self.is_zoomed:
            return self
        if self.focus.panel not in keys:
            return Cursor(Focus(keys[0 if step > 0 else -1]))
        return Cursor(Focus(keys[(keys.index(self.focus.panel) + step) % len(keys)]))

    def to_row(self, page: Page, step: int) -> Cursor:
        """Go to another row of the panel; past its ends to the panel above or below."""
        placed = page.find(self.focus.panel)
        if placed is None:
            return self
        row = self.focus.row + step
        if 0 <= row < len(placed.panel.rows):
            return replace(self, focus=Focus(self.focus.panel, row))
        beside = None if self.is_zoomed else _vertical_neighbour(page, placed, step)
        if beside is None:
            return self
        return Cursor(Focus(beside.panel.key, 0 if step > 0 else max(len(beside.panel.rows) - 1, 0)))

    def pressed(self, page: Page, x: int, y: int, *, is_double: bool) -> Cursor:
        """Go to what was clicked; a double click zooms, and another leaves again."""
        for placed in page.placed:
            row = placed.row_at(x, y)
            if row is not None:
                focus = Focus(placed.panel.key, max(row, 0))
                return Cursor(focus, self.is_zoomed != is_double)
        return self if self.is_zoomed else Cursor()

    def zoomed(self) -> Cursor:
        """Show the panel alone, or among the others again."""
        return replace(self, is_zoomed=bool(self.focus.panel) and not self.is_zoomed)

    def back(self) -> Cursor:
        """Leave the panel's own view, then the panel."""
        return replace(self, is_zoomed=False) if self.is_zoomed else Cursor()

    def row(self, page: Page) -> PanelRow | None:
        """Give the row that keys go to; None where there is none."""
        placed = page.find(self.focus.panel)
        if placed is None or self.focus.row >= len(placed.panel.rows):
            return None
        return placed.panel.rows[self.focus.row]

    def copied(self, page: Page) -> str:
        """Give what copying gives; empty where there is no row."""
        row = self.row(page)
        return "" if row is None else row.copied or row.name


def _vertical_neighbour(page: Page, placed: PlacedPanel, step: int) -> PlacedPanel | None:
    """Give the panel below or above, in the same column."""
    column = [one for one in page.placed if one.x <= placed.x < one.x + one.width]
    at = next(number for number, one in enumerate(column) if one.panel.key == placed.panel.key) + step
    return column[at] if 0 <= at < len(column) else None
