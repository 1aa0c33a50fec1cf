"""One metric over any time."""

from __future__ import annotations

from pktvisor import clock
from pktvisor.api.keys import Schema
from pktvisor.errors import ConfigError, NotFoundError
from pktvisor.hub.answers import hub_of
from pktvisor.hub.history import MOST_TOP, Question, answer
from pktvisor.outputs.json import Document
from pktvisor.server.context import Context
from pktvisor.server.endpoint import Answer, Endpoint, Query, refusal

HOUR_S = 3600
LATEST_S = 99_999_999_999
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
        "tag": TEXT,
        "data_from": {"type": ["integer", "null"]},
        "data_to": {"type": ["integer", "null"]},
        "series": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "array"}}},
    },
}


def history(
    context: Context, *, metric: str, policy: str, by: str, step: int, top: int, to: int | None, **more: int | None
) -> Document:
    """Give a metric over a time, in steps."""
    end_s = clock.now_ns() // 1_000_000_000 if to is None else to
    start_s = more["from"]
    hub = hub_of(context)
    question = Question(policy, metric, end_s - HOUR_S if start_s is None else start_s, end_s, step, by, top)
    return answer(question, hub.hours, hub.sealed, hub.minutes)


ENDPOINTS = (
    Endpoint(
        path="/api/v1/history",
        summary="One metric over any time, in steps, of all agents or apart by a tag",
        answer=history,
        query=(
            Query("metric", "Its place in JSON, as `dns.wire_packets.total`", "text", most=300, default=""),
            Query("policy", "Policy of the hub", "text", most=200, default="default"),
            Query("from", "Begin, in Unix seconds; an hour before the end without it", "number", 0, LATEST_S),
            Query("to", "End, in Unix seconds; now without it", "number", 1, LATEST_S),
            Query(
                "step",
                "Seconds of a step: part of an hour, or hours; 0: as the time allows",
                "number",
                0,
                31_536_000,
                0,
            ),
            Query("by", "Apart by the values of this tag", "text", most=200, default=""),
            Query("top", "Items of a top list", "number", 1, MOST_TOP, 10),
        ),
        success=Answer("Points by value of the tag, each its start and its value", HISTORY),
        refusals={400: refusal("The question makes no sense, or asks for too much"), 404: refusal("No such policy")},
        faults={ConfigError: 400, NotFoundError: 404},
    ),
)
