"""Metrics declared in a policy: `nx_by_name: {top_n: dns.qname, where: dns.rcode == NXDOMAIN}`.

A declaration is a map. One of its keys names the kind, with what it measures: a table (`counter: dns`), a column
(`quantiles: packet.bytes`), or several columns that feed it alike (`top_n: [ip.src, ip.dst]`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pktvisor.config import scalars
from pktvisor.config.models import Settings, Value
from pktvisor.config.suggestions import did_you_mean, is_meant
from pktvisor.errors import ConfigError, within
from pktvisor.metrics.expression_text import parse_expression
from pktvisor.metrics.expressions import ALWAYS, Column, Condition, schema, xact
from pktvisor.metrics.kinds import Cardinality, Counter, Histogram, Metric, Quantiles, Rate, TopN
from pktvisor.metrics.mnemonics import mnemonics
from pktvisor.metrics.named_columns import EXCHANGE_TABLE, WITH_ARTICLE, NamedColumn, Nature, named_column

COMMON_KEYS = ("where", "help", "group", "by")
TOP_KEYS = ("label", "weight", "count")

MOST_ENTRIES = 1000
"""Entries that a top list may show; its sketch tracks some thousands."""

ANSWERED = xact.outcome == 1

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,59}")
_RESERVED_NAMES = ("period", "in", "out", "unknown")
"""Keys that stand beside metrics in JSON."""
_RESERVED_LABELS = ("policy", "handler", "tap", "instance", "direction", "quantile", "le", "lat", "lon")
"""Labels that series have already."""


@dataclass(frozen=True)
class Declaration:
    """A metric with what its module must know of it."""

    metric: Metric
    columns: tuple[NamedColumn, ...]
    """All columns that it names."""
    table: str = ""
    """The table whose rows it counts, where it says so."""
    by: str = ""
    """The direction that it is kept apart by: `direction` for its table's, or the name of a column."""


@dataclass(frozen=True)
class _Parts:
    """What a declaration says, read."""

    settings: Settings
    where: Condition
    measured: tuple[NamedColumn, ...]
    weight: NamedColumn | None
    common: Mapping[str, Any]
    """What all kinds have, as their constructors take it."""

    @property
    def column(self) -> Column:
        """The first column that is measured."""
        return self.measured[0].column

    @property
    def value(self) -> Column | None:
        """The column whose values are added; None where rows are counted."""
        return self.measured[0].column if self.measured else None

    @property
    def also(self) -> tuple[tuple[Column, Condition], ...]:
        """Further columns, as kinds take them."""
        return tuple((one.column, self.where) for one in self.measured[1:])


@dataclass(frozen=True)
class _Kind:
    """A kind of metrics, as policies know it."""

    make: Callable[[_Parts], Metric]
    natures: tuple[Nature, ...]
    """What its columns may be."""
    counts_rows: bool = False
    """Whether it may name a table."""
    takes_several: bool = False
    """Whether several columns may feed it."""
    keys: tuple[str, ...] = ()
    """Keys that only it has."""


def read_declaration(name: str, value: Value) -> Declaration:
    """The metric that a map declares; ConfigError, with the path below it, where it declares none."""
    _check_name(name)
    if not isinstance(value, dict):
        raise ConfigError(f"a metric is a map with its kind, as {{counter: dns}}, not {scalars.describe(value)}")
    kind = _kind(value)
    table = ""
    measured: tuple[NamedColumn, ...] = ()
    with within(kind):
        if _KINDS[kind].counts_rows and "." not in str(value[kind]):
            table = _table(scalars.text(value, kind))
        else:
            measured = _measured(kind, value[kind])
    weight = _weight(value)
    where, columns = _where(value)
    columns = (*measured, *([weight] if weight else []), *columns)
    common = {
        "path": name,
        "help": _text(value, "help") or _help(kind, value),
        "groups": _groups(value),
        "by_direction": "by" in value,
    }
    parts = _Parts(value, _of_answers(where, columns), measured, weight, common)
    return Declaration(_KINDS[kind].make(parts), columns, table, _text(value, "by"))


def tables() -> list[str]:
    """The tables whose rows can be counted."""
    return list(dict.fromkeys(column.table for column in schema().values() if column.table != EXCHANGE_TABLE))


def _table(name: str) -> str:
    known = tables()
    if name not in known:
        raise ConfigError(f"no table '{name[:60]}'; there are {', '.join(known)}{did_you_mean(name, known)}")
    return name


def _check_name(name: str) -> None:
    """ConfigError for a name that can't be part of a Prometheus name, or stands for something else in JSON."""
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"invalid metric name: {name[:60]}; a letter or an underscore must come first, then only letters, digits "
            "and underscores, 60 in all"
        )
    if name in _RESERVED_NAMES:
        raise ConfigError(f"a metric can't be called '{name}': this stands for something else in JSON")


def _kind(value: Mapping[str, Value]) -> str:
    """The kind, all keys being known."""
    kinds = [key for key in value if key in _KINDS]
    if not kinds:
        hints = (is_meant(kind, value) for kind in _KINDS)
        raise ConfigError(f"a metric needs a kind, one of {', '.join(_KINDS)}{next(filter(None, hints), '')}")
    if len(kinds) > 1:
        raise ConfigError(f"a metric has one kind, not {' and '.join(kinds)}")
    known = (*kinds, *COMMON_KEYS, *_KINDS[kinds[0]].keys)
    for key in value:
        if key not in known:
            raise ConfigError(f"a {kinds[0]} has no '{key[:60]}', only {', '.join(known)}{did_you_mean(key, known)}")
    return kinds[0]


def _measured(kind: str, value: Value) -> tuple[NamedColumn, ...]:
    """The columns that feed a metric."""
    form = _KINDS[kind]
    if form.takes_several and isinstance(value, list) and value:
        columns = tuple(_column(kind, form.natures, text) for text in value)
    elif isinstance(value, str):
        columns = (_column(kind, form.natures, value),)
    else:
        wanted = "the name of a column" + (" or a list of them" if form.takes_several else "")
        raise ConfigError(f"a {kind} needs {wanted}, not {scalars.describe(value)}")
    if len({(one.nature, schema()[one.base].type) for one in columns}) > 1:
        raise ConfigError(f"the columns that feed a {kind} must be of one type; these are not")
    return columns


def _column(kind: str, natures: Sequence[Nature], text: str) -> NamedColumn:
    column = named_column(text)
    if column.nature not in natures:
        wanted = " or ".join(WITH_ARTICLE[nature] for nature in natures)
        raise ConfigError(f"{text} is {WITH_ARTICLE[column.nature]}; a {kind} needs {wanted}")
    return column


def _weight(value: Settings) -> NamedColumn | None:
    if "weight" not in value:
        return None
    with within("weight"):
        return _column("weight", _KINDS["counter"].natures, scalars.text(value, "weight"))


def _where(value: Settings) -> tuple[Condition, tuple[NamedColumn, ...]]:
    if "where" not in value:
        return ALWAYS, ()
    text = _text(value, "where")
    with within("where"):
        expression = parse_expression(text)
    return expression.condition, expression.columns


def _of_answers(where: Condition, columns: tuple[NamedColumn, ...]) -> Condition:
    """What is known of an exchange is known at its answer: who doesn't ask for other outcomes means answers."""
    exchanged = {column.base for column in columns if column.table == EXCHANGE_TABLE}
    return ANSWERED & where if exchanged and "xact.outcome" not in exchanged else where


def _groups(value: Settings) -> tuple[str, ...]:
    if "group" not in value:
        return ()
    group = _text(value, "group")
    if not _NAME.fullmatch(group) or group == "all":
        raise ConfigError(
            f"'{group[:60]}' can't be the name of a group; letters, digits and underscores can", path="group"
        )
    return (group,)


def _help(kind: str, value: Settings) -> str:
    """What a metric says of itself that has no help of its own."""
    measured = value[kind]
    columns = ", ".join(measured) if isinstance(measured, list) else measured
    where = f" where {value['where']}" if "where" in value else ""
    return f"Declared in a policy: {kind} of {columns}{where}"


def _counter(parts: _Parts) -> Metric:
    return Counter(parts.where, parts.value, **parts.common)


def _top(parts: _Parts) -> Metric:
    first = parts.measured[0]
    words = mnemonics(first.name)
    return TopN(
        column=first.column,
        where=parts.where,
        also=parts.also,
        label=_label(parts.settings, (first.base if first.is_tail else first.name).rpartition(".")[2]),
        weight=None if parts.weight is None else parts.weight.column,
        count=_count(parts.settings),
        render=str if words is None else words.name,
        **parts.common,
    )


def _label(settings: Settings, default: str) -> str:
    """The label of a top list's items; the last part of the column's name where none is given."""
    if "label" not in settings:
        return "value" if default in _RESERVED_LABELS else default
    label = _text(settings, "label")
    if not _NAME.fullmatch(label) or label.startswith("__") or label in _RESERVED_LABELS:
        raise ConfigError(
            f"'{label[:60]}' can't be a label: it takes letters, digits and underscores, and none of the labels that "
            f"series have already ({', '.join(_RESERVED_LABELS)})",
            path="label",
        )
    return label


def _count(settings: Settings) -> int | None:
    if "count" not in settings:
        return None
    with within("count"):
        count = scalars.number(settings, "count", 0)
        if not 1 <= count <= MOST_ENTRIES:
            raise ConfigError(f"a top list shows 1 to {MOST_ENTRIES} entries, not {count}")
    return count


def _text(settings: Settings, key: str) -> str:
    with within(key):
        return scalars.text(settings, key)


_KINDS: Mapping[str, _Kind] = {
    "counter": _Kind(_counter, ("number",), counts_rows=True),
    "rate": _Kind(
        lambda parts: Rate(where=parts.where, value=parts.value, **parts.common), ("number",), counts_rows=True
    ),
    "top_n": _Kind(_top, ("number", "text", "address", "place"), takes_several=True, keys=TOP_KEYS),
    "cardinality": _Kind(
        lambda parts: Cardinality(column=parts.column, where=parts.where, also=parts.also, **parts.common),
        ("number", "text", "address"),
        takes_several=True,
    ),
    "quantiles": _Kind(
        lambda parts: Quantiles(column=parts.column, where=parts.where, **parts.common), ("number", "fraction")
    ),
    "histogram": _Kind(
        lambda parts: Histogram(column=parts.column, where=parts.where, **parts.common), ("number", "fraction")
    ),
}
KINDS = tuple(_KINDS)
