"""A whole configuration at once: what does not change keeps its windows."""

from __future__ import annotations

from pktvisor.errors import ConflictError, NotFoundError
from pktvisor.outputs.json import Document
from pktvisor.server import schemas
from pktvisor.server.context import Context
from pktvisor.server.endpoint import CONFIGURATION_FAULTS, Answer, Endpoint, Query, refusal


def running(context: Context) -> Document:
    """Tell what runs, as texts."""
    return context.agent.configuration()


def check(context: Context, text: str) -> Document:
    """Tell what is wrong with the body."""
    return context.agent.find_faults(text)


def apply(context: Context, text: str, *, dry_run: bool, detail: bool) -> Document:
    """Make taps and policies those of the body."""
    return context.agent.apply(text, is_dry_run=dry_run, is_detailed=detail)


def apply_policy(context: Context, text: str, *, base: str | None, dry_run: bool) -> Document:
    """Add the one policy of the body, or change it."""
    return context.agent.apply_policy(text, base=base, is_dry_run=dry_run)


def reload(context: Context, *, dry_run: bool, detail: bool) -> Document:
    """Read the configuration file again."""
    return context.agent.apply(None, is_dry_run=dry_run, is_detailed=detail)


DRY_RUN = Query("dry_run", "Only report what would change", "flag", default=False)
DETAIL = Query("detail", "Tell which windows are dropped, and what becomes of inputs", "flag", default=False)
BASE = Query(
    "base",
    "The digest of the policy that the text was made from, empty for none: refused where it is another one by now",
    "text",
    most=64,
)
CHANGES = Answer("What was (or would be) added, changed, removed and left alone", schemas.CHANGES)
WRONG = refusal("The configuration is invalid; nothing has changed")
FAILED = refusal("An input can't be opened")

ENDPOINTS = (
    Endpoint(
        path="/api/v1/config",
        scope="admin",
        summary="Taps and policies that run, as texts",
        answer=running,
        success=Answer(
            "Each by its name, in the words that it came in where these say it by themselves", schemas.CONFIGURATION
        ),
    ),
    Endpoint(
        method="POST",
        path="/api/v1/config/check",
        scope="admin",
        summary="Tell everything that is wrong with taps and policies that are to join those that run",
        answer=check,
        takes_configuration=True,
        takes_long=True,
        success=Answer("What is wrong, and what would have no effect; nothing has changed", schemas.CHECKED),
        refusals={422: refusal("A hub checks no texts")},
        faults=CONFIGURATION_FAULTS,
    ),
    Endpoint(
        method="POST",
        path="/api/v1/config/policy",
        scope="admin",
        summary="Add the one policy of the body, or put it in the place of the one of its name",
        answer=apply_policy,
        takes_configuration=True,
        query=(DRY_RUN, BASE),
        success=Answer("As for a whole configuration, in detail; all other policies stay", schemas.CHANGES),
        refusals={
            409: refusal("The policy has been changed meanwhile, or comes from the hub"),
            422: WRONG,
            500: FAILED,
        },
        faults={**CONFIGURATION_FAULTS, ConflictError: 409},
    ),
    Endpoint(
        method="POST",
        path="/api/v1/config",
        scope="admin",
        summary="Make taps and policies those of a whole configuration",
        answer=apply,
        takes_configuration=True,
        query=(DRY_RUN, DETAIL),
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
        query=(DRY_RUN, DETAIL),
        success=CHANGES,
        refusals={404: refusal("The agent was started without a configuration file"), 422: WRONG, 500: FAILED},
        faults={**CONFIGURATION_FAULTS, NotFoundError: 404},
    ),
)
