"""What a policy counted in each step of the last hour."""

from __future__ import annotations

from pktvisor.api.documents import LATEST_S
from pktvisor.api.keys import document_of
from pktvisor.errors import NotFoundError
from pktvisor.outputs.json import Document
from pktvisor.server import schemas
from pktvisor.server.context import Context
from pktvisor.server.endpoint import Answer, Endpoint, Query, Refusal, refusal


def series(context: Context, name: str, *, since: int) -> Document:
    """Give the steps of a policy that are over."""
    policy = context.agent.policies.get(name)
    if policy is None:
        raise Refusal(404, {"error": "policy does not exist"})
    return document_of(policy.series(since))


ENDPOINTS = (
    Endpoint(
        path="/api/v1/policies/{name:identifier}/series",
        summary="What a policy counted in each step, as 10 seconds, of the last hour, as far as that is over",
        answer=series,
        query=(Query("since", "Only steps that began at this time or later, Unix seconds", "number", 0, LATEST_S, 0),),
        success=Answer("Counters, histograms, ledger and completeness, step by step", schemas.SERIES),
        refusals={404: refusal("There is no such policy, or it is a hub's, which has no steps")},
        faults={NotFoundError: 404},
    ),
)
