"""Whether the process is alive and at work, for whoever starts and restarts it.

They need no token: probes have none, and the answers say nothing of the agent or its traffic.
"""

from __future__ import annotations

from pktvisor.server.context import Context
from pktvisor.server.endpoint import TEXT_TYPE, Content, Endpoint, Refusal, text

OK = Content(b"ok\n", TEXT_TYPE)


def healthz(_: Context) -> Content:
    """Say that the process answers."""
    return OK


def readyz(context: Context) -> Content:
    """Say that everything is at work that was asked for. `Refusal` (503) where it isn't."""
    if not context.agent.is_ready:
        raise Refusal(503, "not ready\n")
    return OK


ENDPOINTS = (
    Endpoint(
        path="/healthz",
        summary="Whether the process answers",
        answer=healthz,
        is_public=True,
        is_text=True,
        success=text("It does"),
    ),
    Endpoint(
        path="/readyz",
        summary="Whether all inputs of policies are at work; of a hub, whether it takes windows",
        answer=readyz,
        is_public=True,
        is_text=True,
        success=text("They are"),
        refusals={503: text("One is not, and is tried again; or the process is about to end")},
    ),
)
