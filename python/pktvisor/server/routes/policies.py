"""Which policies are at work."""

from __future__ import annotations

from starlette.routing import BaseRoute

from pktvisor.outputs.json import Document
from pktvisor.server.context import Context
from pktvisor.server.replies import Refusal, json_route


def routes(context: Context) -> list[BaseRoute]:
    """Make the routes."""

    def every() -> Document:
        return {name: policy.describe() for name, policy in context.agent.policies.items()}

    def one(name: str) -> Document:
        policy = context.agent.policies.get(name)
        if policy is None:
            raise Refusal(404, {"error": "policy does not exists"})
        return {name: policy.describe()}

    return [json_route("/api/v1/policies", every), json_route("/api/v1/policies/{name:identifier}", one)]
