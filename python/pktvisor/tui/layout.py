"""Puts panels side by side and below each other, as lines of an exact width."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pktvisor.tui.lines import EMPTY, Line, Piece, Role, fit, fit_line
from pktvisor.tui.panels import Panel

LEAST_COLUMN = 38
"""Cells that a panel needs to be of use."""
MOST_COLUMNS = 4
GAP = 2
"""Blank cells between columns."""
LEAST_NAME = 8
"""Cells that a row's name gets, whatever its values need."""


@dataclass(frozen=True, slots=True)
class Focus:
    """Which row of which panel keys go to."""

    panel: str = ""
    row: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where on a page a panel is."""

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
    places: tuple[Place, ...] = ()

    def place(self, key: str) -> Place | None:
        """Find a panel."""
        return next((place for place in self.places if place.panel.key == key), None)


@dataclass(frozen=True, slots=True)
class Frame:
    """What a page is laid out for."""

    width: int
    focus: Focus = field(default_factory=Focus)
    rows: int | None = None
    """Rows of every panel, where they shall be alike; None gives each what it needs, within `most_rows`."""
    most_rows: int = 10
    columns: int | None = None


def column_count(width: int) -> int:
    """Give how many columns fit."""
    return max(1, min(MOST_COLUMNS, (width + GAP) // (LEAST_COLUMN + GAP)))


def lay_out(panels: Sequence[Panel], frame: Frame, above: Iterable[Line] = ()) -> Page:
    """Lay panels out in rows of equal height, below other lines."""
    columns = min(frame.columns or column_count(frame.width), column_count(frame.width))
    lines = [fit_line(line, frame.width) for line in above]
    places: list[Place] = []
    for band in _bands(panels, frame.width, columns):
        blocks, found = _band(band, frame, len(lines))
        lines += blocks
        places += found
    return Page(tuple(lines), tuple(places))


def zoomed(panel: Panel, frame: Frame) -> Page:
    """Lay one panel out over the whole width, with all its rows."""
    return lay_out([panel], Frame(frame.width, frame.focus, most_rows=len(panel.rows) or 1, columns=1))


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


def _band(columns: Sequence[_Column], frame: Frame, top: int) -> tuple[list[Line], list[Place]]:
    """Lay panels out side by side."""
    panels = [column.panel for column in columns]
    rows = frame.rows if frame.rows is not None else max(min(max(len(one.rows), 1), frame.most_rows) for one in panels)
    heading = int(any(panel.headings for panel in panels))
    blocks, places = [], []
    for column in columns:
        panel = column.panel
        first = _first_shown(panel, frame.focus, rows)
        blocks.append(list(_block(panel, column.width, rows, heading, first, frame.focus)))
        shown = min(len(panel.rows) - first, rows)
        places.append(Place(panel, column.x, top, column.width, rows + heading + 1, 1 + heading, first, shown))
    lines = [_beside([block[row] for block in blocks], frame.width) for row in range(rows + heading + 1)]
    return [*lines, EMPTY] if heading or rows > 4 else lines, places


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


def _block(panel: Panel, width: int, rows: int, heading: int, first: int, focus: Focus) -> Iterator[Line]:
    """Give a panel's lines, each `width` cells wide."""
    is_focused = focus.panel == panel.key
    yield _title(panel, width, rows, is_focused=is_focused)
    widths = panel.widths()
    if heading:
        yield _heading(panel, width, widths)
    if not panel.rows:
        yield fit_line(((f" {panel.empty}", Role.DIM),), width)
        rows -= 1
    shown = panel.rows[first : first + rows]
    for number, row in enumerate(shown, start=first):
        line = _row(row.name, row.cells, width, widths, row.role)
        if is_focused and number == focus.row:
            line = tuple((text, Role.SELECTED) for text, _ in line)
        elif row.share:
            line = _with_bar(line, row.share)
        yield line
    for _ in range(rows - len(shown)):
        yield fit_line(EMPTY, width)


def _with_bar(line: Line, share: float) -> Line:
    """Show a share as a bar behind the row's name."""
    (name, role), *cells = line
    length = round(share * len(name))
    return ((name[:length], Role.BAR), (name[length:], role), *cells)


def _title(panel: Panel, width: int, rows: int, *, is_focused: bool) -> Line:
    """Give a panel's title with a rule, and how much of it is out of sight."""
    hidden = len(panel.rows) - rows
    note = panel.note or (f"+{hidden}" if hidden > 0 else "")
    rule = "━" if is_focused else "─"
    title_role, rule_role = (Role.FOCUS, Role.FOCUS) if is_focused else (Role.TITLE, Role.RULE)
    title = fit(panel.title, width - 6).rstrip() if len(panel.title) > width - 6 else panel.title
    end = f" {note} {rule}" if note and len(note) + len(title) + 8 <= width else ""
    start = (f"{rule} ", rule_role), (title, title_role), (" ", Role.PLAIN)
    filled = width - 3 - len(title) - len(end)
    return fit_line((*start, (rule * max(filled, 0), rule_role), (end, rule_role)), width)


def _heading(panel: Panel, width: int, widths: Sequence[int]) -> Line:
    return tuple((text, Role.DIM) for text, _ in _row("", panel.headings, width, widths, Role.DIM))


def _row(name: str, cells: Sequence[str], width: int, widths: Sequence[int], role: Role) -> Line:
    """Give a name, cut to what the cells leave, and the cells, right-aligned. Cells that don't fit are left out."""
    shown = _fitting(widths, width)
    pieces: list[Piece] = [(cell.rjust(widths[number] + 1), role) for number, cell in enumerate(cells[:shown])]
    if len(cells) < shown:
        pieces.append((" " * sum(one + 1 for one in widths[len(cells) : shown]), Role.PLAIN))
    taken = sum(widths[number] + 1 for number in range(shown))
    if shown < len(cells) and shown == 0 and cells:
        # One text that is wider than the panel: it gets what the name leaves.
        label = fit(name, min(len(name), LEAST_NAME * 2))
        return fit_line(((f" {label} ", Role.PLAIN), (cells[0], role)), width)
    return ((fit(f" {name}", width - taken), Role.PLAIN), *pieces)


def _fitting(widths: Sequence[int], width: int) -> int:
    """Give how many columns of cells leave room for a name."""
    taken = 0
    for number, one in enumerate(widths):
        taken += one + 1
        if taken > width - LEAST_NAME:
            return number
    return len(widths)
