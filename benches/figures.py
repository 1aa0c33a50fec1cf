"""The figures that a run produces, what the project aims at, and the table that compares them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Target:
    """What a figure should be: `reach` is the least that will do, `aim` would be good, `peer` is the C++ agent."""

    name: str
    unit: str
    reach: float
    aim: float
    peer: float | None = None
    higher_is_better: bool = False

    def met(self, value: float, bound: float) -> bool:
        """Whether `value` is at least as good as `bound`."""
        return value >= bound if self.higher_is_better else value <= bound

    def verdict(self, value: float) -> str:
        """aim, reach or missed."""
        if self.met(value, self.aim):
            return "aim"
        return "reach" if self.met(value, self.reach) else "missed"


TARGETS = (
    Target("mix", "ns/packet", 200, 140, 2800),
    Target("attack", "ns/packet", 250, 140, 2020),
    Target("victim", "ns/packet", 300, 170),
    Target("mix with GeoIP", "times mix", 1.3, 1.15, 1.2),
    Target("mix instructions", "per packet", 1500, 900, 14_100),
    Target("attack instructions", "per packet", 2000, 1300, 14_900),
    Target("victim instructions", "per packet", 2400, 1550),
    Target("DHCP requests", "times a query", 2, 1.5),
    Target("mix memory", "MB peak", 128, 64, 562),
    Target("attack memory", "MB peak", 128, 64, 195),
    Target("victim memory", "MB peak", 128, 64),
    Target("small file", "s elapsed", 0.35, 0.15, 0.02),
    Target("two workers", "times faster", 1.7, 1.9, higher_is_better=True),
    Target("netflow9", "million/s", 1.2, 2, higher_is_better=True),
    Target("ipfix", "million/s", 1.2, 2, higher_is_better=True),
    Target("sflow", "million/s", 1, 3, higher_is_better=True),
    Target("messages", "million/s", 1.5, 4, higher_is_better=True),
    Target("exporters memory", "MB peak", 256, 192),
    Target("waiting memory", "MB peak", 128, 96),
    Target("planning of 100 handlers", "s CPU", 1, 0.3),
    Target("live flow, 1 records, unaccounted", "datagrams", 0, 0),
    Target("live flow, 10 records, unaccounted", "datagrams", 0, 0),
    Target("daemon at rest", "MB resident", 96, 56, 20),
    Target("60 kpps CPU", "s per million", 0.8, 0.3, 7.1),
    Target("60 kpps lost", "percent", 0, 0, 0.1),
    Target("150 kpps CPU", "s per million", 0.8, 0.3, 3.9),
    Target("150 kpps lost", "percent", 0, 0, 0.7),
    Target("200 kpps CPU", "s per million", 0.8, 0.3, 3.3),
    Target("200 kpps lost", "percent", 0, 0, 1.5),
    Target("packet thread with 50 reads/s", "times without", 1.03, 1),
    Target("scrape of 20 policies", "ms", 50, 20),
    Target("1000 policy changes, packets lost", "packets", 0, 0),
    Target("hub agents", "per minute and core", 3000, 10_000, higher_is_better=True),
    Target("hub agents, sealed", "per minute and core", 3000, 10_000, higher_is_better=True),
    Target("hub memory", "MB peak", 2000, 1000),
    Target("hub memory, sealing", "MB peak", 2000, 1000),
    Target("hub delivery", "kB", 20, 12),
    Target("hub top list of a day by tag", "s elapsed", 1, 0.1),
    Target("hub items outside their bounds", "of 100", 0, 0),
    Target("hub heaviest items shown", "of 100", 98, 100, higher_is_better=True),
    Target("hub items with agents miscounted", "of 100", 0, 0),
    Target("hub union", "% error", 2, 1.5),
    Target("page first paint", "ms", 300, 150),
    Target("page bytes", "kB at most", 60, 50),
    Target("page fleet frames", "frames/s", 60, 60, higher_is_better=True),
    Target("page 1 viewers", "% of a core more", 1, 0.3),
    Target("page 20 viewers", "% of a core more", 10, 3),
)
BY_NAME = {target.name: target for target in TARGETS}


@dataclass(frozen=True)
class Figure:
    """One measured value; figures without a target are there for comparison."""

    name: str
    value: float
    unit: str
    note: str = ""

    def as_document(self) -> dict[str, object]:
        """For the JSON record."""
        return {key: value for key, value in asdict(self).items() if value != ""}


def number(value: float | None) -> str:
    """A value with as many digits as it deserves."""
    if value is None:
        return "-"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.3g}"


def table_row(figure: Figure) -> list[str]:
    """One line of the table: the figure, its target, the peer and how they compare."""
    target = BY_NAME.get(figure.name)
    row = [figure.name, number(figure.value), figure.unit]
    if target is None:
        return [*row, "", "", "", "", figure.note]
    peer = f"{figure.value / target.peer:.3g}" if target.peer else "-"
    bounds = [number(target.reach), number(target.aim), number(target.peer), peer]
    return [*row, *bounds, " ".join(filter(None, [target.verdict(figure.value), figure.note]))]


def table(figures: Iterable[Figure]) -> str:
    """All figures as a Markdown table, aligned so that a terminal shows it well."""
    head = ["figure", "measured", "unit", "reach", "aim", "peer", "of peer", ""]
    lines = [head, *(table_row(figure) for figure in figures)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )
