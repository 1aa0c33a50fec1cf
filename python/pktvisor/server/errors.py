"""Error documents."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from pktvisor.errors import ConfigError, NoMatchError
from pktvisor.outputs.json import encode
from pktvisor.server.endpoint import JSON_TYPES


def error_document(error: Exception) -> dict[str, object]:
    """Tell of an error: its words alone, as clients know them; where it is, and what would do, in fields beside them.

    Of a selector that meets no tap the words are all: clients compare the whole body.
    """
    if not isinstance(error, ConfigError):
        return {"error": str(error)}
    beside = {} if isinstance(error, NoMatchError) else {"hint": error.hint, "path": error.path, "place": error.place}
    return {"error": f"{error.lead}{error.message}", **{name: text for name, text in beside.items() if text}}


def json_type(headers: Headers) -> str:
    """Give the type that pktvisor's clients know, or the registered one to who asks for it."""
    known, registered = JSON_TYPES
    return registered if registered in headers.get("accept", "") else known


async def send_error(
    scope: Scope, receive: Receive, send: Send, status: int, message: str, headers: Mapping[str, str]
) -> None:
    """Answer with an error document."""
    content_type = json_type(Headers(scope=scope))
    response = Response(encode({"error": message}), status, headers={"content-type": content_type, **headers})
    await response(scope, receive, send)
