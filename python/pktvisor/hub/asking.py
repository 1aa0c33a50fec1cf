"""What questions to the hub have in common: which metric, of what time."""

from __future__ import annotations

from collections.abc import Mapping

from pktvisor import clock
from pktvisor.api.keys import Schema
from pktvisor.errors import ConfigError, NotFoundError
from pktvisor.hub.history import AGENT, MOST_TOP
from pktvisor.server.endpoint import Answer, Query, refusal

HOUR_S = 3600
LATEST_S = 99_999_999_999

METRIC = (
    Query("metric", "Its place in JSON, as `dns.wire_packets.total`", "text", most=300, default=""),
    Query("policy", "Policy of the hub", "text", most=200, default="default"),
)
TIME = (
    Query("from", "Begin, in Unix seconds; an hour before the end without it", "number", 0, LATEST_S),
    Query("to", "End, in Unix seconds; now without it", "number", 1, LATEST_S),
)
APART = (
    Query(
        "by", "Apart by the values of this tag, or by `agent`; `tags.agent` is a tag of that name", "text", 0, 200, ""
    ),
    Query("agent", "Of these agents only, with commas, where apart by agent", "text", 0, 20_000, ""),
)
TOP = Query("top", "Items of a top list", "number", 1, MOST_TOP, 10)

_MOMENT: Schema = {"type": ["integer", "null"]}
_COUNT: Schema = {"type": "integer", "minimum": 0}
TOLD: Mapping[str, Schema] = {
    "data_from": _MOMENT,
    "data_to": _MOMENT,
    "kept_from": _MOMENT,
    "reason": {"type": "string"},
    "read": {"type": "object", "properties": {"files": _COUNT, "bytes": _COUNT, "deliveries": _COUNT}},
    "left_out": {"type": "object", "additionalProperties": _COUNT},
}
"""Of what time there is data, or from when on there is any and why there is none; what was read for it, and what it
had no room for.
"""

REFUSALS: Mapping[int, Answer] = {
    400: refusal("The question makes no sense, or asks for too much"),
    404: refusal("No such policy"),
}
FAULTS: Mapping[type[Exception], int] = {ConfigError: 400, NotFoundError: 404}


def seconds(start_s: int | None, end_s: int | None) -> tuple[int, int]:
    """Begin and end of the time that is meant."""
    end = clock.now_ns() // 1_000_000_000 if end_s is None else end_s
    return (max(0, end - HOUR_S) if start_s is None else start_s), end


def apart(by: str, agent: str) -> tuple[str, tuple[str, ...]]:
    """The tag that agents are told apart by, empty where each is by itself or none is; and the agents that are meant.

    ConfigError for agents where they are not told apart.
    """
    if agent and by != AGENT:
        raise ConfigError(f"agent can name agents only where by={AGENT} tells them apart")
    return "" if by == AGENT else by.removeprefix("tags."), several(agent)


def several(text: str) -> tuple[str, ...]:
    """The values of a text with commas, each once."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
