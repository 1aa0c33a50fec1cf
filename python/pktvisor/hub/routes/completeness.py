"""Which agents a figure of the hub is made of, and which are missing."""

from __future__ import annotations

from pktvisor import clock
from pktvisor.api.keys import Schema
from pktvisor.errors import PeriodError
from pktvisor.hub.answers import hub_of
from pktvisor.hub.delivery import MINUTE_S
from pktvisor.hub.hub import Hub
from pktvisor.hub.policy import HubPolicy
from pktvisor.hub.presence import state_of
from pktvisor.hub.registry import KnownAgent
from pktvisor.hub.showing import names_of
from pktvisor.outputs.json import Document
from pktvisor.server.context import Context
from pktvisor.server.endpoint import Answer, Endpoint, Refusal, refusal

MOST_NAMES = 1000
COUNT: Schema = {"type": "integer", "minimum": 0}
COMPLETENESS: Schema = {
    "type": "object",
    "required": ["policy", "start", "present", "missing", "missing_names"],
    "properties": {
        "policy": {"type": "string"},
        "start": {"type": "integer"},
        "present": COUNT,
        "missing": COUNT,
        "missing_names": {"type": "array", "items": {"type": "string"}},
    },
}


def completeness(context: Context, name: str, number: int) -> Document:
    """Tell which agents have sent a minute of a policy, and which should have."""
    hub, now_ns = hub_of(context), clock.now_ns()
    policy = context.agent.policies.get(name)
    if not isinstance(policy, HubPolicy):
        raise Refusal(404, {"error": "policy does not exist"})
    try:
        minute = policy.minute(number)
    except PeriodError as error:
        raise Refusal(425, {"error": str(error)}) from None
    present = policy.agents(minute)
    expected = {
        agent.name
        for agent in hub.registry.agents()
        if _is_shown(name, agent, hub)
        and state_of(agent, now_ns) != "gone"
        and agent.first_seen_ns < (minute + 1) * MINUTE_S * 1_000_000_000
    }
    missing = sorted(expected - present)
    return {
        "policy": name,
        "start": minute * MINUTE_S,
        "present": len(present),
        "missing": len(missing),
        "missing_names": missing[:MOST_NAMES],
    }


def _is_shown(name: str, agent: KnownAgent, hub: Hub) -> bool:
    """Whether a policy of the hub shows one of an agent's."""
    return any(name in names_of(hub.minutes.configured, policy, agent.tags) for policy in agent.policies)


ENDPOINTS = (
    Endpoint(
        path="/api/v1/policies/{name:identifier}/completeness/{number:number}",
        summary="The agents in a bucket of a policy, and those that are missing from it",
        answer=completeness,
        success=Answer("How many are there, and which are not", COMPLETENESS),
        refusals={404: refusal("There is no such policy"), 425: refusal("There is no such bucket (yet)")},
    ),
)
