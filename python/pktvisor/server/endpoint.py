"""What a route is, said once: the server answers by it, and the OpenAPI document is written from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pktvisor.api.keys import Schema
from pktvisor.errors import ConfigError, ConflictError, InputError, NoMatchError

Method = Literal["GET", "POST", "DELETE"]
AccessScope = Literal["read", "admin", "send"]
"""`admin` routes change the agent, or show packets; they are there only where the admin API is on. `send` routes take
what agents send to a hub.
"""

JSON_TYPES = ("text/json", "application/json")
"""The type that pktvisor's clients know, and the registered one for who asks for it."""
TEXT_TYPE = "text/plain"

ERROR: Schema = {"$ref": "#/components/schemas/Error"}


class Refusal(Exception):
    """An answer other than success, with its body: a document for JSON routes, a text for text routes."""

    def __init__(self, status: int, body: object, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Content:
    """A successful answer that is no JSON document."""

    body: bytes | Iterator[bytes]
    """Whole, or its pieces as they are asked for: of these, none may be empty."""
    type: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Listening:
    """A successful answer that goes on: whoever asks hears the server's events, from now on."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What may come back with one status."""

    meaning: str
    schema: Schema | None = None
    types: tuple[str, ...] = JSON_TYPES
    """Content types it can have; none for an answer without a body."""
    others: Mapping[str, Schema] = field(default_factory=dict)
    """Further content types, with the schemas that are theirs."""


def refusal(meaning: str) -> Answer:
    """Declare an error document."""
    return Answer(meaning, ERROR)


def text(meaning: str, *types: str) -> Answer:
    """Declare a text."""
    return Answer(meaning, {"type": "string"}, types or (TEXT_TYPE,))


def nothing(meaning: str) -> Answer:
    """Declare an answer without a body."""
    return Answer(meaning, types=())


@dataclass(frozen=True, slots=True)
class Query:
    """A parameter behind the question mark."""

    name: str
    meaning: str
    kind: Literal["text", "number", "flag"]
    least: int = 0
    most: int = 0
    """Bounds of a number; a text's greatest length."""
    default: str | int | bool | None = None

    def read(self, given: str | None) -> str | int | bool | None:
        """Give the value, or the default where nothing was given. Raises `Refusal` (400)."""
        if given is None:
            return self.default
        match self.kind:
            case "number":
                return self._number(given)
            case "flag":
                return self._flag(given)
            case "text":
                return self._text(given)

    def _number(self, given: str) -> int:
        is_number = given.isascii() and given.isdigit() and len(given) <= 12
        if not is_number or not self.least <= int(given) <= self.most:
            raise self._refusal(f"a whole number from {self.least} to {self.most}", given)
        return int(given)

    def _flag(self, given: str) -> bool:
        if given not in ("true", "false"):
            raise self._refusal("true or false", given)
        return given == "true"

    def _text(self, given: str) -> str:
        if len(given) > self.most:
            raise self._refusal(f"a text of at most {self.most} characters", f"{len(given)} characters")
        return given

    def _refusal(self, wanted: str, given: str) -> Refusal:
        return Refusal(400, {"error": f"{self.name} must be {wanted}, not {given[:100]}"})


CONFIGURATION_FAULTS: Mapping[type[Exception], int] = {ConfigError: 422, InputError: 500}
"""Statuses of routes that no older client knows."""
PEER_FAULTS: Mapping[type[Exception], int] = {ConflictError: 409, ConfigError: 500, InputError: 500}
"""Statuses that pktvisor's clients know: a configuration that makes no sense is a 500."""
PEER_POLICY_FAULTS: Mapping[type[Exception], int] = {**PEER_FAULTS, NoMatchError: 422}


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One method on one path."""

    path: str
    """With parameters as `{name:identifier}` and `{number:number}`; they are handed to `answer` by name."""
    summary: str
    answer: Callable[..., object]
    """Gets the context, then path and query parameters by name; gives a JSON document, a `Content`, or `Listening`."""
    success: Answer
    method: Method = "GET"
    status: int = 200
    """Status of success."""
    scope: AccessScope = "read"
    is_own: bool = False
    """Is about the agent `name`, whose token of scope `send` may use it, too."""
    is_public: bool = False
    """Is for everybody who reaches the server, token or not: it tells nothing of the agent."""
    refusals: Mapping[int, Answer] = field(default_factory=dict)
    query: tuple[Query, ...] = ()
    ignores_other_queries: bool = False
    """Parameters that it does not have are no mistake: what pktvisor's clients send was never looked at."""
    takes_long: bool = False
    """Reads so much that few are answered at a time; the others wait, or are refused (503)."""
    takes_configuration: bool = False
    """Has a body in YAML or JSON, which `answer` gets as `text`."""
    body_types: tuple[str, ...] = ()
    """Has a body of one of these content types, which `answer` gets as `body`, with the name of the client's token as
    `sender`: None where that may send for everybody.
    """
    body_schema: Schema = field(default_factory=lambda: {"type": "object"})
    """Of a body in JSON."""
    most_body_bytes: int | None = None
    """Where less than the server takes."""
    takes_visitor: bool = False
    """`answer` gets as `visitor` who asks; pages of other sites may not."""
    takes_accept: bool = False
    """`answer` gets the `Accept` header as `accept`."""
    is_text: bool = False
    """Errors are bare texts, not documents."""
    faults: Mapping[type[Exception], int] = field(default_factory=dict)
    """Statuses of what `answer` may raise; the nearest class counts, anything else is 500."""

    def status_of(self, error: Exception) -> int:
        """Give the status of an error that `answer` raised."""
        return next((self.faults[kind] for kind in type(error).__mro__ if kind in self.faults), 500)
