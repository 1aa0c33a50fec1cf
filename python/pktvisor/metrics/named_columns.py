"""Columns named in texts: `dns.qname`, and those worked out from another, as `ip.src.place`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pktvisor import _core
from pktvisor.config.suggestions import did_you_mean
from pktvisor.errors import ConfigError
from pktvisor.metrics.expressions import Column, schema

Nature = Literal["number", "fraction", "time", "text", "address", "place"]
"""What the values of a column are, as far as it decides what can be done with them."""

WITH_ARTICLE: dict[Nature, str] = {
    "number": "a number",
    "fraction": "a fraction",
    "time": "a point in time",
    "text": "a text",
    "address": "an address",
    "place": "a place or network",
}

PACKET_TABLE = "packet"
EXCHANGE_TABLE = "xact"

LARGEST = {"u8": 2**8 - 1, "u16": 2**16 - 1, "u32": 2**32 - 1}
"""The largest value of the columns that hold less than 64 bits."""
_LARGEST_OF = {"dns.rcode": 2**12 - 1}
"""The largest value of columns that do not use all of their bits."""
_LARGEST_COMPARABLE = 2**63 - 1

_NATURES: dict[str, Nature] = {"i64": "time", "f64": "fraction", "text": "text", "address": "address"}


@dataclass(frozen=True)
class _Derivation:
    """A way to work a column out from another."""

    of: Nature
    nature: Nature
    make: Callable[[Column], Column]


DERIVATIONS = {
    "place": _Derivation("address", "place", lambda column: column.place),
    "network": _Derivation("address", "place", lambda column: column.network),
    "tail2": _Derivation("text", "text", lambda column: column.tail(2)),
    "tail3": _Derivation("text", "text", lambda column: column.tail(3)),
}
"""What may stand behind the name of a column, after a dot."""

_REFUSED = ("xact.question_flags",)

_TABLES_WITH_MORE_IN_FRAMES = ("dns", EXCHANGE_TABLE)

_TAILS = ("dns.qname2", "dns.qname3")


@dataclass(frozen=True)
class NamedColumn:
    """A column by its name."""

    name: str
    """As it is written, in full."""
    base: str
    """The column of the schema that it is, or is worked out from."""
    table: str
    nature: Nature
    column: Column

    @property
    def largest(self) -> int:
        """The largest number that its values may be compared with."""
        return _LARGEST_OF.get(self.base) or LARGEST.get(schema()[self.base].type, _LARGEST_COMPARABLE)

    @property
    def is_of_dns_names(self) -> bool:
        """Whether it holds names in lower case without a final dot."""
        return self.nature == "text" and (self.base.startswith("dns.") or self.base == "dnstap.zone")

    @property
    def is_tail(self) -> bool:
        """Whether it holds the last labels of names, with the dot before them where the name goes on."""
        return self.base in _TAILS or self.name.rpartition(".")[2] in ("tail2", "tail3")


def named_column(name: str) -> NamedColumn:
    """The column of that name; ConfigError where there is none."""
    known = schema()
    if name in _REFUSED:
        raise ConfigError(f"{name} means something to built-in handlers only")
    if name in known:
        info = known[name]
        return NamedColumn(name, name, info.table, _NATURES.get(info.type, "number"), Column(name))
    base, _, last = name.rpartition(".")
    if base in known:
        return _derived(named_column(base), last)
    hint = "; it is in data frames only" if _is_of_frames_only(name) else did_you_mean(name, known)
    raise ConfigError(f"no column '{name[:60]}'{hint}")


def _is_of_frames_only(name: str) -> bool:
    return any(name == told for table in _TABLES_WITH_MORE_IN_FRAMES for told, *_ in _core.frame_columns(table))


def _derived(base: NamedColumn, last: str) -> NamedColumn:
    fitting = {key: derivation for key, derivation in DERIVATIONS.items() if derivation.of == base.nature}
    derivation = fitting.get(last)
    if derivation is None:
        choices = f"; use {_alternatives(base.name, fitting)}" if fitting else ""
        raise ConfigError(f"no column '{base.name}.{last[:60]}'{choices}")
    name = f"{base.name}.{last}"
    return NamedColumn(name, base.base, base.table, derivation.nature, derivation.make(base.column))


def _alternatives(name: str, endings: dict[str, _Derivation]) -> str:
    return " or ".join(f"'{name}.{ending}'" for ending in endings)
