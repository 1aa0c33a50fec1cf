"""An agent's documents as typed models. What a document lacks is empty here; what it has beside is kept as it came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pktvisor.api.cleaning import cleaned
from pktvisor.api.values import Document
from pktvisor.escaping import printable

LATEST_S = 2**37
"""Unix seconds that clocks can show, some 2000 years from now."""
RESOURCES_SUFFIX = "-resources"
"""End of the names of the policies that agents make by themselves, one per input."""


@dataclass(frozen=True, slots=True)
class App:
    """`GET /api/v1/metrics/app`."""

    version: str = ""
    up_time_min: float = 0.0


@dataclass(frozen=True, slots=True)
class Period:
    """When a bucket or window began, in Unix seconds, and how many seconds it is long."""

    start_ts: int
    length: int


@dataclass(frozen=True, slots=True)
class HandlerMetrics:
    """What one handler measured."""

    instance: str
    """Name of the handler in its policy, as `default-default-dns`."""
    schema: str
    """Key of its metrics, as `dns`."""
    metrics: Document
    """Its metrics as they came, without the period."""
    period: Period | None


@dataclass(frozen=True, slots=True)
class PolicyMetrics:
    """`GET /api/v1/policies/{name}/metrics/bucket/{n}` or `.../window/{n}`."""

    policy: str
    handlers: tuple[HandlerMetrics, ...]
    document: Document
    """The whole answer, as it came."""

    @property
    def period(self) -> Period | None:
        """The period of the first handler that has one."""
        return next((handler.period for handler in self.handlers if handler.period is not None), None)

    def handler(self, *schemas: str) -> HandlerMetrics | None:
        """Give the first handler with one of these schema keys, looked for in this order."""
        for schema in schemas:
            for handler in self.handlers:
                if handler.schema == schema:
                    return handler
        return None


@dataclass(frozen=True, slots=True)
class Tap:
    """One entry of `GET /api/v1/taps`."""

    name: str
    input_type: str
    config: Document
    tags: Document


@dataclass(frozen=True, slots=True)
class Input:
    """An input of a policy, or an entry of `GET /api/v1/inputs`."""

    name: str
    is_running: bool | None
    """None where the document does not say."""
    consumers: int | None
    config: Document
    ledger: Document
    """What became of its packets, by name; empty with agents that keep no account."""
    details: Document
    """What the kind of input adds, by its key, as `pcap` or `flow`."""


@dataclass(frozen=True, slots=True)
class Handler:
    """A handler of a policy."""

    name: str
    type: str
    is_running: bool | None
    config: Document
    open_exchanges: int | None
    """Questions that wait for their answers; only dns handlers tell."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One entry of `GET /api/v1/policies`."""

    name: str
    inputs: tuple[Input, ...]
    handlers: tuple[Handler, ...]
    taps: tuple[Tap, ...]

    @property
    def is_resources(self) -> bool:
        """Whether the agent made it by itself, to measure an input."""
        return self.name.endswith(RESOURCES_SUFFIX)

    @property
    def periods(self) -> int | None:
        """How many buckets it keeps, as configured; None where it does not say."""
        told = [handler.config.get("num_periods") for handler in self.handlers]
        return next((periods for periods in told if isinstance(periods, int)), None)


@dataclass(frozen=True, slots=True)
class Inventory:
    """What an agent runs."""

    policies: Mapping[str, Policy] = field(default_factory=dict)
    taps: Mapping[str, Tap] = field(default_factory=dict)
    inputs: Mapping[str, Input] = field(default_factory=dict)


def read_app(document: Document) -> App:
    """Read the app document."""
    app = _object(document, "app")
    return App(str(app.get("version", "")), _float(app.get("up_time_min")))


def read_policy_metrics(policy: str, document: Document) -> PolicyMetrics:
    """Read a policy's bucket or window. What is to be shown of it is cleaned; `document` stays as it came."""
    name = printable(policy)
    handlers = [
        _handler_metrics(instance, schema, metrics)
        for instance, schemas in _object(cleaned(document), name).items()
        if isinstance(schemas, dict)
        for schema, metrics in schemas.items()
        if isinstance(metrics, dict)
    ]
    return PolicyMetrics(name, tuple(handlers), document)


def read_policy(name: str, document: Document) -> Policy:
    """Read what is told of a policy."""
    return Policy(
        name,
        tuple(read_input(key, value) for key, value in _objects(document, "input")),
        tuple(_handler(key, value) for key, value in _objects(document, "modules")),
        tuple(read_tap(key, value) for key, value in _objects(document, "taps")),
    )


def read_tap(name: str, document: Document) -> Tap:
    """Read what is told of a tap."""
    return Tap(name, str(document.get("input_type", "")), _object(document, "config"), _object(document, "tags"))


def read_input(name: str, document: Document) -> Input:
    """Read what is told of an input."""
    stream = _object(document, "input")
    known = {"input", "module", "ledger"}
    return Input(
        name,
        _flag(stream.get("running")),
        _whole(stream.get("consumers")),
        _object(_object(document, "module"), "config"),
        _object(document, "ledger"),
        {key: value for key, value in document.items() if key not in known},
    )


def _handler_metrics(instance: str, schema: str, metrics: dict[str, Any]) -> HandlerMetrics:
    rest = {key: value for key, value in metrics.items() if key != "period"}
    return HandlerMetrics(instance, schema, rest, _period(metrics.get("period")))


def _period(value: object) -> Period | None:
    match value:
        case {"start_ts": int(start_ts), "length": int(length)} if 0 <= start_ts < LATEST_S and 0 <= length < LATEST_S:
            return Period(start_ts, length)
        case _:
            return None


def _handler(name: str, document: Document) -> Handler:
    module = _object(document, "module")
    exchanges = _object(_object(document, "dns"), "xact")
    return Handler(
        name,
        str(module.get("type", "")),
        _flag(module.get("running")),
        _object(module, "config"),
        _whole(exchanges.get("open")),
    )


def _object(document: Document, key: str) -> Document:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _objects(document: Document, key: str) -> list[tuple[str, Document]]:
    return [(name, value) for name, value in _object(document, key).items() if isinstance(value, dict)]


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _float(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
