"""The first screen as text, for scripts and logs."""

from __future__ import annotations

from collections.abc import Iterable

from pktvisor.tui.history import History
from pktvisor.tui.layout import Focus
from pktvisor.tui.lines import Line, Role, fit_line, plain_text, shown
from pktvisor.tui.status import title_line
from pktvisor.tui.views import SCREENS, first_number
from pktvisor.tui.views.content import Context, ViewSettings, page_of
from pktvisor.tui.watch import State

CODES = {
    Role.LABEL: "36",
    Role.TITLE: "1",
    Role.RULE: "2",
    Role.DIM: "2",
    Role.GOOD: "32",
    Role.WARNING: "33",
    Role.BAD: "31",
    Role.GRAPH: "34",
    Role.BAR: "4",
}
"""Escape codes by role."""


def first_screen(state: State, settings: ViewSettings, watched: str, cells: int, *, is_coloured: bool) -> str:
    """Write the first screen of a reading, lines of `cells` at most; with escape codes only where asked for."""
    assert state.reading is not None, "there is a reading"
    history = History()
    history.take(state.reading)
    view = SCREENS[first_number(state.reading.metrics)]
    context = Context(state.reading, history, state.reading.taken_at, settings, cells, None)
    notice: list[Line] = [((f" {state.notice}", Role.WARNING),)] if state.notice else []
    lines = [
        title_line(state, settings, watched, state.reading.taken_at, cells, is_paused=False),
        *(fit_line(line, cells) for line in notice),
        *page_of(view, context, Focus()).lines,
    ]
    return _coloured(lines) if is_coloured else plain_text(lines)


def _coloured(lines: Iterable[Line]) -> str:
    return "".join("".join(_code(text, role) for text, role in shown(line)) + "\n" for line in lines)


def _code(text: str, role: Role) -> str:
    code = CODES.get(role)
    return text if code is None else f"\x1b[{code}m{text}\x1b[0m"
