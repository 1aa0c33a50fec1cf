"""Everything a policy's net handler measured: by direction for 2.0."""

from __future__ import annotations

from pktvisor.api.values import number_at
from pktvisor.tui.views.content import Content, Context, View, nothing
from pktvisor.tui.views.directions import direction_content, has_directions
from pktvisor.tui.views.sections import flat_panels


def build(context: Context) -> Content:
    """Make the screen; of 2.0 where there are both."""
    handler = context.reading.metrics.handler("net", "packets")
    if handler is None:
        return Content((), nothing(f"policy {context.reading.metrics.policy} has no net handler"))
    if has_directions(handler.metrics):
        return direction_content(handler.metrics, context.settings.units, context.width)
    deep = number_at(handler.metrics, "deep_samples") or 0.0
    return Content(flat_panels(handler.metrics, context.settings.units, lambda _: deep))


VIEW = View("net", "Net", build)
