"""Conditions over columns, written in Python: `(dns.rcode == 3) & ip.src.within("10.0.0.0/8")`.

An expression is data: it is sent to the core as JSON and evaluated there, once per batch, however many metrics share
it. Columns come from the core's schema.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from pktvisor import _core
from pktvisor.errors import ConfigError
from pktvisor.metrics.compatibility import Parameter


class Condition:
    """Something that holds for a row or not; combine with `&`, `|` and `~`."""

    def __init__(self, json: list[Any]) -> None:
        self.json = json
        """The condition as the core reads it: an operator and its operands."""

    def __and__(self, other: Condition) -> Condition:
        if self.json == ["true"]:
            return other
        return self if other.json == ["true"] else Condition(["and", self.json, other.json])

    def __or__(self, other: Condition) -> Condition:
        return Condition(["or", self.json, other.json])

    def __invert__(self) -> Condition:
        return Condition(["not", self.json])

    def __bool__(self) -> bool:
        raise TypeError("a condition has no truth of its own: combine with & | ~, and put comparisons in brackets")

    def __repr__(self) -> str:
        return f"Condition({self.json})"


ALWAYS = Condition(["true"])

EVENT = Condition(["event"])
"""Every event of the handler, filtered ones included."""
PASSED = Condition(["passed"])
"""Events that the handler's filters keep."""
FILTERED = Condition(["filtered"])
"""Events that the handler's filters drop."""
SAMPLED = Condition(["sampled"])
"""Events seen while deep sampling was on, filtered ones included."""
DEEP = Condition(["deep"])
"""Kept events that are sampled deeply."""


def slower_than_before(column: Column, metric: str, percent: int = 90) -> Condition:
    """The column reaches a quantile of another metric of the handler, named by its path, in the last closed window.

    Holds for no row before the first window has closed, nor where that metric is switched off.
    """
    return Condition(["slow", column.json, metric, percent])


def listed_before(column: Column, metric: str, most: int) -> Condition:
    """The text was one of so many heaviest items of another metric of the handler, a top list named by its path, in the
    last closed window; or the first part of one.

    Holds for no row before the first window has closed, nor where that metric is switched off.
    """
    return Condition(["listed", column.json, metric, most])


class Column:
    """A column of a table, or one worked out from another; comparisons give conditions."""

    __hash__ = None  # type: ignore[assignment]  # equality makes a condition

    def __init__(self, json: str | dict[str, Any]) -> None:
        self.json = json

    def __eq__(self, value: object) -> Condition:  # type: ignore[override]
        return self._compare("eq", value)

    def __ne__(self, value: object) -> Condition:  # type: ignore[override]
        return self._compare("ne", value)

    def __lt__(self, value: int | Parameter) -> Condition:
        return self._compare("lt", value)

    def __le__(self, value: int | Parameter) -> Condition:
        return self._compare("le", value)

    def __gt__(self, value: int | Parameter) -> Condition:
        return self._compare("gt", value)

    def __ge__(self, value: int | Parameter) -> Condition:
        return self._compare("ge", value)

    def _compare(self, operator: str, value: object) -> Condition:
        if isinstance(value, str) and operator in ("eq", "ne"):
            equal = self.one_of_texts([value])
            return equal if operator == "eq" else ~equal
        if isinstance(value, Parameter):
            return Condition([operator, self.json, value.json])
        if not isinstance(value, int):
            raise ConfigError(f"{self.json} can be compared with whole numbers and text, not with {value!r}")
        return Condition([operator, self.json, int(value)])

    def one_of(self, values: Iterable[int]) -> Condition:
        """The value is one of these numbers."""
        return Condition(["in", self.json, list(values)])

    def has_bits(self, mask: int) -> Condition:
        """Any bit of the mask is set."""
        return Condition(["bits", self.json, mask])

    def within(self, *networks: str) -> Condition:
        """The address lies in one of these networks (`10.0.0.0/8`)."""
        return Condition(["cidr", self.json, list(networks)])

    def one_of_texts(self, texts: Iterable[str]) -> Condition:
        """The text is one of these; names are in lower case."""
        return self._text("is", texts)

    def starts_with(self, *texts: str) -> Condition:
        return self._text("starts", texts)

    def ends_with(self, *texts: str) -> Condition:
        """The text ends so, be it within a label."""
        return self._text("ends", texts)

    def below(self, *domains: str) -> Condition:
        """The name is one of these domains or lies below one."""
        return Condition(["domain", self.json, [domain.lower().rstrip(".") for domain in domains]])

    def is_present(self) -> Condition:
        """The row has a value: text, or an address that is not all zeros."""
        return Condition(["present", self.json])

    def _text(self, how: str, texts: Iterable[str]) -> Condition:
        kind = "place" if isinstance(self.json, dict) and "tail" not in self.json else "text"
        return Condition([kind, self.json, how, list(texts)])

    @property
    def place(self) -> Column:
        """The place of an address, by the city database."""
        return Column({"place": self.json})

    @property
    def network(self) -> Column:
        """The autonomous system of an address, by the network database."""
        return Column({"network": self.json})

    def tail(self, labels: Literal[2, 3], suffixes: Iterable[str] = ()) -> Column:
        """The last labels of a name, counting a suffix as one: one of these, else by the public suffix list."""
        return Column({"tail": labels, "of": self.json, "suffixes": list(suffixes)})

    def __repr__(self) -> str:
        return f"Column({self.json!r})"


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """One column of the schema."""

    table: str
    name: str
    type: str
    unit: str
    meaning: str


@functools.cache
def schema() -> dict[str, ColumnInfo]:
    """All columns by name, as the core declares them."""
    return {row[1]: ColumnInfo(*row) for row in _core.columns()}


class Layer:
    """The columns of one layer as attributes: `dns.rcode` for the column of that name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, field: str) -> Column:
        name = f"{self._name}.{field}"
        if field.startswith("__") or name not in schema():
            raise AttributeError(f"there is no column '{name}'")
        return Column(name)


packet = Layer("packet")
ip = Layer("ip")
transport = Layer("transport")
tcp = Layer("tcp")
vlan = Layer("vlan")
dns = Layer("dns")
dnstap = Layer("dnstap")
dhcp = Layer("dhcp")
bgp = Layer("bgp")
flow = Layer("flow")
probe = Layer("probe")
resources = Layer("resources")
xact = Layer("xact")
