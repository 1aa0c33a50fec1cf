"""All agents at once, as the page shows them."""

from __future__ import annotations

from typing import get_args

from pktvisor.api.keys import Schema
from pktvisor.hub.answers import hub_of
from pktvisor.hub.fleet import State, fleet
from pktvisor.outputs.json import Document
from pktvisor.server.context import Context
from pktvisor.server.endpoint import Answer, Endpoint, Query

MOST_HOURS = 24
COUNT: Schema = {"type": "integer", "minimum": 0}
TEXT: Schema = {"type": "string"}
SHARE: Schema = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
STRIP: Schema = {"type": "string", "pattern": "^[0-9a-z ]*$"}
"""A character a step: 0 to z for none to all, a blank where nothing is known."""
AGENT: Schema = {
    "type": "object",
    "required": [
        "state",
        "last_seen",
        "version",
        "tags",
        "policies",
        "packets_per_s",
        "loss",
        "failing",
        "gaps",
        "packets",
    ],
    "properties": {
        "state": {"enum": [*get_args(State)]},
        "last_seen": COUNT,
        "version": TEXT,
        "tags": {"type": "object", "additionalProperties": TEXT},
        "policies": COUNT,
        "rollout": TEXT,
        "desired": COUNT,
        "actual": COUNT,
        "packets_per_s": {"type": ["number", "null"]},
        "loss": SHARE,
        "failing": SHARE,
        "gaps": STRIP,
        "packets": STRIP,
        "memory_bytes": COUNT,
    },
}
FLEET: Schema = {
    "type": "object",
    "required": ["start", "step_s", "agents"],
    "properties": {"start": COUNT, "step_s": COUNT, "agents": {"type": "object", "additionalProperties": AGENT}},
}


def every(context: Context, hours: int) -> Document:
    """Tell of all agents."""
    hub = hub_of(context)
    return fleet(hub, hours, hub.now_ns())


ENDPOINTS = (
    Endpoint(
        path="/api/v1/fleet",
        summary="All agents: their states, newest figures, and strips of the last hours",
        answer=every,
        query=(Query("hours", "Hours that the strips are of", "number", 1, MOST_HOURS, 6),),
        success=Answer(
            "The agents by name. In strips a step is a character, `0` to `z` from none to all, and a blank where "
            "nothing is known: `gaps` tells how complete a step is, `packets` how many, of the most in a step",
            FLEET,
        ),
    ),
)
