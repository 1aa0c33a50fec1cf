"""Handlers that keep their metrics apart by direction, as net and dns 2.0."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from pktvisor.api.keys import Document
from pktvisor.api.values import Histogram, Quantiles, TopEntry, Value, leaves
from pktvisor.tui.figures import DIRECTIONS
from pktvisor.tui.layout import column_count
from pktvisor.tui.panels import WIDE, Panel, PanelRow, histogram_panel, quantiles_panel, top_panel
from pktvisor.tui.units import NOTHING, Units, in_unit_of, tight
from pktvisor.tui.views.content import Content
from pktvisor.tui.views.sections import titled, writer

Metrics = Mapping[str, Value]
"""Metrics by dotted path."""


def has_directions(document: Document) -> bool:
    """Tell whether the document is of that layout."""
    return any(isinstance(document.get(direction), dict) for direction in DIRECTIONS)


def direction_content(document: Document, shown: Units, width: int) -> Content:
    """Make the screen of such a document; lists of one kind are in one row where all directions fit."""
    present = {
        direction: {".".join(path): value for path, value in leaves(document[direction])}
        for direction in DIRECTIONS
        if isinstance(document.get(direction), dict)
    }
    common = {key: value for key, value in document.items() if key not in present}
    overall = {".".join(path): value for path, value in leaves(common)}
    panels = [_quantiles(present, overall, shown), _counts(present, overall, shown)]
    pairs = [(name, direction) for name in _names(present) for direction in present]
    if column_count(width) < len(present):
        pairs.sort(key=lambda pair: list(present).index(pair[1]))
    if pairs:
        panels.append(Panel("#heading", "by direction", (), is_heading=True))
    for name, direction in pairs:
        metrics = present[direction]
        panels += _panel(direction, name, metrics.get(name, ()), _base(metrics, name), shown)
    return Content(panels, columns=None if len(present) == 1 else len(present))


def _names(present: Mapping[str, Metrics]) -> list[str]:
    """Give the names of lists and histograms, in the order of the documents; what is empty everywhere comes last."""
    names: dict[str, bool] = {}
    for metrics in present.values():
        for name, value in metrics.items():
            if isinstance(value, tuple | Histogram):
                names[name] = names.get(name, False) or value != ()
    return sorted(names, key=lambda name: not names[name])


def _counts(present: Mapping[str, Metrics], overall: Metrics, shown: Units) -> Panel:
    names = dict.fromkeys(
        name for metrics in present.values() for name, value in metrics.items() if isinstance(value, int | float)
    )
    rows = [
        PanelRow(name, tuple(_number(name, metrics.get(name), shown) for metrics in present.values())) for name in names
    ]
    rows += [
        PanelRow(name, (in_unit_of(name, value, shown),))
        for name, value in overall.items()
        if isinstance(value, int | float)
    ]
    return Panel("#counts", "Counters", tuple(rows), tuple(present), is_whole=True, least_width=WIDE)


def _number(name: str, value: Value | None, shown: Units) -> str:
    return in_unit_of(name, value, shown) if isinstance(value, int | float) else NOTHING


def _quantiles(present: Mapping[str, Metrics], overall: Metrics, shown: Units) -> Panel:
    rows = [
        (f"{direction} {name.removeprefix('rates.')}", value)
        for direction, metrics in {"": overall, **present}.items()
        for name, value in metrics.items()
        if isinstance(value, Quantiles)
    ]
    rows = [(name.strip(), value) for name, value in rows]
    return quantiles_panel("#quantiles", "Rates and quantiles", rows, partial(tight, units=shown))


def _base(metrics: Metrics, name: str) -> float:
    """Give what a list's counts are a share of."""
    total = metrics.get("xacts" if name.endswith("_xacts") else "total_packets" if name.endswith("_packets") else "")
    return total if isinstance(total, int | float) else 0.0


def _panel(direction: str, name: str, value: Value | tuple[TopEntry, ...], base: float, shown: Units) -> list[Panel]:
    title = f"{titled(name.removesuffix('_xacts').removesuffix('_packets').removesuffix('_us'))} · {direction}"
    key = f"{direction}/{name}"
    if isinstance(value, Histogram):
        return [histogram_panel(key, title, value, writer(name.replace("histogram_", ""), shown))]
    if isinstance(value, tuple):
        return [top_panel(key, title, value, base=base, number=writer(name, shown))]
    return [Panel(key, title, ())]
