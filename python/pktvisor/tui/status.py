"""The lines around a screen: what is shown, which screens there are, what went wrong, which keys do what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pktvisor import _core
from pktvisor.tui import units
from pktvisor.tui.lines import Line, Piece, Role, fit_line, width
from pktvisor.tui.views.content import View, ViewSettings
from pktvisor.tui.views.header import Item, fitting
from pktvisor.tui.watch import State
from pktvisor.tui.watched import Reading

HINTS = (
    ("?", "help"),
    ("p", "policy"),
    ("w", "window"),
    ("space", "pause"),
    ("/", "filter"),
    ("tab", "panel"),
    ("enter", "zoom"),
    ("d", "drill"),
    ("q", "quit"),
    ("o", "sort"),
    ("u", "utc"),
    ("b", "bits"),
    ("%", "percent"),
    ("c", "copy"),
    ("s", "svg"),
    ("j", "json"),
    ("t", "theme"),
)


@dataclass(frozen=True, slots=True)
class Spot:
    """A part of a line that can be clicked, and what it says when it is."""

    start: int
    end: int
    says: str


def title_line(state: State, settings: ViewSettings, watched: str, now: float, cells: int, *, is_paused: bool) -> Line:
    """Say who answers, which policy and which period is shown, and whether that is live."""
    reading = state.reading
    if reading is None:
        return fit_line(fitting([Item("pktvisor", _core.__version__), Item("agent", watched, 0)], cells), cells)
    items = [
        Item("pktvisor", f"(client {_core.__version__} | server {reading.app.version or units.NOTHING})", 4),
        Item("at", watched, 3),
        Item("Policy", reading.metrics.policy, 1),
        Item("Window", reading.window.name(reading.length_s), 1),
        *_period(reading, settings),
        _freshness(state, reading, now, is_paused=is_paused),
    ]
    return fit_line(fitting(items, cells), cells)


def _period(reading: Reading, settings: ViewSettings) -> list[Item]:
    period = reading.metrics.period
    if period is None:
        return []
    start, end = (settings.units.clock(time_s) for time_s in (period.start_ts, period.start_ts + period.length))
    zone = " UTC" if settings.units.is_utc else ""
    return [Item("Time", f"{start} to {end}{zone}", 2), Item("Period", f"{period.length} s", 1)]


def _freshness(state: State, reading: Reading, now: float, *, is_paused: bool) -> Item:
    if state.fault is not None:
        return Item("●", f"{units.duration(now - reading.taken_at)} old", 0, Role.BAD)
    if is_paused:
        return Item("●", "paused", 0, Role.WARNING)
    if not reading.is_live:
        return Item("●", "file", 0, Role.GOOD)
    return Item("●", "ok", 0, Role.GOOD)


def tabs_line(views: Sequence[View], active: int, cells: int) -> tuple[Line, list[Spot]]:
    """Give the screens' names with their keys; on narrow screens the names are cut short."""
    names = [view.title for view in views]
    longest = max(len(name) for name in names)
    while sum(len(name) + 4 for name in names) > cells and longest > 3:
        longest -= 1
        names = [name[:longest] for name in names]
    line: list[Piece] = []
    spots = []
    for number, name in enumerate(names):
        text = f" {number + 1} {name} "
        start = width(tuple(line))
        line.append((text, Role.ACTIVE_TAB if number == active else Role.TAB))
        spots.append(Spot(start, start + len(text), f"screen({number})"))
    return fit_line(tuple(line), cells), spots


def fault_line(state: State, now: float, cells: int) -> Line | None:
    """Say what went wrong and when the next try is; None where all is well."""
    if state.fault is None:
        return fit_line(((f" {state.notice}", Role.WARNING),), cells) if state.notice else None
    wait_s = max(0, round(state.retry_at - now))
    after = f"; next try in {wait_s} s" if wait_s else "; trying again"
    room = cells - len(after) - 2
    text = str(state.fault)
    text = text if len(text) <= room else f"{text[: max(room - 1, 0)]}…"
    return fit_line(((f" {text}{after}", Role.BAD),), cells)


def hints_line(says: str, position: str, cells: int) -> tuple[Line, list[Spot]]:
    """Give the keys, as many as fit, or what there is to say; at the right how far the screen is scrolled."""
    room = cells - len(position) - 1
    line: list[Piece] = [(" ", Role.PLAIN)]
    spots: list[Spot] = []
    if says:
        line.append((says, Role.WARNING))
    else:
        for key, name in HINTS:
            start = width(tuple(line))
            if start + len(key) + len(name) + 3 > room:
                break
            line += [(key, Role.LABEL), (f" {name}", Role.DIM), ("  ", Role.PLAIN)]
            spots.append(Spot(start, start + len(key) + len(name) + 1, f"key({key})"))
    left = fit_line(tuple(line), room)
    return fit_line((*left, (f"{position} ", Role.DIM)), cells), spots


def spot_at(spots: Sequence[Spot], x: int) -> str:
    """Give what a click on a line says; empty where there is nothing."""
    return next((spot.says for spot in spots if spot.start <= x < spot.end), "")
