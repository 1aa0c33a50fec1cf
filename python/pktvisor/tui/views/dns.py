"""Everything a policy's dns handler measured: by direction for 2.0."""

from __future__ import annotations

from functools import partial

from pktvisor.tui.figures import DNS, Figures
from pktvisor.tui.views.content import Content, Context, View, nothing
from pktvisor.tui.views.directions import direction_content, has_directions
from pktvisor.tui.views.sections import flat_panels

OF_REPLIES = ("nxdomain", "refused", "srvfail", "nodata", "noerror", "rcode")
"""Lists that only replies get into."""


def build(context: Context) -> Content:
    """Make the screen; of the handler with directions where there is one."""
    handlers = [handler for handler in context.reading.metrics.handlers if handler.schema == "dns"]
    if not handlers:
        return Content((), nothing(f"policy {context.reading.metrics.policy} has no dns handler"))
    handler = max(handlers, key=lambda one: has_directions(one.metrics))
    if has_directions(handler.metrics):
        return direction_content(handler.metrics, context.settings.units, context.width)
    figures = Figures(handler.metrics, DNS, False)
    return Content(flat_panels(handler.metrics, context.settings.units, partial(_base, figures)))


def _base(figures: Figures, name: str) -> float:
    """Give what a list of 1.0 is a share of."""
    if name.endswith("top_slow"):
        return figures.amount("xacts")
    if name.endswith(("_bytes", "_ecs")):
        return 0.0
    return figures.amount("replies" if name.removeprefix("top_") in OF_REPLIES else "total")


VIEW = View("dns", "DNS", build)
