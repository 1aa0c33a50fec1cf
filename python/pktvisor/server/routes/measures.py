"""What can be measured: the columns of events, and the handlers with their metrics."""

from __future__ import annotations

from dataclasses import asdict

from pktvisor.api.catalogue import ShownColumn
from pktvisor.api.keys import document_of
from pktvisor.metrics.expressions import schema
from pktvisor.outputs.json import Document
from pktvisor.server import schemas
from pktvisor.server.catalogue import describe_handlers
from pktvisor.server.context import Context
from pktvisor.server.endpoint import Answer, Endpoint


def columns(_: Context) -> list[Document]:
    """Give the columns that conditions and metrics of a policy can name."""
    return [document_of(ShownColumn(**asdict(column))) for column in schema().values()]


def handlers(_: Context) -> list[Document]:
    """Give the handlers that policies can name, with their options, groups and metrics."""
    return describe_handlers()


ENDPOINTS = (
    Endpoint(
        path="/api/v1/columns",
        summary="The columns that conditions and metrics can name",
        answer=columns,
        success=Answer("The columns in the order of the schema", schemas.COLUMNS),
    ),
    Endpoint(
        path="/api/v1/handlers",
        summary="The handlers that policies can name, with their options, groups and metrics",
        answer=handlers,
        success=Answer("The handlers by type and version", schemas.HANDLERS),
    ),
)
