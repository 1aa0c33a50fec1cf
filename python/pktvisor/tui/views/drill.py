"""What goes with one name or address: its clients, or its names. Not a screen of its own, but one over any other."""

from __future__ import annotations

from dataclasses import replace

from pktvisor.tui.drill import Related, related
from pktvisor.tui.lines import Line, Role
from pktvisor.tui.panels import Panel, top_panel
from pktvisor.tui.views.content import Content, Context, View, nothing

WAITING = "waiting for the next answer"
UNTOLD = (
    "No policy here splits names by client. One with a custom handler can:",
    "metrics: {clients: {top_n: ip.src, by: dns.qname}, names: {top_n: dns.qname, by: ip.src}}",
    "The whole policy is in docs/how-to/watch-in-the-terminal.md.",
)
UNKNOWN = "none in this window"


def build(context: Context) -> Content:
    """Make the screen of the last target on the trail."""
    trail = context.settings.trail
    above = _trail_line(tuple(target.text for target in trail))
    pairs = context.reading.pairs
    if pairs is not None and not context.reading.keeps_pairs:
        return Content((), (above, *(line for text in UNTOLD for line in nothing(text)[1:])))
    most_rows = 10 if context.height is None else max(context.height - 4, 1)
    # While nothing is read yet the panels are there already, so that the keys can go to them.
    empty = WAITING if pairs is None else UNKNOWN
    panels = [_panel(number, one, empty) for number, one in enumerate(related(pairs or (), trail[-1]))]
    return Content(panels, (above, ()), most_rows=most_rows)


def _panel(number: int, one: Related, empty: str) -> Panel:
    base = sum(entry.estimate for entry in one.entries)
    return replace(top_panel(f"{number}_drill", one.title, one.entries, base=base), empty=empty)


def _trail_line(texts: tuple[str, ...]) -> Line:
    """Say how one came here."""
    return ((" " + " > ".join(texts), Role.LABEL), ("  Esc goes back", Role.DIM))


VIEW = View("drill", "Drill-down", build, "pairs")
