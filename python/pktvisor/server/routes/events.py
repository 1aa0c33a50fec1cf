"""What happens, as it happens, and what happened lately."""

from __future__ import annotations

from pktvisor.api.events import Marks
from pktvisor.api.keys import document_of, record
from pktvisor.outputs.json import Document
from pktvisor.server import schemas
from pktvisor.server.context import Context
from pktvisor.server.endpoint import Answer, Endpoint, Listening, Query, refusal
from pktvisor.server.events import EVENT_TYPE

EVENT = record(
    {"event": {"enum": ["tick", "mark"]}, "data": {"type": "string", "contentMediaType": "application/json"}}
)
LATEST_MARK = 999_999_999_999


def listen(_: Context) -> Listening:
    """Tell what is newest about once a second, and marks."""
    return Listening()


def marks(context: Context, since: int) -> Document:
    """Give the marks after one that is known."""
    found, forgotten = context.agent.marks.since(since)
    return document_of(Marks([document_of(mark) for mark in found], forgotten))


ENDPOINTS = (
    Endpoint(
        path="/api/v1/events",
        summary="What is newest, about once a second: events `tick` with a `Tick`, and `mark` with a `Mark`, in JSON",
        answer=listen,
        success=Answer("Events, until the client has enough; after an hour it comes again", EVENT, (EVENT_TYPE,)),
        refusals={503: refusal("Too many clients listen, or the process is about to end")},
    ),
    Endpoint(
        path="/api/v1/marks",
        summary="What happened lately: policies changed, inputs lost and back, packets dropped",
        answer=marks,
        query=(Query("since", "Number of the newest mark that is known", "number", 0, LATEST_MARK, 0),),
        success=Answer("The marks after that one", schemas.MARKS),
    ),
)
