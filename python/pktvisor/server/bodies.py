"""Reading the body of a request: a configuration in YAML or JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from starlette.requests import Request

from pktvisor.server.context import Context
from pktvisor.server.endpoint import Refusal

CONFIGURATION_TYPES = ("application/x-yaml", "application/json")
"""Exactly these; a charset behind them is refused, as it has always been."""

TAKEN_CODINGS = ("identity", "zstd")
"""Agents tell how the records within an Arrow stream are compressed; the stream itself is not."""

CLOSE = {"connection": "close"}
"""What is left of the body is not waited for."""


def check_content_type(request: Request, *, is_needed: bool) -> None:
    """Raise `Refusal` (400) for a type that is not for this interface: a form of another site's page has such a one."""
    content_type = request.headers.get("content-type")
    if content_type is None and is_needed:
        raise Refusal(400, {"error": "must include Content-Type header"})
    if content_type not in (None, *CONFIGURATION_TYPES):
        raise Refusal(400, {"error": "Content-Type not supported"})


def check_body_type(request: Request, needed: Sequence[str]) -> None:
    """Raise `Refusal` (415) for another content type, and for what was compressed on the way."""
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in TAKEN_CODINGS:
        raise Refusal(415, {"error": f"send the body without Content-Encoding, not as {coding[:100]!r}"}, CLOSE)
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() not in needed:
        raise Refusal(
            415, {"error": f"the content type must be {' or '.join(needed)}, not {content_type[:100]!r}"}, CLOSE
        )


async def read_bytes(request: Request, context: Context, most_bytes: int | None = None) -> bytes:
    """Give the body, of at most so many bytes, or what the server takes.

    Raises `Refusal`: 408 where it does not arrive, 413 where it is too large, 503 where too many are being taken.
    """
    bounds = context.settings.bounds
    most = bounds.most_body_bytes if most_bytes is None else min(most_bytes, bounds.most_body_bytes)
    if int(request.headers.get("content-length", "0")) > most:
        raise _too_large(context, most)
    body = bytearray()
    try:
        async with asyncio.timeout(bounds.body_timeout_s):
            async for piece in request.stream():
                _hold(request, context, len(piece))
                body += piece
                if len(body) > most:  # its length was not the one that was told
                    raise _too_large(context, most)
    except TimeoutError:
        context.counters.bodies_timed_out += 1
        raise Refusal(408, {"error": f"the body did not arrive within {bounds.body_timeout_s:g} s"}, CLOSE) from None
    return bytes(body)


async def read_configuration(request: Request, context: Context) -> str:
    """Give the body's text.

    Raises `Refusal`: 400 for what is not UTF-8, and what `read_bytes` raises.
    """
    try:
        return (await read_bytes(request, context)).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refusal(400, {"error": f"the body is not UTF-8 at byte {error.start}"}) from None


def _hold(request: Request, context: Context, size: int) -> None:
    """Count what has come: a client that says how much it will send, and sends nothing, takes no room from others."""
    if context.bodies.bytes + size > context.settings.bounds.most_bodies_bytes:
        context.counters.bodies_refused += 1
        raise Refusal(503, {"error": "too many bodies are being taken: try again soon"}, {"retry-after": "2", **CLOSE})
    request.state.body_bytes += size
    context.bodies.bytes += size


def _too_large(context: Context, most_bytes: int) -> Refusal:
    context.counters.bodies_too_large += 1
    return Refusal(413, {"error": f"the body is larger than {most_bytes} bytes"}, CLOSE)
