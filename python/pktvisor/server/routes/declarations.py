"""What the handlers of a policy declare: what to make of its metrics, whoever declared them."""

from __future__ import annotations

from pktvisor.outputs.json import Document
from pktvisor.server import schemas
from pktvisor.server.catalogue import declarations
from pktvisor.server.context import Context
from pktvisor.server.endpoint import Answer, Endpoint, Refusal, refusal


def one(context: Context, name: str) -> Document:
    """Give the declarations of a policy's handlers."""
    policy = context.agent.policies.get(name)
    if policy is None:
        raise Refusal(404, {"error": "policy does not exist"})
    return {"handlers": declarations(policy.modules)}


ENDPOINTS = (
    Endpoint(
        path="/api/v1/policies/{name:identifier}/declarations",
        summary="The handlers of a policy, with the metrics that they declare and whether their groups are on",
        answer=one,
        success=Answer("The handlers by name; none of a hub's policy", schemas.DECLARATIONS),
        refusals={404: refusal("There is no such policy")},
    ),
)
