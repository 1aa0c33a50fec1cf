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
    panels = document_panels(handlers[chosen].metrics, context.settings.units)
    return Content(panels, [_choice(handlers, chosen)])


def _choice(handlers: tuple[HandlerMetrics, ...], chosen: int) -> Line:
    """Give the handlers' names, the chosen one marked."""
    line: Line = ((" h ", Role.LABEL),)
    for number, handler in enumerate(handlers):
        role = Role.ACTIVE_TAB if number == chosen else Role.TAB
        line = (*line, (f" {handler.instance} ", role))
    return line


VIEW = View("handlers", "Handlers", build)
