"""Sign-in of a page: a token that is shown once, and a cookie that stands for it from then on."""

from __future__ import annotations

import json

from pktvisor import clock
from pktvisor.api.documents import ShownSession
from pktvisor.api.keys import TEXT, document_of, record
from pktvisor.outputs.json import Document, encode
from pktvisor.server import schemas
from pktvisor.server.context import Context
from pktvisor.server.endpoint import JSON_TYPES, Answer, Content, Endpoint, Refusal, refusal
from pktvisor.server.rights import Rights, Visitor

PATH = "/api/v1/session"
BODY_TYPE = "application/json"
MOST_BODY_BYTES = 4096
BODY = record({"token": TEXT})


def tell(context: Context, visitor: Visitor) -> Document:
    """Tell how far the client's rights reach, and of the agent its name alone."""
    return _told(context, visitor.rights)


def sign_in(context: Context, visitor: Visitor, body: bytes) -> Content:
    """Begin a session with a token. `Refusal` where it is none that may read."""
    tokens, sessions = context.tokens, context.sessions
    if tokens is None or sessions is None:
        raise Refusal(409, {"error": "this agent has no tokens to sign in with"})
    token = tokens.find(_secret(body))
    if token is None:
        context.counters.requests_unauthenticated += 1
        raise Refusal(401, {"error": "this is not a valid token"})
    if token.scope == "send":
        context.counters.requests_forbidden += 1
        raise Refusal(403, {"error": "a token of scope send lets an agent send, and reads nothing"})
    if visitor.rights is not None and visitor.rights.session is not None:
        sessions.end(visitor.rights.session)
    secret = sessions.begin(token, clock.monotonic())
    return _with_cookie(_told(context, Rights(token.scope, token.name, token)), visitor.cookie.set(secret))


def sign_out(context: Context, visitor: Visitor) -> Content:
    """End the client's session, where it has one."""
    rights = visitor.rights
    if rights is not None and rights.session is not None and context.sessions is not None:
        context.sessions.end(rights.session)
        context.events.look_at_rights()
        rights = None
    return _with_cookie(_told(context, rights), visitor.cookie.clear())


def _told(context: Context, rights: Rights | None) -> Document:
    return document_of(
        ShownSession(
            needs_token=rights is None or rights.token is not None,
            scope=None if rights is None else rights.scope,
            name=None if rights is None else rights.name,
            has_admin_api=context.settings.admin_api,
            is_hub=context.agent.is_hub,
            agent=context.settings.agent_name,
        )
    )


def _with_cookie(document: Document, header: str) -> Content:
    return Content(encode(document), JSON_TYPES[0], {"set-cookie": header})


def _secret(body: bytes) -> str:
    """Read what was sent. `Refusal` (400) where it makes no sense."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    secret = told.get("token") if isinstance(told, dict) else None
    if not isinstance(secret, str):
        raise Refusal(400, {"error": 'the body must be {"token": "..."} in JSON'})
    return secret.strip()


ANSWER = Answer("What the client may do", schemas.SESSION)

ENDPOINTS = (
    Endpoint(
        path=PATH,
        summary="Whether a token is needed, what the client may do, and whose page this is",
        answer=tell,
        is_public=True,
        takes_visitor=True,
        success=ANSWER,
    ),
    Endpoint(
        method="POST",
        path=PATH,
        summary="Sign in: a cookie stands for the token until 12 hours have gone, or the token",
        answer=sign_in,
        is_public=True,
        takes_visitor=True,
        body_types=(BODY_TYPE,),
        body_schema=BODY,
        most_body_bytes=MOST_BODY_BYTES,
        success=ANSWER,
        refusals={
            400: refusal("The body has no token"),
            401: refusal("The token is not valid"),
            403: refusal("The token lets an agent send and nothing else, or: a page of another site asks"),
            409: refusal("There are no tokens to sign in with"),
        },
    ),
    Endpoint(
        method="DELETE",
        path=PATH,
        summary="Sign out",
        answer=sign_out,
        is_public=True,
        takes_visitor=True,
        success=ANSWER,
    ),
)
