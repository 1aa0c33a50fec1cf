"""Everything a policy's dhcp handler measured."""

from __future__ import annotations

from pktvisor.tui.views.content import Content, Context, View, nothing
from pktvisor.tui.views.sections import flat_panels


def build(context: Context) -> Content:
    """Make the screen."""
    handler = context.reading.metrics.handler("dhcp")
    if handler is None:
        return Content((), nothing(f"policy {context.reading.metrics.policy} has no dhcp handler"))
    return Content(flat_panels(handler.metrics, context.settings.units))


VIEW = View("dhcp", "DHCP", build)
