"""One metric over any time."""

from __future__ import annotations

from pktvisor.api.keys import Schema
from pktvisor.hub.answers import hub_of
from pktvisor.hub.asking import APART, FAULTS, METRIC, REFUSALS, TIME, TOLD, TOP, apart, seconds
from pktvisor.hub.by_agent import answer_by_agent
from pktvisor.hub.history import AGENT, Question, answer
from pktvisor.hub.lacking import explained
from pktvisor.outputs.json import Document
from pktvisor.server.context import Context
from pktvisor.server.endpoint import Answer, Endpoint, Query

NUMBER: Schema = {"type": "integer"}
TEXT: Schema = {"type": "string"}
HISTORY: Schema = {
    "type": "object",
    "required": ["policy", "metric", "step_s", "series"],
    "properties": {
        "policy": TEXT,
        "metric": TEXT,
        "kind": TEXT,
        "step_s": NUMBER,
        "by": TEXT,
        "tag": TEXT,
        **TOLD,
        "series": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "array"}}},
    },
}


def history(
    context: Context,
    *,
    metric: str,
    policy: str,
    by: str,
    agent: str,
    step: int,
    top: int,
    to: int | None,
    **more: int | None,
) -> Document:
    """Give a metric over a time, in steps."""
    hub, (tag, agents) = hub_of(context), apart(by, agent)
    question = Question(policy, metric, *seconds(more["from"], to), step, tag, top, by_agent=by == AGENT, agents=agents)
    told = answer_by_agent(question, hub.windows) if by == AGENT else answer(question, hub.stored, hub.minutes)
    return explained(told, question, hub.stored, hub.minutes)


ENDPOINTS = (
    Endpoint(
        path="/api/v1/history",
        takes_long=True,
        summary="One metric over any time, in steps, of all agents, or apart by a tag or by agent",
        answer=history,
        query=(
            *METRIC,
            *TIME,
            Query(
                "step",
                "Seconds of a step: part of an hour, or hours; 0: as the time allows",
                "number",
                0,
                31_536_000,
                0,
            ),
            *APART,
            TOP,
        ),
        success=Answer("Points by value of the tag or by agent, each its start and its value", HISTORY),
        refusals=REFUSALS,
        faults=FAULTS,
    ),
)
