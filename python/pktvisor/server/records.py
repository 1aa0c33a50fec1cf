"""Windows as Arrow, for clients that ask for it."""

from __future__ import annotations

from collections.abc import Iterable

from pktvisor.api.keys import Schema
from pktvisor.errors import MissingLibraryError
from pktvisor.outputs.exposition import accepts
from pktvisor.server.endpoint import Answer, Content, refusal
from pktvisor.windows.arrow import STREAM_TYPE, stream
from pktvisor.windows.record import Record

BYTES: Schema = {"type": "string", "format": "binary"}
ARROW_TYPES = {STREAM_TYPE: BYTES}
"""Types that answers have besides JSON, with their schemas."""

FAULTS: dict[type[Exception], int] = {MissingLibraryError: 406}
NO_ARROW: dict[int, Answer] = {406: refusal("The client asks for Arrow, but the agent has no pyarrow")}

VARY = {"vary": "accept"}


def asks_for_records(accept: str) -> bool:
    """Whether an `Accept` header names Arrow; who takes anything gets JSON."""
    return accepts(accept, STREAM_TYPE)


def records_answer(records: Iterable[Record]) -> Content:
    """Records as an IPC stream. Raises `MissingLibraryError`."""
    return Content(stream(records), STREAM_TYPE, VARY)
