"""The streams at work, and the packets that they saw last."""

from __future__ import annotations

from pktvisor.agent.running import RunningInput
from pktvisor.errors import ConfigError, NotFoundError
from pktvisor.outputs.json import Document
from pktvisor.server import schemas
from pktvisor.server.context import Context
from pktvisor.server.endpoint import Answer, Content, Endpoint, Query, Refusal, refusal

PCAPNG_TYPE = "application/x-pcapng"
LARGEST_CAPTURE_BYTES = 32 * 1024 * 1024
DEFAULT_CAPTURE_BYTES = 8 * 1024 * 1024
LONGEST_S = 24 * 60 * 60
LONGEST_FILTER = 4096


def every(context: Context) -> Document:
    """Tell of all inputs."""
    return {name: running.describe() for name, running in list(context.agent.inputs.items())}


def one(context: Context, name: str) -> Document:
    """Tell of one input."""
    return {name: _input(context, name).describe()}


def pcap(context: Context, name: str, *, filter: str, seconds: int | None, bytes: int) -> Content:  # noqa: A002
    """Give the newest packets as a capture file. The parameters have the names that they have in the URL."""
    running = _input(context, name)
    content = running.recent_packets(filter_expression=filter, seconds=seconds, most_bytes=bytes)
    return Content(content, PCAPNG_TYPE, {"content-disposition": f'attachment; filename="{name}.pcapng"'})


def _input(context: Context, name: str) -> RunningInput:
    running = context.agent.inputs.get(name)
    if running is None:
        raise Refusal(404, {"error": f"there is no input {name}"})
    return running


UNKNOWN = refusal("There is no such input")

ENDPOINTS = (
    Endpoint(
        path="/api/v1/inputs",
        summary="All running inputs, with their state, configuration and ledger",
        answer=every,
        success=Answer("The inputs by name", schemas.INPUTS),
    ),
    Endpoint(
        path="/api/v1/inputs/{name:identifier}",
        summary="One running input",
        answer=one,
        success=Answer("The input below its name", schemas.INPUTS),
        refusals={404: UNKNOWN},
    ),
    Endpoint(
        path="/api/v1/inputs/{name:identifier}/pcap",
        scope="admin",
        summary="The newest packets of an input, as a capture file",
        answer=pcap,
        query=(
            Query("filter", "Only packets that pass, in tcpdump's language", "text", most=LONGEST_FILTER, default=""),
            Query(
                "seconds", "Only the last so many seconds; everything that is kept without it", "number", 1, LONGEST_S
            ),
            Query("bytes", "At most so large a file", "number", 1024, LARGEST_CAPTURE_BYTES, DEFAULT_CAPTURE_BYTES),
        ),
        success=Answer("A capture file (pcapng)", {}, (PCAPNG_TYPE,)),
        refusals={
            404: refusal("There is no such input, or it keeps no packets"),
            400: refusal("The filter is invalid"),
        },
        faults={ConfigError: 400, NotFoundError: 404},
    ),
)
