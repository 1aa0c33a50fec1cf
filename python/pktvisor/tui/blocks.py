"""Draws one panel: a title with a rule, and rows of a name and values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pktvisor.tui.lines import EMPTY, Line, Piece, Role, fit, fit_line
from pktvisor.tui.panels import Panel, PanelRow

LEAST_NAME = 8
"""Cells that a row's name gets, whatever its values need."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much room a panel has, and what of it is shown."""

    width: int
    rows: int
    first: int = 0
    """The first row that is shown."""
    has_heading: bool = False
    """A line for headings is kept, though this panel may have none."""


def block(panel: Panel, extent: Extent, focused: int | None) -> Iterator[Line]:
    """Give a panel's lines, all of the extent's width; `focused` is the row that keys go to."""
    columns = _Columns(panel, extent.width)
    yield _title(panel, extent, is_focused=focused is not None)
    if extent.has_heading:
        yield columns.line(PanelRow("", panel.headings, role=Role.DIM))
    rows = extent.rows
    if not panel.rows:
        yield fit_line(((f" {panel.empty}", Role.DIM),), extent.width)
        rows -= 1
    shown = panel.rows[extent.first : extent.first + rows]
    for number, row in enumerate(shown, start=extent.first):
        line = columns.line(row)
        if number == focused:
            line = tuple((text, Role.SELECTED) for text, _ in line)
        elif row.share:
            line = _with_bar(line, row.share)
        yield line
    for _ in range(rows - len(shown)):
        yield fit_line(EMPTY, extent.width)


def heading_line(title: str, width: int) -> Line:
    """Give a title over what follows."""
    text = f" {fit(title, min(len(title), max(width - 4, 0)))} "
    return fit_line((("══", Role.LABEL), (text, Role.VALUE), ("═" * max(width - len(text) - 2, 0), Role.LABEL)), width)


class _Columns:
    """The widths of a panel's columns: what the values need, and a name of what is left."""

    def __init__(self, panel: Panel, width: int) -> None:
        self._width = width
        self._is_text = panel.is_text
        self._widths = panel.widths()
        longest = max([len(row.name) for row in panel.rows], default=0)
        if panel.is_text:
            # One text, which may be longer than there is room for.
            self._name = min(longest + 2, width // 2)
            self._widths = [width - self._name - 1 for _ in self._widths]
            return
        self._widths = self._widths[: _fitting(self._widths, width)]
        room = width - sum(one + 1 for one in self._widths)
        # Tables keep their values near the names; lists, which have bars, use the whole width.
        self._name = min(room, longest + 2) if panel.least_width else room

    def line(self, row: PanelRow) -> Line:
        pieces: list[Piece] = [(fit(f" {row.name}", self._name), Role.PLAIN)]
        for cell, width in zip(row.cells, self._widths, strict=False):
            pieces.append((f" {fit(cell, width)}" if self._is_text else f" {cell.rjust(width)}", row.role))
        return fit_line(tuple(pieces), self._width)


def _fitting(widths: Sequence[int], width: int) -> int:
    """Give how many columns of values leave room for a name."""
    taken = 0
    for number, one in enumerate(widths):
        taken += one + 1
        if taken > width - LEAST_NAME:
            return number
    return len(widths)


def _with_bar(line: Line, share: float) -> Line:
    """Show a share as a bar behind the row's name."""
    (name, role), *cells = line
    length = round(share * len(name))
    return ((name[:length], Role.BAR), (name[length:], role), *cells)


def _title(panel: Panel, extent: Extent, *, is_focused: bool) -> Line:
    """Give a panel's title with a rule, and how much of it is out of sight."""
    hidden = len(panel.rows) - extent.rows
    note = panel.note or (f"+{hidden}" if hidden > 0 else "")
    rule = "━" if is_focused else "─"
    title_role, rule_role = (Role.FOCUS, Role.FOCUS) if is_focused else (Role.TITLE, Role.RULE)
    room = extent.width - 6
    title = fit(panel.title, room) if len(panel.title) > room else panel.title
    end = f" {note} {rule}" if note and len(note) + len(title) + 8 <= extent.width else ""
    filled = max(extent.width - 3 - len(title) - len(end), 0)
    pieces = ((f"{rule} ", rule_role), (title, title_role), (" ", Role.PLAIN), (rule * filled + end, rule_role))
    return fit_line(pieces, extent.width)
