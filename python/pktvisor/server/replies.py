"""From an endpoint's declaration to a route of the application."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from starlette.convertors import Convertor, register_url_convertor
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from pktvisor import clock
from pktvisor.agent.actors import acting_for
from pktvisor.errors import PktvisorError
from pktvisor.outputs.json import Document, encode
from pktvisor.outputs.json_pieces import pieces
from pktvisor.server.access import check_access, rights_in, sender_of
from pktvisor.server.bodies import check_body_type, check_content_type, read_bytes, read_configuration
from pktvisor.server.clients import client_in
from pktvisor.server.context import Answers, Context
from pktvisor.server.endpoint import TEXT_TYPE, Content, Endpoint, Listening, Refusal
from pktvisor.server.errors import error_document, json_type
from pktvisor.server.listening import ListeningResponse
from pktvisor.server.rights import visitor_of

logger = logging.getLogger(__name__)

LARGEST_NUMBER = 2**31
PIECE_BYTES = 64 * 1024
WHOLE_BYTES = 1024 * 1024
"""Answers up to this are made whole before they are sent; of larger ones in pieces, so much is made before."""
STREAM_BYTES = 64 * 1024 * 1024
"""What an answer that is made while it is sent takes meanwhile, at most: what is known of each of its groups."""


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


class AgentConvertor(Convertor[str]):
    """The name of an agent, often that of its host, slashes and all; longer ones are never found.

    What ends in `/desired` is the route of that name: no route of an agent may be a part of its name.
    """

    regex = r"(?:(?!/desired\Z)[\s\S]){1,200}"

    def convert(self, value: str) -> str:
        """Give the name as it is."""
        return value

    def to_string(self, value: str) -> str:
        """Give the name as it is."""
        return value


register_url_convertor("agent", AgentConvertor())
register_url_convertor("identifier", IdentifierConvertor())
register_url_convertor("number", NumberConvertor())


class ExactRoute(Route):
    """A route that isn't there for other methods than its own, rather than refusing them."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match path and method together."""
        match, child_scope = super().matches(scope)
        return (match, child_scope) if match is Match.FULL else (Match.NONE, {})


class StreamedResponse(Response):
    """Sends a body that is made while it is sent, a piece at a time, so that it never stands in memory as a whole."""

    def __init__(
        self, answers: Answers, begun: bytes, rest: Iterator[bytes], status: int, headers: Mapping[str, str]
    ) -> None:
        super().__init__(None, status, headers)
        del self.headers["content-length"]
        self._answers, self._begun, self._rest = answers, begun, rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Make a piece, from a thread, when there is room for it; none for a client that is gone."""
        self._answers.add(STREAM_BYTES)
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            request = Request(scope, receive)
            piece: bytes | None = None if scope["method"] == "HEAD" else self._begun
            while piece is not None and not await request.is_disconnected():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                piece = await asyncio.get_running_loop().run_in_executor(None, next, self._rest, None)
            await send({"type": "http.response.body", "body": b""})
        finally:
            self._answers.add(-STREAM_BYTES)


class SteadyResponse(Response):
    """Sends a large body piece by piece, so that it is known how much of it the client has not taken."""

    def __init__(self, answers: Answers, body: bytes, status: int, headers: Mapping[str, str]) -> None:
        super().__init__(body, status, headers)
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 (ASGI names them)
        """Send it; each piece waits until there is room for it."""
        self._answers.add(len(self.body))
        try:
            await self._send(send)
        finally:
            self._answers.add(-len(self.body))

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        body = bytes(self.body)
        last = max(0, len(body) - 1) // PIECE_BYTES * PIECE_BYTES
        for start in range(0, last, PIECE_BYTES):
            piece = body[start : start + PIECE_BYTES]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": body[last:]})


def route(endpoint: Endpoint, context: Context) -> Route:
    """Make the route that answers as `endpoint` declares, from `context`."""

    async def reply(request: Request) -> Response:
        try:
            check_access(endpoint, request, context)
            with _counted_body(request, context):
                arguments = await _arguments(endpoint, request, context)
                async with _room(endpoint, context):
                    answered = await _answer(endpoint, request, context, arguments)
            if isinstance(answered, Listening):
                return _listening(endpoint, request, context)
            return _success(endpoint, context, answered)
        except Refusal as refusal:
            return _failure(endpoint, request, refusal.status, refusal.body, refusal.headers)
        except ClientDisconnect:
            return Response(status_code=400)
        except PktvisorError as error:
            return _fault(endpoint, request, endpoint.status_of(error), error)
        except Exception as error:
            logger.exception("%s failed", request.url.path)
            return _fault(endpoint, request, 500, error)

    return ExactRoute(endpoint.path, reply, methods=[endpoint.method])


def _room(endpoint: Endpoint, context: Context) -> AbstractAsyncContextManager[object]:
    """Room for what may take long; everything else is answered at once."""
    if endpoint.takes_long:
        return context.questions
    return context.changes if endpoint.method == "POST" and not endpoint.body_types else nullcontext()


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, or its beginning."""

    content: Content
    begun: bytes
    rest: Iterator[bytes] | None
    """Further pieces, where it is not made whole."""


async def _answer(
    endpoint: Endpoint, request: Request, context: Context, arguments: Mapping[str, object]
) -> Answered | Listening:
    """Give the endpoint's answer, made and written in a thread."""
    rights = rights_in(request)

    def answered() -> Answered | Listening:
        with acting_for(None if rights is None else rights.name):
            result = endpoint.answer(context, **arguments)
        if isinstance(result, Listening):
            return result
        return _begun(result if isinstance(result, Content) else Content(pieces(result), json_type(request.headers)))

    threads = context.takers if endpoint.scope == "send" else None
    return await asyncio.get_running_loop().run_in_executor(threads, answered)


def _begun(content: Content) -> Answered:
    """Begin an answer that comes in pieces: whole where it is not large."""
    if isinstance(content.body, bytes):
        return Answered(content, content.body, None)
    begun: list[bytes] = []
    size = 0
    for piece in content.body:
        if size > WHOLE_BYTES:
            return Answered(content, b"".join(begun), itertools.chain([piece], content.body))
        begun.append(piece)
        size += len(piece)
    return Answered(content, b"".join(begun), None)


@contextmanager
def _counted_body(request: Request, context: Context) -> Iterator[None]:
    """Let go of what a body takes, which is counted as it comes, once it is done with."""
    request.state.body_bytes = 0
    try:
        yield
    finally:
        context.bodies.bytes -= request.state.body_bytes


async def _arguments(endpoint: Endpoint, request: Request, context: Context) -> dict[str, object]:
    """Collect what `endpoint.answer` is called with."""
    arguments: dict[str, object] = dict(request.path_params)
    if endpoint.query and not endpoint.ignores_other_queries:
        _check_names(endpoint, request)
    for query in endpoint.query:
        arguments[query.name] = query.read(request.query_params.get(query.name))
    if endpoint.takes_accept:
        arguments["accept"] = ", ".join(request.headers.getlist("accept"))
    if endpoint.takes_visitor:
        arguments["visitor"] = visitor_of(request.scope, context)
    if endpoint.body_types:
        check_body_type(request, endpoint.body_types)
        arguments["body"] = await read_bytes(request, context, endpoint.most_body_bytes)
        if not endpoint.is_public:
            arguments["sender"] = sender_of(request)
    elif endpoint.method == "POST":
        check_content_type(request, is_needed=endpoint.takes_configuration)
    if endpoint.takes_configuration:
        arguments["text"] = await read_configuration(request, context)
    return arguments


def _check_names(endpoint: Endpoint, request: Request) -> None:
    """Refuse parameters that there are not: a `dry_run` that is misspelt must not change anything."""
    known = [query.name for query in endpoint.query]
    for name in request.query_params:
        if name not in known:
            raise Refusal(400, {"error": f"there is no parameter {name[:100]}: {', '.join(known)}"})


def _listening(endpoint: Endpoint, request: Request, context: Context) -> Response:
    context.events.check_room(client_in(request.scope))
    rights = rights_in(request)

    def holds() -> bool:
        return rights is None or rights.hold(context, clock.monotonic())

    return ListeningResponse(context, holds, endpoint.status)


def _success(endpoint: Endpoint, context: Context, answered: Answered) -> Response:
    if not endpoint.success.types:
        return Response(status_code=endpoint.status)
    content, begun, rest = answered.content, answered.begun, answered.rest
    _check_room(len(begun) if rest is None else STREAM_BYTES, context)
    headers = _typed(content.type, begun, content.headers)
    if rest is None:
        return SteadyResponse(context.answers, begun, endpoint.status, headers)
    return StreamedResponse(context.answers, begun, rest, endpoint.status, headers)


def _check_room(size: int, context: Context) -> None:
    """Refuse a large answer while others fill the room for them; what a piece holds always has room."""
    if size > PIECE_BYTES and context.answers.bytes + size > context.settings.bounds.most_answer_bytes:
        context.counters.answers_refused += 1
        raise Refusal(503, {"error": "too many large answers are being sent: try again soon"}, {"retry-after": "1"})


def _fault(endpoint: Endpoint, request: Request, status: int, error: Exception) -> Response:
    """Tell of an error in the endpoint's own form."""
    return _failure(endpoint, request, status, str(error) if endpoint.is_text else error_document(error), {})


def _failure(endpoint: Endpoint, request: Request, status: int, body: object, headers: Mapping[str, str]) -> Response:
    if endpoint.is_text and isinstance(body, str):
        content, content_type = body.encode("utf-8", errors="replace"), TEXT_TYPE
    else:
        content, content_type = encode(body), json_type(request.headers)
    # Probes ask every few seconds, without a token: why one fails was logged when it came about.
    if status >= 500 and not endpoint.is_public:
        logger.error("%s", content.decode())
    return Response(content, status, headers=_typed(content_type, content, headers))


def plain_json(status: int, body: Document, headers: Headers) -> Response:
    """An answer in JSON of no endpoint, of the type that the request's headers ask for."""
    content = encode(body)
    return Response(content, status, headers=_typed(json_type(headers), content))


def _typed(content_type: str, body: bytes, headers: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give the headers with the type, as a header and not as a media type, which would add a charset."""
    return {**({"content-type": content_type} if body else {}), **(headers or {})}
