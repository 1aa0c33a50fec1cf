"""The description of this interface."""

from __future__ import annotations

from pktvisor.outputs.json import Document
from pktvisor.server.context import Context
from pktvisor.server.endpoint import Answer, Endpoint


def openapi(context: Context) -> Document:
    """Describe the routes that are served."""
    return context.describe()


ENDPOINTS = (
    Endpoint(
        path="/api/v1/openapi.json",
        summary="This description (OpenAPI 3.1)",
        answer=openapi,
        success=Answer("The document", {"type": "object", "required": ["openapi", "info", "paths"]}),
    ),
)
