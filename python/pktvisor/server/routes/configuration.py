"""A whole configuration at once: what does not change keeps its windows."""

from __future__ import annotations

from pktvisor.errors import NotFoundError
from pktvisor.outputs.json import Document
from pktvisor.server import schemas
from pktvisor.server.context import Context
from pktvisor.server.endpoint import CONFIGURATION_FAULTS, Answer, Endpoint, Query, refusal


def apply(context: Context, text: str, *, dry_run: bool) -> Document:
    """Make taps and policies those of the body."""
    return context.agent.apply(text, is_dry_run=dry_run)


def reload(context: Context, *, dry_run: bool) -> Document:
    """Read the configuration file again."""
    return context.agent.apply(None, is_dry_run=dry_run)


DRY_RUN = Query("dry_run", "Only report what would change", "flag", default=False)
CHANGES = Answer("What was (or would be) added, changed, removed and left alone", schemas.CHANGES)
WRONG = refusal("The configuration is invalid; nothing has changed")
FAILED = refusal("An input can't be opened")

ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/api/v1/config",
        scope="admin",
        summary="Make taps and policies those of a whole configuration",
        answer=apply,
        takes_configuration=True,
        query=(DRY_RUN,),
        success=CHANGES,
        refusals={422: WRONG, 500: FAILED},
        faults=CONFIGURATION_FAULTS,
    ),
    Endpoint(
        method="POST",
        path="/api/v1/config/reload",
        scope="admin",
        summary="Read the configuration file again",
        answer=reload,
        query=(DRY_RUN,),
        success=CHANGES,
        refusals={404: refusal("The agent was started without a configuration file"), 422: WRONG, 500: FAILED},
        faults={**CONFIGURATION_FAULTS, NotFoundError: 404},
    ),
)
