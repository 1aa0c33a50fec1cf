"""Where agents send their windows to."""

from __future__ import annotations

from dataclasses import asdict

from pktvisor import _core, clock
from pktvisor.errors import InputError
from pktvisor.hub.admission import BusyError, RefusedDelivery, WrongSenderError
from pktvisor.hub.answers import hub_of
from pktvisor.outputs.json import Document
from pktvisor.server.context import Context
from pktvisor.server.endpoint import Answer, Endpoint, Refusal, refusal
from pktvisor.windows.tables import PACKED_TYPE, STREAM_TYPE

RETRY_S = 5
"""How long an agent is to wait where the disk fails."""

COUNT = {"type": "integer", "minimum": 0}
RECEIPT = {
    "type": "object",
    "required": ["stored", "duplicate", "refused"],
    "properties": {"stored": COUNT, "duplicate": COUNT, "refused": COUNT},
    "additionalProperties": False,
}


def take(context: Context, body: bytes, sender: str | None) -> Document:
    """Take a delivery. What is acknowledged is on disk.

    Agents drop what can never be taken; what is refused for a reason that an operator mends, they send again. What only
    a later release can unpack, they send as an Arrow stream.
    """
    if not body:
        raise Refusal(400, {"error": "the body is empty: send the records of closed windows"})
    try:
        receipt = hub_of(context).admission.take(body, clock.now_ns(), only_agent=sender)
    except RefusedDelivery as error:
        raise Refusal(422 if _core.RecordTable.can_unpack(body) else 415, {"error": str(error)}) from None
    except WrongSenderError as error:
        raise Refusal(403, {"error": str(error)}) from None
    except BusyError as error:
        raise Refusal(503, {"error": str(error)}, {"retry-after": "1"}) from None
    except InputError as error:
        raise Refusal(503, {"error": str(error)}, {"retry-after": str(RETRY_S)}) from error
    return asdict(receipt)


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/api/v1/windows",
        scope="send",
        summary="Take a closed window of a policy of an agent: window records, packed or in an Arrow stream",
        answer=take,
        body_types=(PACKED_TYPE, STREAM_TYPE),
        success=Answer("How many windows of handlers were stored, known already, or damaged", RECEIPT),
        refusals={422: refusal("What can never be taken"), 503: refusal("The disk fails, or too much comes: later")},
    ),
)
