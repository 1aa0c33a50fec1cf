"""Graphs of the last minutes, side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pktvisor.tui import units
from pktvisor.tui.history import Series, draw
from pktvisor.tui.layout import GAP
from pktvisor.tui.lines import Line, Role, fit, fit_line

SPAN_S = 300
"""Seconds that a graph goes back, or a little more."""
LABEL_CELLS, TALL_LABEL_CELLS = 14, 18
"""Room for a graph's name and its largest value: on one line, and on several."""


@dataclass(frozen=True, slots=True)
class Graph:
    """One of them."""

    name: str
    series: Series
    number: Callable[[float], str]
    """Writes a value."""


def graph_lines(graphs: list[Graph], *, now: float, cells: int, rows: int) -> list[Line]:
    """Draw graphs beside each other, `rows` lines high, each over the time that its columns stand for."""
    if not graphs:
        return []
    own = (cells - GAP * (len(graphs) - 1)) // len(graphs)
    blocks = [_graph(graph, now=now, cells=own, rows=rows) for graph in graphs]
    gap = ((" " * GAP, Role.PLAIN),)
    lines = []
    for parts in zip(*blocks, strict=True):
        line: Line = ()
        for number, part in enumerate(parts):
            line = (*line, *(gap if number else ()), *part)
        lines.append(fit_line(line, cells))
    return lines


def _graph(graph: Graph, *, now: float, cells: int, rows: int) -> list[Line]:
    label_cells = LABEL_CELLS if rows == 1 else TALL_LABEL_CELLS
    columns = max(cells - label_cells - 1, 1)
    # Whole columns of time, so that the graph moves a column at a time instead of trembling.
    cell_s = -(-SPAN_S // columns)
    end_s = (now // cell_s + 1) * cell_s
    values = graph.series.cells(end_s, columns, cell_s)
    known = [value for value in values if value is not None]
    most = max(known, default=0.0)
    minutes = f"{columns * cell_s / 60:.0f} min"
    labels = [graph.name, f"max {graph.number(most)}", minutes][:rows] if rows > 1 else [_short_label(graph, most)]
    labels += [""] * (rows - len(labels))
    drawn = draw(values, rows, most)
    return [
        ((fit(f" {label}", label_cells), Role.LABEL), (" ", Role.PLAIN), (line, Role.GRAPH))
        for label, line in zip(labels, drawn, strict=True)
    ]


def _short_label(graph: Graph, most: float) -> str:
    return f"{graph.name} ≤{graph.number(most)}"


def per_second(value: float) -> str:
    """Write a rate."""
    return f"{units.short(value)}/s"


def in_percent(value: float) -> str:
    """Write a share."""
    return f"{units.short(value)}%"


def in_milliseconds(value_us: float) -> str:
    """Write a time given in microseconds."""
    return f"{units.milliseconds(value_us)}ms"
