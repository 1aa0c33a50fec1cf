"""What a handler is: declared metrics, the options that filter its events, and the groups that switch metrics on."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from pktvisor.config import scalars
from pktvisor.config.ports import ANY_PORT, PortsByProtocol, port_options
from pktvisor.config.suggestions import did_you_mean
from pktvisor.errors import ConfigError
from pktvisor.handlers import lookups
from pktvisor.metrics.breakdown import Breakdown, GroupName, GroupValues, Open, Together
from pktvisor.metrics.compatibility import PeerHandler
from pktvisor.metrics.expressions import ALWAYS, Column, Condition
from pktvisor.metrics.kinds import Metric, Reading
from pktvisor.metrics.snapshot import Value

if TYPE_CHECKING:
    from pktvisor import _core

WINDOW_OPTIONS = ("deep_sample_rate", "num_periods", "topn_count", "topn_percentile_threshold")

DEFAULT_XACT_TTL_MS = 5000


@dataclass(frozen=True)
class Exchanges:
    """How a handler's questions and answers are matched; gives the columns `xact.*`."""

    key: Column
    is_reply: Column
    bytes: Column
    ttl_ms: int
    observe: Condition = ALWAYS
    apart_by: Column | None = None
    address: Column | None = None
    text: tuple[Column, ...] = ()
    """What is kept of a question for top lists that count it when nothing has answered it: a text, and addresses."""
    pairing: Column | None = None
    """How questions and answers belong together."""
    question: Column | None = None
    """A hash of what is asked, by which a question asked again is known."""
    flags: tuple[Condition, ...] = ()
    """Conditions of the question, handed back with the answer as the bits of `xact.question_flags`."""


@dataclass(frozen=True)
class HandlerSettings:
    """What a policy, or the command line, says of one handler."""

    options: Mapping[str, Any] = field(default_factory=dict)
    enable: Sequence[str] = ()
    disable: Sequence[str] = ()
    deep_sample_rate: int = 100
    topn_count: int = 10
    topn_percentile_threshold: int = 0
    metrics: Mapping[str, Any] = field(default_factory=dict)
    """Metrics that a policy declares, for the handler `custom`."""
    input_type: str = "pcap"
    """What feeds it."""
    input_ports: PortsByProtocol = field(default_factory=dict)
    """Ports by which its input knows protocols; none where nobody can make the input look at others."""
    names_services: bool = False
    """There is a registry of services, which names ports."""


class Handler(PeerHandler):
    """Base of all handlers. A subclass declares its metrics as class attributes."""

    type: ClassVar[str]
    """Name in policies, as `dns`."""
    version: ClassVar[str] = "1.0"
    schema: ClassVar[str]
    """Key in JSON and first part of metric names."""
    table: str
    """The table whose rows are its events."""
    inputs: ClassVar[tuple[str, ...]] = ("pcap",)
    groups: Mapping[str, bool] = {}
    """Metric groups with their defaults."""
    apart_from_all: ClassVar[frozenset[str]] = frozenset()
    """Groups that `all` does not switch on: what the C++ agent shows with it stays as it is."""
    options: ClassVar[tuple[str, ...]] = ()
    """Keys of its configuration and filters, in the order that errors list them."""
    is_named_by_policies: ClassVar[bool] = False
    """Its metrics have the names that policies give them."""
    by: Breakdown | None = None
    """Where set, every metric is kept apart by this, unless it says otherwise."""
    without_database: ClassVar[str] = "lets nothing pass"
    """What a filter by place or network does where there is no database: the end of a sentence."""

    def __init__(self, settings: HandlerSettings) -> None:
        self.settings = settings
        self.enabled = self._enabled_groups()
        for key in settings.options:
            if key not in self.options:
                valid = (*self.options, *WINDOW_OPTIONS)
                raise ConfigError(
                    f"{key} is an invalid/unsupported config or filter. The valid configs/filters are: "
                    f"{', '.join(valid)}",
                    hint=did_you_mean(key, valid),
                    key=key,
                )

    @classmethod
    @functools.cache
    def declared(cls) -> Mapping[str, Metric]:
        """The metrics that the class declares, by attribute name, in the order of declaration."""
        found: dict[str, Metric] = {}
        for base in reversed(cls.__mro__):
            found.update({name: value.named(name) for name, value in vars(base).items() if isinstance(value, Metric)})
        return found

    def metrics(self) -> Mapping[str, Metric]:
        """The metrics of this handler by name, in their order: those of its class, unless it has its own."""
        return self.declared()

    def _enabled_groups(self) -> frozenset[str]:
        enabled = {group for group, is_on in self.groups.items() if is_on}
        for group in self.settings.disable:
            if group == "all":
                enabled.clear()
                break
            self._check_group("disable", group)
            enabled.discard(group)
        for group in self.settings.enable:
            if group == "all":
                enabled.update(self.groups.keys() - self.apart_from_all)
                enabled.update(self.apart_from_all.intersection(self.settings.enable))
                break
            self._check_group("enable", group)
            enabled.add(group)
        return frozenset(enabled)

    def _check_group(self, key: str, group: str) -> None:
        if self.groups and group not in self.groups:
            valid = ["all", *sorted(self.groups)]
            raise ConfigError(
                f"{group} is an invalid/unsupported metric group. The valid groups are: {', '.join(valid)}",
                hint=did_you_mean(group, valid),
                key=f"{key}.{group}",
            )

    @property
    def is_silent(self) -> bool:
        """All its groups are switched off: it shows nothing, not even its key."""
        return bool(self.groups) and not self.enabled

    def is_counted(self, metric: Metric) -> bool:
        return self.enabled.issuperset(metric.groups)

    def is_stepped(self, metric: Metric) -> bool:
        """Whether it is in steps, be it shown in windows or not."""
        is_kept = metric.step_form is not None and not metric.is_hidden
        return is_kept and self.enabled.issuperset(metric.groups_to_step)

    def is_shown(self, metric: Metric) -> bool:
        return not metric.is_hidden and self.enabled.issuperset(metric.groups_to_show)

    def select(self) -> Condition:
        """Rows that are events of this handler at all."""
        return ALWAYS

    def keep(self) -> Condition:
        """Events that its filters keep."""
        return ALWAYS

    def lookups(self) -> Iterator[lookups.Lookup]:
        """What it was told that asks databases of places and networks."""
        yield from lookups.of_filters(self.settings.options, self.keep(), self.without_database)
        yield from lookups.of_groups(self.settings.enable, self.metrics())

    @property
    def own_ports(self) -> PortsByProtocol:
        """The ports by which it knows protocols, whatever those of its input are; none where these are its own, too."""
        read = {option.protocol: option.read(self.settings.options) for option in port_options().values()}
        return {protocol: ports for protocol, ports in read.items() if ports}

    def at_ports(self) -> Condition:
        """Rows at its ports: other policies may make the input look at others."""
        ports = {**self.settings.input_ports, **self.own_ports}.get(self.table, ())
        return Column(f"{self.table}.server_port").one_of(ports) if ports and ANY_PORT not in ports else ALWAYS

    def counts_by(self, by: Open, key: int) -> Condition:
        """Rows that count by a key of an open breakdown."""
        del by, key
        return ALWAYS

    def exchanges(self) -> Exchanges | None:
        """How its questions and answers are matched, if they are."""
        return None

    def replacements(self) -> Mapping[str, Column]:
        """Columns that the settings put in the place of others, by name."""
        return {}

    def parameters(self) -> Mapping[str, int]:
        """Numbers that stand in declarations by name."""
        return {}

    @classmethod
    def breakdown(cls, metric: Metric) -> Breakdown | None:
        """What a metric is kept apart by."""
        by = cls.by if metric.by is None else metric.by
        return None if isinstance(by, Together) else by

    # Showing what was measured.

    def group_name(self, by: Open, values: GroupValues | None) -> GroupName:
        """How outputs name a group of an open breakdown; several may have one name."""
        return by.name(values)

    def read(self, metric: Metric, groups: Sequence[_core.Group], number: int, reading: Reading) -> Value | None:
        """The value of a metric, which has this number in its groups, over the groups of one name; None for none."""
        merged = functools.reduce(lambda one, other: one.merged(other), (group.metric(number) for group in groups))
        return metric.read(merged, reading)

    # Reading options; a policy's texts are already typed.

    def has(self, key: str) -> bool:
        return key in self.settings.options

    def flag(self, key: str) -> bool:
        return scalars.flag(self.settings.options, key)

    def number(self, key: str, default: int) -> int:
        return scalars.number(self.settings.options, key, default)

    def text(self, key: str) -> str:
        return scalars.text(self.settings.options, key)

    def texts(self, key: str) -> list[str]:
        return [str(text) for text in scalars.texts(self.settings.options, key)]

    def entries(self, key: str) -> list[str]:
        """Those of a filter. ConfigError where there are none, because it would let nothing pass."""
        return [str(text) for text in scalars.entries(self.settings.options, key)]

    @property
    def is_of_dnstap(self) -> bool:
        """Its events are messages that a server tells of, not packets."""
        return self.settings.input_type == "dnstap"

    @property
    def is_recorded(self) -> bool:
        """Its stream is a recording: `recorded_stream` is there, whatever it says."""
        return self.has("recorded_stream")

    @property
    def xact_ttl_ms(self) -> int:
        """How long a question waits for its answer; milliseconds win over seconds."""
        of_seconds = self.number("xact_ttl_secs", 0) * 1000 if self.has("xact_ttl_secs") else DEFAULT_XACT_TTL_MS
        ttl_ms = self.number("xact_ttl_ms", of_seconds)
        if ttl_ms == 0:
            raise ConfigError(
                "questions must wait for their answers: xact_ttl_ms or xact_ttl_secs must be at least 1",
                key="xact_ttl_ms" if self.has("xact_ttl_ms") else "xact_ttl_secs",
            )
        return ttl_ms
