"""What the hub took in, what it keeps, and what it removed."""

from __future__ import annotations

from datetime import UTC, datetime

from pktvisor.api.keys import Schema
from pktvisor.hub.answers import hub_of
from pktvisor.hub.hours import HOUR_S, LENGTHS_S, MERGED, WINDOWS
from pktvisor.hub.hub import Hub
from pktvisor.outputs.json import Document
from pktvisor.server.context import Context
from pktvisor.server.endpoint import Answer, Endpoint

COUNT: Schema = {"type": "integer", "minimum": 0}
TIME: Schema = {"type": ["string", "null"]}
HUB: Schema = {
    "type": "object",
    "required": ["agents", "counters", "sealed"],
    "properties": {
        "agents": COUNT,
        "counters": {"type": "object", "additionalProperties": COUNT},
        "sealed": {
            "type": "object",
            "properties": {
                "bytes": COUNT,
                "windows_from": TIME,
                "merged_from": TIME,
                "steps_from": {"type": "object", "additionalProperties": TIME},
                "to": TIME,
            },
        },
    },
}


def hub(context: Context) -> Document:
    """Tell of the hub itself."""
    told = hub_of(context)
    return {"agents": len(told.registry.agents()), "counters": dict(told.counters), "sealed": _sealed(told)}


def _sealed(told: Hub) -> Document:
    windows, merged = told.hours.hours(WINDOWS), told.hours.hours(MERGED)
    firsts = {step: first for step in LENGTHS_S if (first := told.hours.first(step)) is not None}
    return {
        "bytes": told.hours.size_bytes(),
        "windows_from": _time_text(windows[:1]),
        "merged_from": _time_text(sorted(firsts.values())[:1]),
        "steps_from": {str(step): _time_text([first]) for step, first in firsts.items()},
        "to": _time_text([hour + 1 for hour in (merged or windows)[-1:]]),
    }


def _time_text(hours: list[int]) -> str | None:
    return f"{datetime.fromtimestamp(hours[0] * HOUR_S, UTC):%Y-%m-%dT%H:%M:%SZ}" if hours else None


ENDPOINTS = (
    Endpoint(
        path="/api/v1/hub",
        summary="What the hub took in since its start, what it keeps sealed, and what it removed",
        answer=hub,
        success=Answer("Counters by name, and from when to when there are sealed hours", HUB),
    ),
)
