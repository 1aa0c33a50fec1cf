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
from pktvisor.metrics.breakdown import MOST_GROUPS
from pktvisor.metrics.expression_text import parse_expression
from pktvisor.metrics.expressions import ALWAYS, Condition, schema, xact
from pktvisor.metrics.kinds import Metric, declarable_kinds
from pktvisor.metrics.kinds.base import Declarable, Declared
from pktvisor.metrics.mnemonics import mnemonics
from pktvisor.metrics.named_columns import EXCHANGE_TABLE, WITH_ARTICLE, NamedColumn, Nature, named_column

COMMON_KEYS = ("where", "help", "group", "by", "most_groups")

MOST_BY = 2
"""Columns that a metric may be kept apart by."""
MOST_GROUPS_DECLARED = 100_000
"""Groups that a declaration may ask for."""

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
    by: tuple[str, ...] = ()
    """The columns that it is kept apart by; a direction may leave out the name of its table."""
    most_groups: int = MOST_GROUPS
    """Groups that are kept where these are met in the traffic."""


def read_declaration(name: str, value: Value) -> Declaration:
    """The metric that a map declares; ConfigError, with the path below it, where it declares none."""
    _check_name(name)
    if not isinstance(value, dict):
        raise ConfigError(
            f"a metric must be a map with its kind, such as {{counter: dns}}, not {scalars.describe(value)}"
        )
    kind = _kind(value)
    table = ""
    measured: tuple[NamedColumn, ...] = ()
    with within(kind):
        if _form(kind).counts_rows and "." not in str(value[kind]):
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
    }
    label, count, render = _top_settings(value, measured) if "label" in _form(kind).keys else ("", None, str)
    parts = Declared(_of_answers(where, columns), measured, weight, label, count, render, common)
    metric = declarable_kinds()[kind].declared(parts)
    return Declaration(metric, columns, table, _by(value), _most_groups(value))


def _form(kind: str) -> Declarable:
    """How a kind is declared."""
    form = declarable_kinds()[kind].declarable
    assert form is not None, "a declarable kind"
    return form


def _by(value: Settings) -> tuple[str, ...]:
    """The names of the columns that a metric is kept apart by."""
    if "by" not in value:
        return ()
    with within("by"):
        listed = value["by"] if isinstance(value["by"], list) else [scalars.text(value, "by")]
        names = tuple(str(name) for name in listed)
        if not 1 <= len(names) <= MOST_BY or len(set(names)) < len(names):
            raise ConfigError(f"a metric can be split by one column or by {MOST_BY} different ones")
        return names


def _most_groups(value: Settings) -> int:
    if "most_groups" not in value:
        return MOST_GROUPS
    with within("most_groups"):
        most = scalars.number(value, "most_groups", MOST_GROUPS)
        if "by" not in value:
            raise ConfigError("only a split metric has groups: name the column, such as 'by: vlan.id'")
        if not 1 <= most <= MOST_GROUPS_DECLARED:
            raise ConfigError(f"a metric keeps 1 to {MOST_GROUPS_DECLARED} groups, not {most}")
        return most


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
            f"invalid metric name: {name[:60]}; it must start with a letter or an underscore, followed only by "
            "letters, digits and underscores, at most 60 characters in all"
        )
    if name in _RESERVED_NAMES:
        raise ConfigError(f"a metric can't be called '{name}': this name has another meaning in JSON")


def _kind(value: Mapping[str, Value]) -> str:
    """The kind, all keys being known."""
    known_kinds = declarable_kinds()
    kinds = [key for key in value if key in known_kinds]
    if not kinds:
        hints = (is_meant(kind, value) for kind in known_kinds)
        raise ConfigError(f"a metric needs a kind, one of {', '.join(known_kinds)}{next(filter(None, hints), '')}")
    if len(kinds) > 1:
        raise ConfigError(f"a metric has one kind, not {' and '.join(kinds)}")
    known = (*kinds, *COMMON_KEYS, *_form(kinds[0]).keys)
    for key in value:
        if key not in known:
            raise ConfigError(f"a {kinds[0]} has no '{key[:60]}', only {', '.join(known)}{did_you_mean(key, known)}")
    return kinds[0]


def _measured(kind: str, value: Value) -> tuple[NamedColumn, ...]:
    """The columns that feed a metric."""
    form = _form(kind)
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
        return _column("weight", _form("counter").natures, scalars.text(value, "weight"))


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


def _top_settings(value: Settings, measured: Sequence[NamedColumn]) -> tuple[str, int | None, Callable[[Any], str]]:
    """What only top lists have: the label of their items, how many are shown, and the text of an item's number."""
    first = measured[0]
    words = mnemonics(first.name)
    label = _label(value, (first.base if first.is_tail else first.name).rpartition(".")[2])
    return label, _count(value), str if words is None else words.name


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
