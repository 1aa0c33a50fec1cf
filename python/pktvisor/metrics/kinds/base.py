"""What all kinds of metrics have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Self

from pktvisor.metrics.breakdown import Closed, Open, Together
from pktvisor.metrics.compatibility import PeerMetric
from pktvisor.metrics.expressions import PASSED, Column, Condition
from pktvisor.metrics.named_columns import NamedColumn, Nature
from pktvisor.metrics.snapshot import QUANTILES, QuantileValues, Value

if TYPE_CHECKING:
    from pktvisor import _core

Feed = tuple[Condition, Column | None, Column | None]
"""Rows, the column whose values count, and the column that weighs them."""

Shape = Literal["count", "estimate", "rate", "quantiles", "histogram", "top", "minimum", "maximum"]
"""What a value looks like: the few forms that outputs know."""

StepForm = Literal["counter", "histogram"]
"""What steps keep of a metric: a number, or the counts of buckets."""


PAIRS_SHOWN = 200
"""Entries that are shown of a list whose items are made of several parts: each name has several."""


class Reading(NamedTuple):
    """How a metric is read."""

    is_running: bool
    """The window goes on with the clock: its last second can be told."""
    top_count: int
    """Entries of a top list, where the metric says no other number."""
    pair_count: int = PAIRS_SHOWN
    """The same of a list whose items are made of several parts."""
    top_percentile: int = 0
    """Entries below this percentile of the list are left out."""


@dataclass(frozen=True)
class Declared:
    """What a policy's declaration of a metric says, read."""

    where: Condition
    measured: tuple[NamedColumn, ...]
    weight: NamedColumn | None
    label: str
    """Label of a top list's items."""
    count: int | None
    """Entries of a top list."""
    render: Callable[[Any], str]
    """Text of a top list's item that is a number."""
    common: Mapping[str, Any] = field(default_factory=dict)
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
class Declarable:
    """How policies declare a kind in YAML."""

    key: str
    """The key that names the kind, as `top_n`."""
    natures: tuple[Nature, ...]
    """What its columns may be."""
    counts_rows: bool = False
    """Whether it may name a table."""
    takes_several: bool = False
    """Whether several columns may feed it."""
    keys: tuple[str, ...] = ()
    """Keys that only it has."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Metric(PeerMetric):
    """A metric: what it counts, over which rows, in which metric group, under which name.

    Metrics are not compared: comparing their columns makes conditions. Methods that nobody calls are left out of all
    kinds (`eq`, `repr`), because making them is a good part of a command's start.
    """

    name: ClassVar[str]
    """What people and documents call the kind."""
    core_kind: ClassVar[str]
    """What the core calls it."""
    shape: ClassVar[Shape]
    has_total: ClassVar[bool] = False
    """Whether values of windows add up, so that there is a count since the start, too."""
    step_form: ClassVar[StepForm | None] = None
    """What steps keep of it; None for what is in no step."""
    scope: ClassVar[Condition] = PASSED
    """Rows that the kind looks at where the declaration says no other."""
    declarable: ClassVar[Declarable | None] = None
    """How policies declare it, if they can."""

    help: str = ""
    """One sentence for people: Prometheus' HELP, the docs."""
    path: str = ""
    """Place in JSON below the schema key, with dots; the attribute's name where missing."""
    prefix: str | None = None
    """First part of the Prometheus name, where it is not the handler's schema."""
    within: Condition | None = None
    """Rows it looks at instead of the kind's scope."""
    by: Closed | Open | Together | None = None
    """What it is kept apart by; None for what the handler says."""
    key: int | None = None
    """By which key of an open breakdown it counts; None for each of them."""
    is_hidden: bool = False
    """Kept for other metrics' sake, shown nowhere."""
    step_groups: tuple[str, ...] | None = None
    """Switches that must be on for it to be in steps, where fewer than those that show it are enough."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path!r})"

    @property
    def groups_to_step(self) -> tuple[str, ...]:
        """Switches that must be on for it to be in steps."""
        return self.groups if self.step_groups is None else self.step_groups

    @classmethod
    def declared(cls, parts: Declared) -> Metric:
        """The metric that a policy declares; only of kinds that are declarable."""
        raise NotImplementedError

    def feeds(self) -> list[Feed]:
        """What goes into it."""
        raise NotImplementedError

    def plan_settings(self) -> dict[str, Any]:
        """What the core must know of it besides its kind and feeds."""
        return {}

    def read(self, core: _core.Metric, reading: Reading) -> Value | None:
        """Its value, from the core; None where there is none to be shown."""
        raise NotImplementedError

    def labels(self) -> tuple[str, ...]:
        """Names of the labels that its own series have."""
        return ()

    def words(self) -> str:
        """The column whose words stand for its items; empty where none do."""
        return ""

    def series_suffixes(self) -> tuple[str, ...]:
        """What Prometheus puts behind the names of further series."""
        return ()

    def named(self, name: str) -> Self:
        """The metric with its path filled in."""
        return self if self.path else replace(self, path=name)

    def rows(self, where: Condition) -> Condition:
        """The rows of a feed: its own condition within the metric's scope."""
        return (self.scope if self.within is None else self.within) & where


def quantile_values(core: _core.Metric, live: int | None = None) -> QuantileValues:
    """Quantiles as outputs show them, from what the core keeps of values or of seconds."""
    values, maximum, total, count, is_whole = core.quantiles(QUANTILES)
    number = int if is_whole else float
    return QuantileValues(
        values=tuple(number(value) for value in values),
        maximum=number(maximum),
        total=number(total),
        count=count,
        live=live,
    )
