"""An agent's documents as typed models, from which their schemas follow (`api.keys`).

What a document lacks is empty here; what it has beside is kept as it came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeAlias

from pktvisor.api.cleaning import cleaned
from pktvisor.api.forms import Period, PeriodDetail
from pktvisor.api.keys import (
    COUNT,
    Document,
    count,
    document_of,
    fields_of,
    flag,
    keys_of,
    mapping,
    model,
    models,
    named,
    number,
    settings,
    table,
    text,
    text_or_null,
    texts,
)
from pktvisor.escaping import printable

AUTHENTICATIONS = ("none", "token", "certificate", "proxy", "token+certificate", "proxy+certificate")
"""What clients are asked for."""
LATEST_S = 2**37
"""Unix seconds that clocks can show, some 2000 years from now."""
RESOURCES_SUFFIX = "-resources"
"""End of the names of the policies that agents make by themselves, one per input."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What an agent keeps of memory, and what gave way to its budget."""

    held_bytes: Annotated[int, count("held_bytes")] = 0
    budget_bytes: Annotated[int | None, count("budget_bytes", is_optional=True)] = None
    """None where nobody has stated one."""
    held: Annotated[Mapping[str, int], table("held", COUNT)] = field(default_factory=dict)
    """Bytes by what they are held for: windows, groups, tables, lookback, answers."""
    gave_way: Annotated[Mapping[str, int], table("gave_way", COUNT)] = field(default_factory=dict)
    """How much gave way since the start, by name, in the order in which it does."""


Exports: TypeAlias = Mapping[str, Mapping[str, int]]
"""What became of windows that are pushed, by where they go: counters by name."""


@dataclass(frozen=True, slots=True)
class App:
    """`GET /api/v1/metrics/app`."""

    version: Annotated[str, text("app.version")] = ""
    up_time_min: Annotated[float, number("app.up_time_min")] = 0.0
    has_tls: Annotated[bool | None, flag("security.tls")] = None
    """None, as the two below, with agents that don't tell."""
    authentication: Annotated[str | None, text("security.authentication", *AUTHENTICATIONS)] = None
    is_loopback: Annotated[bool | None, flag("security.is_loopback")] = None
    trusts_proxy: Annotated[bool | None, flag("security.trusted_proxy", is_optional=True)] = None
    """True where a proxy's word counts who a user is; None elsewhere."""
    server: Annotated[Mapping[str, int], table("server", COUNT)] = field(default_factory=dict)
    """What the server counted, by name."""
    memory: Annotated[Memory | None, model("memory", Memory, is_optional=True)] = None
    exports: Annotated[Exports | None, table("exports", mapping(COUNT), is_optional=True)] = None
    """None where the agent pushes no windows."""


@dataclass(frozen=True, slots=True)
class ShownSession:
    """`GET /api/v1/session`: what whoever asks may do."""

    needs_token: Annotated[bool, flag("needs_token")] = False
    """Whether reading needs a token, which a session stands for; not where a trusted proxy has named the user."""
    scope: Annotated[str | None, text_or_null("scope", "read", "admin", "send")] = None
    """How far the client's rights reach; None where it has none yet."""
    name: Annotated[str | None, text_or_null("name")] = None
    """Of its token, or of a proxy's user."""
    has_admin_api: Annotated[bool, flag("admin_api")] = False
    is_hub: Annotated[bool, flag("is_hub")] = False
    agent: Annotated[str, text("agent")] = ""
    """Name of the agent, or of the hub's host."""


@dataclass(frozen=True, slots=True)
class PacketRates:
    """The packets of a second."""

    incoming: Annotated[int, count("in")] = 0
    outgoing: Annotated[int, count("out")] = 0


@dataclass(frozen=True, slots=True)
class Rates:
    """`GET /api/v1/metrics/rates`, which older clients still ask for."""

    packets: Annotated[PacketRates, model("packets", PacketRates)] = field(default_factory=PacketRates)
    warning: Annotated[str, text("warning")] = ""


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
    detail: PeriodDetail | None = None
    """What the period says beside; None where it was not asked for."""


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
class ShownTap:
    """One entry of `GET /api/v1/taps`."""

    name: str
    input_type: Annotated[str, text("input_type")] = ""
    config: Annotated[Document, settings("config")] = field(default_factory=dict)
    tags: Annotated[Document, settings("tags")] = field(default_factory=dict)
    interface: Annotated[str, text("interface")] = ""


@dataclass(frozen=True, slots=True)
class ShownInput:
    """An input of a policy, or an entry of `GET /api/v1/inputs`."""

    name: Annotated[str, text("module.name", is_optional=True)]
    is_running: Annotated[bool | None, flag("input.running", is_optional=True)] = None
    """None where the document does not say."""
    consumers: Annotated[int | None, count("input.consumers", is_optional=True)] = None
    config: Annotated[Document, settings("module.config", is_optional=True)] = field(default_factory=dict)
    ledger: Annotated[Document, table("ledger", COUNT, is_optional=True)] = field(default_factory=dict)
    """What became of its packets, by name; empty with agents that keep no account.

    `seen` is the sum of `decoded`, `filtered`, `malformed` and the dropped.
    """
    direction_unknown_share: Annotated[float | None, number("direction_unknown_share", is_optional=True)] = None
    """The part of the packets read of which no end is a host: 0 to 1."""
    fault: Annotated[str | None, text("fault", is_optional=True)] = None
    """Why it has ended though nobody stopped it."""
    warnings: Annotated[Sequence[str] | None, texts("warnings", is_optional=True)] = None
    """What it can't read of the packets."""
    memory: Annotated[Mapping[str, int] | None, table("memory", COUNT, is_optional=True)] = None
    """Bytes that it holds beside its policies, by what they are held for."""
    details: Document = field(default_factory=dict)
    """What the kind of input adds, by its key, as `pcap` or `flow`."""


@dataclass(frozen=True, slots=True)
class HandlerBucket:
    """What is told of a bucket of a handler beside its metrics."""

    start: Annotated[str, text("start_tstamp")] = ""
    """Date and time, UTC."""
    end: Annotated[str | None, text("end_tstamp", is_optional=True)] = None
    """None where it is not closed."""
    length: Annotated[int, count("length")] = 0
    is_closed: Annotated[bool, flag("read_only")] = False
    events: Annotated[Document, table("events", True)] = field(default_factory=dict)
    """Counts of the handler's events, and their rates below `rates`."""


@dataclass(frozen=True, slots=True)
class ShownModule:
    """A handler of a policy."""

    name: Annotated[str, text("module.name", is_optional=True)]
    type: Annotated[str, text("module.type", is_optional=True)] = ""
    is_running: Annotated[bool | None, flag("module.running", is_optional=True)] = None
    config: Annotated[Document, settings("module.config", is_optional=True)] = field(default_factory=dict)
    open_exchanges: Annotated[int | None, count("dns.xact.open", is_optional=True)] = None
    """Questions that wait for their answers; only dns handlers tell this and what follows."""
    is_selecting: Annotated[bool | None, flag("dns.predicate.enabled", is_optional=True)] = None
    """Whether it looks at some messages only; only version 1.0 tells."""
    deep_sample_rate: Annotated[int | None, count("metrics.deep_sample_rate", is_optional=True)] = None
    """Percent."""
    most_buckets: Annotated[int | None, count("metrics.periods_configured", is_optional=True)] = None
    buckets: Annotated[Sequence[Document] | None, models("metrics.periods", "HandlerBucket", is_optional=True)] = None
    """Its buckets, newest first."""


def read_tap(name: str, document: Document) -> ShownTap:
    """Read what is told of a tap."""
    return ShownTap(name, **fields_of(ShownTap, document))


def read_input(name: str, document: Document) -> ShownInput:
    """Read what is told of an input."""
    known = {key.path.partition(".")[0] for key in keys_of(ShownInput).values()}
    details = {key: value for key, value in document.items() if key not in known}
    return ShownInput(**{**fields_of(ShownInput, document), "name": name, "details": details})


def write_input(told: ShownInput) -> dict[str, Any]:
    """Give the document of an input."""
    return {**told.details, **document_of(told)}


def read_handler(name: str, document: Document) -> ShownModule:
    """Read what is told of a handler of a policy."""
    return ShownModule(**{**fields_of(ShownModule, document), "name": name})


@dataclass(frozen=True, slots=True)
class ShownPolicy:
    """One entry of `GET /api/v1/policies`."""

    name: str
    inputs: Annotated[tuple[ShownInput, ...], named("input", "Input", read_input, write_input)] = ()
    handlers: Annotated[tuple[ShownModule, ...], named("modules", "Module", read_handler, document_of)] = ()
    taps: Annotated[tuple[ShownTap, ...], named("taps", "Tap", read_tap, document_of)] = ()
    length_s: Annotated[int | None, count("length_s", is_optional=True)] = None
    """Seconds that a bucket lasts; None where it does not say."""
    memory: Annotated[Mapping[str, int] | None, table("memory", COUNT, is_optional=True)] = None
    """Bytes that it holds, by what they are held for."""
    origin: Annotated[str | None, text("origin", "hub", is_optional=True)] = None
    """`hub` of a policy that the hub gave the agent; None of others."""

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

    policies: Mapping[str, ShownPolicy] = field(default_factory=dict)
    taps: Mapping[str, ShownTap] = field(default_factory=dict)
    inputs: Mapping[str, ShownInput] = field(default_factory=dict)


def read_app(document: Document) -> App:
    """Read the app document."""
    return App(**fields_of(App, document))


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


def read_policy(name: str, document: Document) -> ShownPolicy:
    """Read what is told of a policy."""
    return ShownPolicy(name, **fields_of(ShownPolicy, document))


def _handler_metrics(instance: str, schema: str, metrics: dict[str, Any]) -> HandlerMetrics:
    rest = {key: value for key, value in metrics.items() if key != "period"}
    return HandlerMetrics(instance, schema, rest, _period(metrics.get("period")), _detail(metrics.get("period")))


def _period(value: object) -> Period | None:
    match value:
        case {"start_ts": int(start_ts), "length": int(length)} if 0 <= start_ts < LATEST_S and 0 <= length < LATEST_S:
            return Period(start_ts, length)
        case _:
            return None


def _detail(value: object) -> PeriodDetail | None:
    told = fields_of(PeriodDetail, value) if isinstance(value, dict) else {}
    return PeriodDetail(**told) if told else None


def _object(document: Document, key: str) -> Document:
    value = document.get(key)
    return value if isinstance(value, dict) else {}
