"""Which taps there are; defining and forgetting them."""

from __future__ import annotations

from pktvisor.errors import NotFoundError
from pktvisor.outputs.json import Document
from pktvisor.server import schemas
from pktvisor.server.context import Context
from pktvisor.server.endpoint import PEER_FAULTS, Answer, Endpoint, Refusal, refusal


def every(context: Context) -> Document | None:
    """Tell of all taps; JSON `null` where there are none, as it has always been."""
    return {name: tap.describe() for name, tap in list(context.agent.taps.items())} or None


def one(context: Context, name: str) -> Document:
    """Tell of one tap."""
    tap = context.agent.taps.get(name)
    if tap is None:
        raise Refusal(404, {"error": "tap does not exists"})
    return {name: tap.describe()}


def add(context: Context, text: str) -> Document:
    """Define a tap."""
    return context.agent.add_tap(text)


def remove(context: Context, name: str) -> Document:
    """Forget a tap."""
    context.agent.remove_tap(name)
    return {}


UNKNOWN = refusal("There is no such tap")

ENDPOINTS = (
    Endpoint(
        path="/api/v1/taps",
        summary="All taps",
        answer=every,
        success=Answer("The taps by name; `null` where there are none", schemas.TAPS_OR_NULL),
    ),
    Endpoint(
        path="/api/v1/taps/{name:identifier}",
        summary="One tap",
        answer=one,
        success=Answer("The tap below its name", schemas.TAPS),
        refusals={404: UNKNOWN},
    ),
    Endpoint(
        method="POST",
        path="/api/v1/taps",
        scope="admin",
        summary="Define the one tap that the body names; nothing is started",
        answer=add,
        takes_configuration=True,
        status=201,
        success=Answer("The tap below its name; nothing where the body has none", schemas.TAPS),
        refusals={
            409: refusal("There is a tap of that name"),
            500: refusal("The configuration is invalid"),
        },
        faults=PEER_FAULTS,
    ),
    Endpoint(
        method="DELETE",
        path="/api/v1/taps/{name:identifier}",
        scope="admin",
        summary="Forget a tap; inputs that were made from it go on",
        answer=remove,
        success=Answer("Nothing", schemas.EMPTY),
        refusals={404: UNKNOWN},
        faults={NotFoundError: 404},
    ),
)
