"""What a screen is made from, and what it is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from pktvisor.tui.drill import Target
from pktvisor.tui.history import History
from pktvisor.tui.layout import Focus, Page, PageSetup, lay_out, zoomed
from pktvisor.tui.lines import Line, Role
from pktvisor.tui.panels import Order, Panel, arranged, with_rows
from pktvisor.tui.units import Units
from pktvisor.tui.watched import Extra, Reading


@dataclass(frozen=True, slots=True)
class ViewSettings:
    """How the person at the keys wants it."""

    units: Units = field(default_factory=Units)
    order: Order = "count"
    wanted: str = ""
    """Only rows and panels with this text; empty for all."""
    handler: int = 0
    """Which of several handlers, on the screen that shows one of them."""
    trail: tuple[Target, ...] = ()
    """Names and addresses that were looked into, one from the list of the other; the last is shown."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a screen is made from."""

    reading: Reading
    history: History
    now: float
    """Unix seconds."""
    settings: ViewSettings
    width: int
    height: int | None
    """Lines that are to be seen without scrolling; None where all are."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a screen is made of."""

    panels: Sequence[Panel]
    above: Sequence[Line] = ()
    most_rows: int = 10
    """Rows of any panel at most, where each has as many as the highest beside it."""
    columns: int | None = None


@dataclass(frozen=True, slots=True)
class View:
    """One screen."""

    name: str
    title: str
    build: Callable[[Context], Content]
    extra: Extra | None = None
    """What it wants read beside the policy's metrics."""


def page_of(view: View, context: Context, focus: Focus, *, is_zoomed: bool = False) -> Page:
    """Lay a screen out."""
    content = view.build(context)
    settings = context.settings
    panels = [arranged(panel, settings.order, settings.wanted) for panel in content.panels]
    setup = PageSetup(context.width, focus, most_rows=content.most_rows, columns=content.columns)
    if is_zoomed and (panel := next((one for one in panels if one.key == focus.panel), None)):
        return zoomed(panel, setup)
    if settings.wanted:
        panels = with_rows(panels)
    page = lay_out(panels, setup, content.above)
    if panels or not content.panels:
        return page
    return replace(page, lines=(*page.lines, *nothing(f"nothing with {settings.wanted}")))


def nothing(text: str) -> tuple[Line, ...]:
    """Give what stands where a screen has nothing to show."""
    return ((), ((f" {text}", Role.DIM),))
