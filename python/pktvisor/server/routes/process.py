"""What there is to say of the process itself, and its end."""

from __future__ import annotations

import struct
from dataclasses import asdict

from pktvisor import clock
from pktvisor.api.documents import App, Rates
from pktvisor.api.keys import document_of
from pktvisor.outputs.json import Document
from pktvisor.server import schemas
from pktvisor.server.context import Context
from pktvisor.server.endpoint import Answer, Endpoint, nothing

RATES = Rates(warning="deprecated: use 'live' data from /api/v1/metrics/bucket/0 instead")


def app(context: Context) -> Document:
    """Tell of version and up time, how open the interface is, what it refused, and what the process holds of memory."""
    up_time_s = int(clock.now() - context.agent.started)
    exposure = context.exposure
    return document_of(
        App(
            version=context.agent.version,
            up_time_min=_single_precision(up_time_s / 60),
            has_tls=exposure.has_tls,
            authentication=exposure.authentication,
            is_loopback=exposure.is_loopback,
            trusts_proxy=context.settings.proxy is not None or None,
            server=asdict(context.counters),
            memory=context.agent.memory,
            exports=context.settings.exports() or None,
        )
    )


def rates(_: Context) -> Document:
    """Give what older clients still ask for."""
    return document_of(RATES)


def shut_down(context: Context) -> None:
    """Stop the policies and let the process end."""
    context.agent.shut_down()


def _single_precision(value: float) -> float:
    """Round to 32 bits, as clients have always got it."""
    rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return rounded


ENDPOINTS = (
    Endpoint(
        path="/api/v1/metrics/app",
        summary="Version, up time, how open the interface is, what it refused, what is held of memory, and what became "
        "of windows that are pushed",
        answer=app,
        success=Answer("The process", schemas.APP),
    ),
    Endpoint(
        path="/api/v1/metrics/rates",
        summary="Deprecated: always zeros",
        answer=rates,
        success=Answer("Zeros, and a warning", schemas.RATES),
    ),
    Endpoint(
        method="DELETE",
        path="/api/v1/server",
        scope="admin",
        summary="Stop all policies and end the process",
        answer=shut_down,
        success=nothing("The policies have stopped; the process ends"),
    ),
)
