"""What the hub keeps on disk."""

from __future__ import annotations

from pktvisor.api.keys import Schema
from pktvisor.errors import InputError
from pktvisor.hub.answers import hub_of
from pktvisor.hub.hours import MERGED, WINDOWS
from pktvisor.hub.storage import storage
from pktvisor.outputs.json import Document
from pktvisor.server.context import Context
from pktvisor.server.endpoint import Answer, Endpoint, refusal

COUNT: Schema = {"type": "integer", "minimum": 0}
MAYBE: Schema = {"type": ["integer", "null"]}
KEPT: Schema = {
    "type": "object",
    "required": ["kind", "step_s", "files", "bytes", "from", "to", "days"],
    "properties": {
        "kind": {"enum": [WINDOWS, MERGED]},
        "step_s": MAYBE,
        "files": COUNT,
        "bytes": COUNT,
        "from": MAYBE,
        "to": MAYBE,
        "days": COUNT,
    },
}
STORAGE: Schema = {
    "type": "object",
    "required": ["disk_bytes", "free_bytes", "most_bytes", "memory_bytes", "journal", "kept"],
    "properties": {
        "disk_bytes": COUNT,
        "free_bytes": COUNT,
        "most_bytes": COUNT,
        "memory_bytes": COUNT,
        "journal": {
            "type": "object",
            "required": ["segments", "bytes", "deliveries"],
            "properties": {"segments": COUNT, "bytes": COUNT, "deliveries": COUNT},
        },
        "kept": {"type": "array", "items": KEPT},
    },
}


def kept(context: Context) -> Document:
    """Tell of all that is kept."""
    return storage(hub_of(context))


ENDPOINTS = (
    Endpoint(
        path="/api/v1/hub/storage",
        takes_long=True,
        summary="What the hub keeps on disk, by kind and step: files, bytes, from when to when, for how many days",
        answer=kept,
        success=Answer("The journal, what is sealed (the first to go first), and the room there is", STORAGE),
        refusals={503: refusal("The disk fails")},
        faults={InputError: 503},
    ),
)
