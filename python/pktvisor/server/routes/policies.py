"""Which policies are at work; starting and stopping them."""

from __future__ import annotations

from pktvisor.errors import NotFoundError
from pktvisor.outputs.json import Document
from pktvisor.server import schemas
from pktvisor.server.context import Context
from pktvisor.server.endpoint import PEER_POLICY_FAULTS, Answer, Endpoint, Refusal, refusal


def every(context: Context) -> Document:
    """Tell of all policies."""
    return {name: policy.describe() for name, policy in list(context.agent.policies.items())}


def one(context: Context, name: str) -> Document:
    """Tell of one policy."""
    policy = context.agent.policies.get(name)
    if policy is None:
        raise Refusal(404, {"error": "policy does not exists"})
    return {name: policy.describe()}


def add(context: Context, text: str) -> Document:
    """Start a policy."""
    return context.agent.add_policy(text)


def remove(context: Context, name: str) -> Document:
    """Stop a policy."""
    context.agent.remove_policy(name)
    return {}


UNKNOWN = refusal("There is no such policy")

ENDPOINTS = (
    Endpoint(
        path="/api/v1/policies",
        summary="All policies, with their inputs, handlers and taps",
        answer=every,
        success=Answer("The policies by name", schemas.POLICIES),
    ),
    Endpoint(
        path="/api/v1/policies/{name:identifier}",
        summary="One policy, with its input, handlers and tap",
        answer=one,
        success=Answer("The policy below its name", schemas.POLICIES),
        refusals={404: UNKNOWN},
    ),
    Endpoint(
        method="POST",
        path="/api/v1/policies",
        scope="admin",
        summary="Start the one policy that the body defines",
        answer=add,
        takes_configuration=True,
        status=201,
        success=Answer("The policy below its name; nothing where the body has none", schemas.POLICIES),
        refusals={
            409: refusal("There is a policy of that name"),
            422: refusal("No tap fits the selector"),
            500: refusal("The configuration is invalid, or its input can't be opened"),
        },
        faults=PEER_POLICY_FAULTS,
    ),
    Endpoint(
        method="DELETE",
        path="/api/v1/policies/{name:identifier}",
        scope="admin",
        summary="Stop a policy, and its input where no other policy uses it",
        answer=remove,
        success=Answer("Nothing", schemas.EMPTY),
        refusals={404: UNKNOWN},
        faults={NotFoundError: 404},
    ),
)
