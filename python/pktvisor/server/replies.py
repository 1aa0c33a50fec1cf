"""From a function that returns a document or a text, or refuses, to a route."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from pktvisor.outputs.json import encode

logger = logging.getLogger(__name__)

LARGEST_NUMBER = 2**31


class Refusal(Exception):
    """An answer other than 200, with its body: a document for JSON routes, a text for text routes."""

    def __init__(self, status: int, body: object) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


class IdentifierConvertor(Convertor[str]):
    """A name as policies and taps have it; other names are never found."""

    regex = "[a-zA-Z_][a-zA-Z0-9_-]*"

    def convert(self, value: str) -> str:
        """Give the name as it is."""
        return value

    def to_string(self, value: str) -> str:
        """Give the name as it is."""
        return value


class NumberConvertor(Convertor[int]):
    """A bucket's or window's number; what has too many digits becomes a number that is out of every range."""

    regex = "[0-9]+"

    def convert(self, value: str) -> int:
        """Give the number."""
        return int(value) if len(value) <= 9 else LARGEST_NUMBER

    def to_string(self, value: int) -> str:
        """Write the number."""
        return str(value)


register_url_convertor("identifier", IdentifierConvertor())
register_url_convertor("number", NumberConvertor())


class ExactRoute(Route):
    """A route that isn't there for other methods than its own, rather than refusing them."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match path and method together."""
        match, child_scope = super().matches(scope)
        return (match, child_scope) if match is Match.FULL else (Match.NONE, {})


def json_route(path: str, answer: Callable[..., object]) -> Route:
    """Make a GET route of a function that gets the path's parameters and returns a document."""

    async def reply(request: Request) -> Response:
        try:
            status, document = 200, await asyncio.to_thread(answer, **request.path_params)
        except Refusal as refusal:
            status, document = refusal.status, refusal.body
        except Exception as error:
            logger.exception("%s failed", request.url.path)
            status, document = 500, {"error": str(error)}
        return _response(encode(document), status, _json_type(request))

    return ExactRoute(path, reply, methods=["GET"])


def text_route(path: str, answer: Callable[..., str]) -> Route:
    """Make a GET route of a function that gets the path's parameters and returns a text."""

    async def reply(request: Request) -> Response:
        try:
            status, text = 200, await asyncio.to_thread(answer, **request.path_params)
        except Refusal as refusal:
            status, text = refusal.status, str(refusal.body)
        except Exception as error:
            logger.exception("%s failed", request.url.path)
            status, text = 500, str(error)
        return _response(text.encode("utf-8", errors="replace"), status, "text/plain")

    return ExactRoute(path, reply, methods=["GET"])


def _json_type(request: Request) -> str:
    """Give the type that pktvisor's clients know, or the registered one to who asks for it."""
    return "application/json" if "application/json" in request.headers.get("accept", "") else "text/json"


def _response(body: bytes, status: int, content_type: str) -> Response:
    if status >= 500:
        logger.error("%s", body.decode())
    # As a header and not as a media type, which would add a charset.
    return Response(body, status, headers={"content-type": content_type} if body else None)
