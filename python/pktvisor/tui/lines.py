"""Lines of styled text, before anything knows of terminals."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from functools import lru_cache

from rich.cells import cell_len, set_cell_size

from pktvisor.escaping import is_printable, printable


class Role(Enum):
    """What a piece of text is; themes give each a look."""

    PLAIN = "plain"
    LABEL = "label"
    VALUE = "value"
    TITLE = "title"
    RULE = "rule"
    FOCUS = "focus"
    """The title and rule of the panel that keys go to."""
    BAR = "bar"
    """The part of a row that shows its share."""
    SELECTED = "selected"
    DIM = "dim"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    GRAPH = "graph"
    TAB = "tab"
    ACTIVE_TAB = "active_tab"


Piece = tuple[str, Role]
Line = tuple[Piece, ...]

EMPTY: Line = ()
ELLIPSIS = "…"


def shown(line: Line) -> Line:
    """Give a line with nothing in it that a terminal would obey. Screens and printed pages pass here last."""
    if all(is_printable(text) for text, _ in line):
        return line
    return fit_line(tuple((printable(text), role) for text, role in line), width(line))


def width(line: Line) -> int:
    """Give how many cells a line takes."""
    return sum(cell_len(text) for text, _ in line)


@lru_cache(4096)
def fit(text: str, cells: int) -> str:
    """Cut or pad a text to exactly so many cells; a cut one ends in an ellipsis."""
    if cells <= 0:
        return ""
    taken = cell_len(text)
    if taken <= cells:
        return text + " " * (cells - taken)
    return set_cell_size(text, cells - 1) + ELLIPSIS


def fit_line(line: Line, cells: int) -> Line:
    """Cut or pad a line to exactly so many cells."""
    pieces: list[Piece] = []
    left = cells
    for text, role in line:
        taken = cell_len(text)
        if taken > left:
            pieces.append((fit(text, left), role))
            return tuple(pieces)
        pieces.append((text, role))
        left -= taken
    if left:
        pieces.append((" " * left, Role.PLAIN))
    return tuple(pieces)


def plain(line: Line) -> str:
    """Give the text alone."""
    return "".join(text for text, _ in line)


def plain_text(lines: Iterable[Line]) -> str:
    """Give the text of lines, without what is blank at their ends."""
    return "".join(f"{plain(shown(line)).rstrip()}\n" for line in lines)
