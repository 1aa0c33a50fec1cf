"""The dashboards that the configuration lists."""

from __future__ import annotations

from dataclasses import asdict

from pktvisor.api.dashboards import ShownDashboard, ShownPanel
from pktvisor.api.keys import document_of
from pktvisor.outputs.json import Document
from pktvisor.server import schemas
from pktvisor.server.context import Context
from pktvisor.server.endpoint import Answer, Endpoint


def every(context: Context) -> Document:
    """Give all dashboards."""
    return {
        name: document_of(ShownDashboard(one.title, [document_of(ShownPanel(**asdict(panel))) for panel in one.panels]))
        for name, one in context.agent.dashboards.items()
    }


ENDPOINTS = (
    Endpoint(
        path="/api/v1/dashboards",
        summary="The dashboards that the configuration lists: which panels the web page shows on each",
        answer=every,
        success=Answer("The dashboards by name", schemas.DASHBOARDS),
    ),
)
