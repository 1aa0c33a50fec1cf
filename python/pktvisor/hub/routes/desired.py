"""What the hub wants of its agents, and what these have."""

from __future__ import annotations

from pktvisor import clock
from pktvisor.agent.desired import hash_of, parts_document
from pktvisor.api.catalogue import Difference
from pktvisor.api.keys import Schema, schema_of
from pktvisor.errors import InputError
from pktvisor.hub.answers import hub_of
from pktvisor.hub.desired import difference_of, known_names, parts_for, read_report, tags_of
from pktvisor.hub.wanted import wanted
from pktvisor.outputs.json import Document
from pktvisor.server.context import Context
from pktvisor.server.endpoint import Answer, Endpoint, Refusal, refusal

TEXT: Schema = {"type": "string"}
TEXTS: Schema = {"type": "array", "items": TEXT}
STATES = ["as desired", "pending", "refused", "left out", "silent", "none"]
DIFFERENCE: Schema = {
    "type": "object",
    "required": ["state", "texts", "policies", "missing", "extra", "changed", "left_out"],
    "properties": {
        "state": {"enum": STATES},
        "texts": TEXTS,
        "policies": TEXTS,
        "missing": TEXTS,
        "extra": TEXTS,
        "changed": TEXTS,
        "left_out": TEXTS,
        "mistake": TEXT,
        "refusal": TEXT,
        "heard": {"type": "number"},
        "dry_run": {
            "type": "object",
            "required": ["texts"],
            "properties": {"texts": TEXTS, "error": TEXT, "policies": schema_of(Difference)},
        },
    },
}
WANTED: Schema = {
    "type": "object",
    "required": ["hash"],
    "properties": {
        "hash": TEXT,
        "parts": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "text", "dry_run"],
                "properties": {"name": TEXT, "text": TEXT, "dry_run": {"type": "boolean"}},
            },
        },
    },
}
TEXT_WANTED: Schema = {
    "type": "object",
    "required": ["file", "text", "tags", "dry_run", "policies", "agents", "states", "refusals"],
    "properties": {
        "file": TEXT,
        "text": TEXT,
        "tags": {"type": "object", "additionalProperties": TEXTS},
        "dry_run": {"type": "boolean"},
        "policies": TEXTS,
        "agents": {"type": "integer", "minimum": 0},
        "states": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}},
        "refusals": {"type": "object", "additionalProperties": TEXT},
        "mistake": TEXT,
    },
}


def texts(context: Context) -> Document:
    """Tell of the texts that the hub wants of agents."""
    return wanted(hub_of(context))


def ask(context: Context, name: str, body: bytes, sender: str | None) -> Document:
    """Take an agent's report, and give what is wanted of it, unless it knows that."""
    if sender not in (None, name):
        raise Refusal(403, {"error": f"this token is for the agent {sender}, not for {name}"})
    hub = hub_of(context)
    try:
        report = read_report(body, clock.now_ns())
    except InputError as error:
        raise Refusal(422, {"error": str(error)}) from None
    hub.reports.note(name, report)
    parts = parts_for(hub.desired, report.tags)
    found = hash_of(parts)
    return {"hash": found} if found == report.known else {"hash": found, "parts": parts_document(parts)}


def one(context: Context, name: str) -> Document:
    """Tell what an agent is to have, and what it has."""
    hub = hub_of(context)
    tags = tags_of(name, hub.registry, hub.reports)
    if tags is None:
        raise Refusal(404, {"error": f"there is no agent {name}"})
    return {name: difference_of(parts_for(hub.desired, tags), hub.reports.find(name))}


def every(context: Context) -> Document:
    """Tell of all agents that have something of the hub's, or are to have it."""
    hub = hub_of(context)
    told: Document = {}
    for name in known_names(hub.registry, hub.reports):
        tags = tags_of(name, hub.registry, hub.reports) or {}
        document = difference_of(parts_for(hub.desired, tags), hub.reports.find(name))
        if document["state"] != "none":
            told[name] = document
    return told


UNKNOWN = refusal("There is no such agent")

ENDPOINTS = (
    Endpoint(
        path="/api/v1/desired",
        takes_long=True,
        summary="What agents are to have by the hub's configuration, what they have, and how these differ",
        answer=every,
        success=Answer(
            "The differences by agent, of those that have or are to have anything",
            {"type": "object", "additionalProperties": DIFFERENCE},
        ),
    ),
    Endpoint(
        path="/api/v1/hub/desired",
        takes_long=True,
        summary="The files with taps and policies that the hub gives to agents: text, who gets it, what became of it",
        answer=texts,
        success=Answer(
            "By name in the hub's configuration; `states` counts agents by the state of `/api/v1/desired`",
            {"type": "object", "additionalProperties": TEXT_WANTED},
        ),
    ),
    Endpoint(
        path="/api/v1/agents/{name:agent}/desired",
        is_own=True,
        summary="What an agent is to have by the hub's configuration, what it has, and how these differ",
        answer=one,
        success=Answer("The difference below the agent's name", {"type": "object", "additionalProperties": DIFFERENCE}),
        refusals={404: UNKNOWN},
    ),
    Endpoint(
        method="POST",
        path="/api/v1/agents/{name:agent}/desired",
        scope="send",
        summary="Report what an agent has of the hub's, and get what it is to have, if it does not know that",
        answer=ask,
        body_types=("application/json",),
        success=Answer("Texts with taps and policies, and what tells them from others", WANTED),
        refusals={422: refusal("The report makes no sense")},
    ),
)
