"""Metrics for Prometheus, in the form that the client asks for."""

from __future__ import annotations

from collections.abc import Mapping

from pktvisor.metrics.snapshot import HandlerSnapshot
from pktvisor.outputs.exposition import FORMATS, choose, render
from pktvisor.server.context import Context
from pktvisor.server.endpoint import Content

EXPOSITION_TYPES = tuple(offered.content_type for offered in FORMATS)

VARY = {"vary": "accept"}


def exposition(
    context: Context, policies: Mapping[str, list[HandlerSnapshot]], accept: str, *, with_handler: bool
) -> Content:
    """Write the windows of policies, given by name."""
    static = context.settings.prometheus_labels
    content_type, body = render(choose(accept), policies, static=static, with_handler=with_handler)
    return Content(body, content_type, VARY)
