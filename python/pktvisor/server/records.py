"""Windows as Arrow, for clients that ask for it."""

from __future__ import annotations

from collections.abc import Iterable

from pktvisor.api.keys import Schema
from pktvisor.outputs.exposition import accepts
from pktvisor.server.endpoint import Content
from pktvisor.windows.record import Record
from pktvisor.windows.tables import STREAM_TYPE, record_table

BYTES: Schema = {"type": "string", "format": "binary"}
ARROW_TYPES = {STREAM_TYPE: BYTES}
"""Types that answers have besides JSON, with their schemas."""

VARY = {"vary": "accept"}


def asks_for_records(accept: str) -> bool:
    """Whether an `Accept` header names Arrow; who takes anything gets JSON."""
    return accepts(accept, STREAM_TYPE)


def records_answer(records: Iterable[Record]) -> Content:
    """Records as an IPC stream."""
    return Content(record_table(records, {}).write_plain(), STREAM_TYPE, VARY)
