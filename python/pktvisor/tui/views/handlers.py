"""Any handler of the policy, whatever it measures: flow, BGP, probes, one's own, or what a later release brings."""

from __future__ import annotations

from pktvisor.api.documents import HandlerMetrics
from pktvisor.tui.lines import Line, Role
from pktvisor.tui.views.content import Content, Context, View, nothing
from pktvisor.tui.views.sections import document_panels


def build(context: Context) -> Content:
    """Make the screen of the handler that is chosen."""
    handlers = context.reading.metrics.handlers
    if not handlers:
        return Content((), nothing(f"policy {context.reading.metrics.policy} shows no metrics"))
    chosen = context.settings.handler % len(handlers)
    panels = document_panels(handlers[chosen].metrics, context.settings.units, context.settings.wanted)
    return Content(panels, [_choice(handlers, chosen, context.width)])


def _choice(handlers: tuple[HandlerMetrics, ...], chosen: int, cells: int) -> Line:
    """Give the handlers' names, the chosen one marked and in sight."""
    names = [f" {handler.instance} " for handler in handlers]
    first = 0
    while first < chosen and sum(len(name) for name in names[first : chosen + 1]) + 3 > cells:
        first += 1
    marked = [(name, Role.ACTIVE_TAB if number == chosen else Role.TAB) for number, name in enumerate(names)]
    return ((" h ", Role.LABEL), *marked[first:])


VIEW = View("handlers", "Handlers", build)
