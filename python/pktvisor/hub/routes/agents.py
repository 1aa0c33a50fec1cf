"""The agents that the hub knows."""

from __future__ import annotations

from pktvisor import clock
from pktvisor.api.keys import Schema
from pktvisor.hub.answers import hub_of
from pktvisor.hub.presence import describe_agent
from pktvisor.outputs.json import Document
from pktvisor.server.context import Context
from pktvisor.server.endpoint import Answer, Endpoint, Refusal, refusal

TEXT = {"type": "string"}
COUNT = {"type": "integer", "minimum": 0}
TIME = {"type": "number"}
AGENT: Schema = {
    "type": "object",
    "required": ["state", "last_seen"],
    "properties": {
        "state": {"enum": ["live", "stale", "gone"]},
        "version": TEXT,
        "tags": {"type": "object", "additionalProperties": TEXT},
        "policies": {"type": "array", "items": TEXT},
        "first_seen": TIME,
        "last_seen": TIME,
        "newest_window_end": TIME,
        "restarts": COUNT,
        "windows": {
            "type": "object",
            "properties": {"stored": COUNT, "duplicate": COUNT, "refused": COUNT, "missing": COUNT},
        },
        "refusal": TEXT,
    },
}
AGENTS: Schema = {"type": "object", "additionalProperties": AGENT}


def every(context: Context) -> Document:
    """Tell of all agents."""
    hub, now_ns = hub_of(context), clock.now_ns()
    return {agent.name: describe_agent(agent, hub.registry.seen, now_ns) for agent in hub.registry.agents()}


def one(context: Context, name: str) -> Document:
    """Tell of one agent."""
    hub = hub_of(context)
    agent = hub.registry.find(name)
    if agent is None:
        raise Refusal(404, {"error": f"there is no agent {name}"})
    return {name: describe_agent(agent, hub.registry.seen, clock.now_ns())}


def remove(context: Context, name: str) -> Document:
    """Forget an agent; its windows stay."""
    hub = hub_of(context)
    hub.reports.remove(name)
    if not hub.registry.remove(name):
        raise Refusal(404, {"error": f"there is no agent {name}"})
    return {}


UNKNOWN = refusal("There is no such agent")

ENDPOINTS = (
    Endpoint(
        path="/api/v1/agents",
        summary="All agents that the hub knows, in the order in which they were first heard of",
        answer=every,
        success=Answer("The agents by name", AGENTS),
    ),
    Endpoint(
        path="/api/v1/agents/{name:agent}",
        is_own=True,
        summary="One agent",
        answer=one,
        success=Answer("The agent below its name", AGENTS),
        refusals={404: UNKNOWN},
    ),
    Endpoint(
        method="DELETE",
        path="/api/v1/agents/{name:agent}",
        scope="admin",
        summary="Forget an agent until it is heard of again; its windows stay",
        answer=remove,
        success=Answer("Nothing", {"type": "object", "additionalProperties": False}),
        refusals={404: UNKNOWN},
    ),
)
