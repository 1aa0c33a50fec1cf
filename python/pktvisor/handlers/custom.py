"""Metrics that a policy declares itself, over any columns (handler custom, version 1.0)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pktvisor.config.ports import port_options
from pktvisor.errors import ConfigError, within
from pktvisor.handlers.base import Exchanges, Handler, HandlerSettings
from pktvisor.handlers.families import check_families
from pktvisor.handlers.lookups import Found, Lookup
from pktvisor.metrics.breakdown import Breakdown, GroupColumn, Open, by_direction
from pktvisor.metrics.declaration_text import Declaration, read_declaration
from pktvisor.metrics.expression_text import Expression, parse_expression
from pktvisor.metrics.expressions import ALWAYS, EVENT, Column, Condition, dns, schema
from pktvisor.metrics.kinds import Metric
from pktvisor.metrics.mnemonics import is_direction, mnemonics
from pktvisor.metrics.named_columns import (
    EXCHANGE_TABLE,
    PACKET_TABLE,
    WITH_ARTICLE,
    NamedColumn,
    Nature,
    named_column,
)

MOST_METRICS = 64

EXCHANGING_TABLE = "dns"
"""The table whose rows are matched into exchanges."""


class Custom(Handler):
    """Version 1.0. A policy declares the metrics; all of one module look at the rows of one table."""

    type, schema = "custom", "custom"
    inputs = ("pcap", "dnstap", "flow", "netprobe", "mock")
    options = (
        *("where", "recorded_stream", "xact_ttl_secs", "xact_ttl_ms"),
        *(option.key for option in port_options().values()),
    )
    is_named_by_policies = True

    def __init__(self, settings: HandlerSettings) -> None:
        declarations = _declarations(settings)
        self.groups = {group: True for one in declarations.values() for group in one.metric.groups}
        super().__init__(settings)
        self._keep = self._where()
        self._columns = columns = {"where": self._keep.columns} | {
            name: _columns(name, one) for name, one in declarations.items()
        }
        self.table = _table(declarations, columns)
        self._metrics = {name: _apart(name, one, self.table) for name, one in declarations.items()}
        for protocol in self.own_ports:
            if protocol != self.table:
                key = port_options()[protocol].key
                raise ConfigError(
                    f"{key} is for modules that look at {protocol}; this one looks at {self.table}", path=key
                )
        self._exchanged = {one.base for named in columns.values() for one in named if one.table == EXCHANGE_TABLE}
        _check_breakdowns(self._metrics)
        check_families([self])

    def _where(self) -> Expression:
        """The condition that all its metrics share."""
        if not self.has("where"):
            return Expression(ALWAYS, ())
        with within("where"):
            return parse_expression(self.text("where"))

    def metrics(self) -> Mapping[str, Metric]:
        return self._metrics

    @property
    def is_silent(self) -> bool:
        return not any(self.is_shown(metric) for metric in self._metrics.values())

    def keep(self) -> Condition:
        return self._keep.condition

    def lookups(self) -> Iterator[Lookup]:
        for part, named in self._columns.items():
            for column in dict.fromkeys(one.name for one in named if one.nature == "place"):
                key = "where" if part == "where" else f"metrics.{part}"
                found: Found = "place" if column.endswith(".place") else "network"
                yield Lookup(key, found, "has no value", column)

    def exchanges(self) -> Exchanges | None:
        """Exchanges by flow and identifier, as dns 1.0 matches them, where any metric asks for them."""
        if not self._exchanged:
            return None
        return Exchanges(
            dns.exchange,
            dns.is_reply,
            dns.bytes,
            self.xact_ttl_ms,
            observe=EVENT,
            pairing=dns.pairing,
            question=dns.question,
            address=dns.ecs if "xact.question_address" in self._exchanged else None,
        )


def _declarations(settings: HandlerSettings) -> dict[str, Declaration]:
    with within("metrics"):
        if not settings.metrics:
            raise ConfigError("a handler of type custom needs metrics, as 'metrics: {questions: {counter: dns}}'")
        if len(settings.metrics) > MOST_METRICS:
            raise ConfigError(f"a module has at most {MOST_METRICS} metrics, not {len(settings.metrics)}")
        declarations = {}
        for name, value in settings.metrics.items():
            with within(name):
                declarations[name] = read_declaration(name, value)
        return declarations


def _table(declarations: Mapping[str, Declaration], columns: Mapping[str, Sequence[NamedColumn]]) -> str:
    """The one table whose rows a module looks at; `columns` are those that each of its parts names."""
    named: dict[str, str] = {}
    for part, ones in columns.items():
        counted = declarations[part].table if part in declarations else ""
        for table in (counted, *(_home(one) for one in ones)):
            if table not in ("", PACKET_TABLE):
                named.setdefault(table, part)
    if len(named) > 1:
        (one, part), (other, other_part), *_ = named.items()
        raise ConfigError(
            f"the metrics of a module look at one table: '{part}' looks at {one}, '{other_part}' at {other}; "
            "make a module for each"
        )
    table = next(iter(named), PACKET_TABLE)
    _check_packets(table, columns)
    for name, declaration in declarations.items():
        if declaration.table not in ("", table):
            raise ConfigError(
                f"this counts rows of {declaration.table}, but '{named[table]}' makes the module look at {table}; "
                "make a module for each",
                path=f"metrics.{name}",
            )
    return table


def _check_packets(table: str, columns: Mapping[str, Sequence[NamedColumn]]) -> None:
    """ConfigError where columns of packets are named beside those of a table whose rows come without."""
    if table == PACKET_TABLE or f"{table}.packet_row" in schema():
        return
    for part, ones in columns.items():
        for one in ones:
            if one.table == PACKET_TABLE:
                raise ConfigError(f"'{part}' names {one.name}, but rows of {table} have no packets")


def _home(column: NamedColumn) -> str:
    """The table that a column asks for."""
    return EXCHANGING_TABLE if column.table == EXCHANGE_TABLE else column.table


BY_NATURES: tuple[Nature, ...] = ("number", "text", "address", "place")
"""What columns may be that metrics are kept apart by."""


def _columns(name: str, declaration: Declaration) -> tuple[NamedColumn, ...]:
    """All columns that a declaration names, those that it is kept apart by included."""
    with within(f"metrics.{name}.by"):
        return (*declaration.columns, *(_by_column(by) for by in declaration.by if not is_direction(by)))


def _by_column(name: str) -> NamedColumn:
    column = named_column(name)
    if column.nature not in BY_NATURES:
        wanted = ", ".join(WITH_ARTICLE[nature] for nature in BY_NATURES)
        raise ConfigError(f"{name} is {WITH_ARTICLE[column.nature]}; metrics are kept apart by one of {wanted}")
    return column


def _apart(name: str, declaration: Declaration, table: str) -> Metric:
    """The metric that is declared, with what it is kept apart by."""
    if not declaration.by:
        return declaration.metric
    with within(f"metrics.{name}.by"):
        return replace(declaration.metric, by=_breakdown(declaration, table))


def _breakdown(declaration: Declaration, table: str) -> Breakdown:
    names = [_direction(name, table) if is_direction(name) else name for name in declaration.by]
    directions = [name for name in names if is_direction(name)]
    if len(names) == 1 and directions:
        return by_direction(Column(names[0]))
    columns = tuple(_group_column(_by_column(name)) for name in names)
    taken = {"lat", "lon", *declaration.metric.labels()}
    for column in columns:
        if column.label in taken:
            raise ConfigError(f"the label {column.label} is that of the metric's own items; give these another 'label'")
    return Open(columns, declaration.most_groups)


def _group_column(column: NamedColumn) -> GroupColumn:
    words = mnemonics(column.name)
    return GroupColumn(column.name.replace(".", "_"), column.column, str if words is None else words.name)


def _direction(name: str, table: str) -> str:
    """The column that holds the direction of a table's rows, be it named without its table."""
    known = [column.name for column in schema().values() if column.table in (table, PACKET_TABLE)]
    directions = [column for column in known if is_direction(column)]
    found = next((column for column in reversed(directions) if column in (name, f"{table}.{name}")), None)
    if found is None and name == "direction":
        found = f"{PACKET_TABLE}.direction"
    if found is None:
        raise ConfigError(f"metrics of table {table} are kept apart by {' or '.join(directions)}, not by '{name}'")
    return found


def _check_breakdowns(metrics: Mapping[str, Metric]) -> None:
    """ConfigError where values of one metric's breakdown would stand where another metric does in JSON."""
    for name in metrics:
        for other, kept in metrics.items():
            if isinstance(kept.by, Open) and kept.by.labels[0] == name:
                raise ConfigError(
                    f"'{other}' is kept apart below '{name}' in JSON; give this metric another name",
                    path=f"metrics.{name}",
                )
