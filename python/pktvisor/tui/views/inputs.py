"""The agent's inputs: whether they run, what feeds from them, and what became of their packets."""

from __future__ import annotations

from pktvisor.api.documents import ShownInput
from pktvisor.api.values import leaves
from pktvisor.tui import units
from pktvisor.tui.lines import Role
from pktvisor.tui.panels import WIDE, Panel, PanelRow, facts_panel
from pktvisor.tui.views.content import Content, Context, View, nothing
from pktvisor.tui.views.facts import facts_of, state

GOOD_ENDS = ("seen", "decoded", "filtered", "direction_unknown")
"""Entries of a ledger that are no loss; every other one that is not 0 is shown as one."""


def build(context: Context) -> Content:
    """Make the screen."""
    inputs = context.reading.inventory.inputs
    if not inputs:
        return Content((), nothing("there are no inputs"))
    panels: list[Panel] = []
    for one in inputs.values():
        panels += [_about(one), _ledger(one)]
    return Content(panels)


def _about(one: ShownInput) -> Panel:
    facts = [("state", state(one.is_running))]
    if one.consumers is not None:
        facts.append(("consumers", units.count(one.consumers)))
    facts += facts_of(one.config)
    facts += facts_of({"direction_unknown_share": one.direction_unknown_share, "fault": one.fault})
    for key, detail in one.details.items():
        facts += facts_of({key: detail})
    facts += facts_of({"warnings": list(one.warnings or ())})
    return facts_panel(f"{one.name}#about", f"Input {one.name}", facts)


def _ledger(one: ShownInput) -> Panel:
    """Give the account of an input's packets, in shares of those seen: ends first, then the reasons that came up."""
    counts = {".".join(path): value for path, value in leaves(one.ledger) if isinstance(value, int | float)}
    names = [*(name for name in GOOD_ENDS if name in counts), *(name for name in counts if name not in GOOD_ENDS)]
    shown = sorted((name for name in names if counts[name] or "." not in name), key=lambda name: "." in name)
    hidden = len(names) - len(shown)
    return Panel(
        f"{one.name}#ledger",
        f"Packets of {one.name}",
        tuple(_ledger_row(name, counts[name], counts.get("seen", 0)) for name in shown),
        note=f"{hidden} more at 0" if hidden else "",
        empty="no ledger",
        is_whole=True,
        least_width=WIDE,
    )


def _ledger_row(name: str, value: float, seen: float) -> PanelRow:
    is_loss = value > 0 and name not in GOOD_ENDS
    cells = (units.count(value), units.percent(value, seen) if seen else "")
    return PanelRow(name, cells, value, role=Role.BAD if is_loss else Role.VALUE)


VIEW = View("inputs", "Inputs", build, "inventory")
