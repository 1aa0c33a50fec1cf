"""What there is to say of the process itself."""

from __future__ import annotations

import struct

from starlette.routing import BaseRoute

from pktvisor import clock
from pktvisor.outputs.json import Document
from pktvisor.server.context import Context
from pktvisor.server.replies import json_route

RATES: Document = {
    "packets": {"in": 0, "out": 0},
    "warning": "deprecated: use 'live' data from /api/v1/metrics/bucket/0 instead",
}


def routes(context: Context) -> list[BaseRoute]:
    """Make the routes."""

    def app() -> Document:
        up_time_s = int(clock.now() - context.agent.started)
        return {"app": {"up_time_min": _single_precision(up_time_s / 60), "version": context.agent.version}}

    def rates() -> Document:
        return RATES

    return [json_route("/api/v1/metrics/app", app), json_route("/api/v1/metrics/rates", rates)]


def _single_precision(value: float) -> float:
    """Round to 32 bits, as clients have always got it."""
    rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return rounded
