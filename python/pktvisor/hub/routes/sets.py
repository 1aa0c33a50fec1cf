"""What agents saw over a time as a whole: the heaviest items, and what some saw and others did not."""

from __future__ import annotations

from pktvisor.api.keys import Schema
from pktvisor.errors import ConfigError
from pktvisor.hub.answers import hub_of
from pktvisor.hub.asking import APART, FAULTS, METRIC, REFUSALS, TIME, TOLD, TOP, apart, seconds, several
from pktvisor.hub.history import AGENT, Question
from pktvisor.hub.lacking import explained
from pktvisor.hub.sets import MOST_VALUES, difference, heaviest, heaviest_apart
from pktvisor.outputs.json import Document
from pktvisor.server.context import Context
from pktvisor.server.endpoint import Answer, Endpoint, Query

COUNT: Schema = {"type": "integer", "minimum": 0}
TEXT: Schema = {"type": "string"}
TEXTS: Schema = {"type": "array", "items": TEXT}
AGENTS: Schema = {
    "type": "object",
    "required": ["at_least", "at_most"],
    "properties": {"at_least": COUNT, "at_most": COUNT},
}
HEARD: Schema = {
    "type": "object",
    "properties": {
        "of": COUNT,
        "read": {"type": "object", "properties": {"files": COUNT, "bytes": COUNT, "deliveries": COUNT}},
        "reason": TEXT,
        "kept_from": COUNT,
    },
}
BOUNDED: Schema = {
    "type": "object",
    "required": ["estimate", "lower", "upper"],
    "properties": {"name": TEXT, "estimate": COUNT, "lower": COUNT, "upper": COUNT, "agents": AGENTS},
}
ESTIMATED: Schema = {
    "type": "object",
    "required": ["estimate"],
    "properties": {
        "estimate": {"type": ["integer", "null"]},
        "error": COUNT,
        "reason": TEXT,
        "at_most": COUNT,
    },
}
FRAME: dict[str, Schema] = {
    "policy": TEXT,
    "metric": TEXT,
    "kind": TEXT,
    "tag": TEXT,
    "from": COUNT,
    "to": COUNT,
    **TOLD,
    "items": {"type": "array", "items": BOUNDED},
    "unlisted_at_most": COUNT,
}
LIST: dict[str, Schema] = {
    "total": COUNT,
    "items": {"type": "array", "items": BOUNDED},
    "other": BOUNDED,
    "unlisted_at_most": COUNT,
}
HEAVIEST: Schema = {
    "type": "object",
    "required": ["policy", "metric"],
    "properties": {
        **FRAME,
        **LIST,
        "agents": HEARD,
        "by": TEXT,
        "series": {
            "type": "object",
            "additionalProperties": {"type": "object", "required": ["total", "items", "other"], "properties": LIST},
        },
    },
}
DIFFERENCE: Schema = {
    "type": "object",
    "required": ["policy", "metric", "tag", "in", "not_in"],
    "properties": {
        **FRAME,
        "in": TEXTS,
        "not_in": TEXTS,
        "is_certain": {"type": "boolean"},
        "more_items": COUNT,
        "in_both": {"anyOf": [COUNT, ESTIMATED]},
        "elsewhere_at_most": COUNT,
        "only_in": ESTIMATED,
    },
}
MOST_CHARACTERS = MOST_VALUES * 130


def top(
    context: Context,
    *,
    metric: str,
    policy: str,
    tag: str,
    value: str,
    by: str,
    agent: str,
    agents: bool,
    top: int,
    to: int | None,
    **more: int | None,
) -> Document:
    """Give the heaviest items of a time."""
    hub, (by_tag, named) = hub_of(context), apart(by, agent)
    if value and not tag:
        raise ConfigError(f"tag must say which tag has the value {value}, as tag=site")
    if by and agents:
        raise ConfigError("agents can be counted only where they are not told apart: leave out agents or by")
    if by_tag and tag and tag != by_tag:
        raise ConfigError(f"by and tag must be one tag, not {by_tag} and {tag}: a policy of the hub can choose agents")
    question = Question(
        policy,
        metric,
        *seconds(more["from"], to),
        tag=tag or by_tag,
        by_agent=by == AGENT,
        agents=named,
        top=top,
        values=(value,) if tag else (),
    )
    if by:
        told = heaviest_apart(question, hub.windows)
    else:
        told = heaviest(question, hub.stored, hub.minutes, hub.windows if agents else None)
    return explained(told, question, hub.stored, hub.minutes)


def sets(
    context: Context, *, metric: str, policy: str, tag: str, not_in: str, top: int, to: int | None, **more: object
) -> Document:
    """Tell what some agents saw, and others did not."""
    hub = hub_of(context)
    start_s = more["from"]
    time = seconds(start_s if isinstance(start_s, int) else None, to)
    question = Question(policy, metric, *time, tag=tag, top=top, values=several(str(more["in"])))
    told = difference(question, several(not_in), hub.stored, hub.minutes)
    return explained(told, question, hub.stored, hub.minutes)


ENDPOINTS = (
    Endpoint(
        path="/api/v1/history/top",
        takes_long=True,
        summary="The heaviest items of a top list over a time as a whole, and what others weigh; by tag or agent, too",
        answer=top,
        query=(
            *METRIC,
            *TIME,
            Query("tag", "Only of agents with this tag", "text", most=200, default=""),
            Query("value", "The tag's value", "text", most=200, default=""),
            *APART,
            Query("agents", "Also how many agents saw each, which takes longer", "flag", default=False),
            TOP,
        ),
        success=Answer(
            "Items with their bounds, and the rest; apart by tag or agent, such a list of each in `series`", HEAVIEST
        ),
        refusals=REFUSALS,
        faults=FAULTS,
    ),
    Endpoint(
        path="/api/v1/history/sets",
        takes_long=True,
        summary="What agents with some values of a tag saw, and those with other values did not",
        answer=sets,
        query=(
            *METRIC,
            *TIME,
            Query("tag", "The tag that tells agents apart, as `site`", "text", most=200, default=""),
            Query("in", "Values of the tag, with commas: who saw it", "text", most=MOST_CHARACTERS, default=""),
            Query("not_in", "Values of the tag, with commas: who did not", "text", most=MOST_CHARACTERS, default=""),
            TOP,
        ),
        success=Answer("Items of a top list, or an estimate with its error", DIFFERENCE),
        refusals=REFUSALS,
        faults=FAULTS,
    ),
)
