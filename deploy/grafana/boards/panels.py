"""The kinds of panels: each is made of queries, a unit and a sentence that says what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from grafana_foundation_sdk.builders import bargauge, common, prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BigValueColorMode,
    BigValueGraphMode,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    DataTransformerConfig,
    DynamicConfigValue,
    Threshold,
    ThresholdsMode,
)
from grafana_foundation_sdk.models.dashboard import Panel as PanelModel
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from grafana_foundation_sdk.models.units import Short

from boards import queries
from pktvisor.api.catalogue import ShownMetric

Panel: TypeAlias = Builder[PanelModel]
SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
GRAPH_HEIGHT, NUMBER_HEIGHT = 8, 4
NOTHING_YET = "no data"


@dataclass(frozen=True)
class Line:
    """One query of a graph."""

    legend: str
    """Its name; labels stand in double braces."""
    query: str


@dataclass(frozen=True)
class Field:
    """One column of a sheet."""

    title: str
    unit: str
    query: str
    """Its series have the labels that rows are told apart by."""


@dataclass(frozen=True)
class Limits:
    """From which values on a number is yellow, and red."""

    warn: float
    bad: float


def graph(
    title: str, meaning: str, unit: str, lines: Sequence[Line], *, width: int = 12, is_stacked: bool = False
) -> Panel:
    """Values over time."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(meaning)
        .datasource(SOURCE)
        .unit(unit)
        .min(0)
        .span(width)
        .height(GRAPH_HEIGHT)
        .line_width(1)
        .fill_opacity(30 if is_stacked else 10)
        .show_points(VisibilityMode.NEVER)
        .no_value(NOTHING_YET)
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
        .legend(
            common.VizLegendOptions()
            .show_legend(True)
            .display_mode(LegendDisplayMode.TABLE)
            .placement(LegendPlacement.BOTTOM)
            .calcs(["lastNotNull", "max"])
        )
    )
    if is_stacked:
        panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL))
    for place, line in enumerate(lines):
        panel.with_target(_target(line, chr(ord("A") + place)))
    return panel


def number(title: str, meaning: str, unit: str, query: str, *, limits: Limits | None = None, width: int = 4) -> Panel:
    """The newest value, with its way there in the background; coloured where limits say from when on it is bad."""
    return (
        stat.Panel()
        .title(title)
        .description(meaning)
        .datasource(SOURCE)
        .unit(unit)
        .span(width)
        .height(NUMBER_HEIGHT)
        .no_value(NOTHING_YET)
        .graph_mode(BigValueGraphMode.AREA)
        .color_mode(BigValueColorMode.VALUE)
        .thresholds(_thresholds(limits))
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .with_target(_target(Line(title, query), "A"))
    )


def ranking(
    metric: ShownMetric, where: str = queries.AGENTS, *, unit: str = Short, width: int = 8, hint: str = ""
) -> Panel:
    """The heaviest items of a top list in the newest windows; its title is the declaration's help."""
    line = Line(f"{{{{{queries.item(metric)}}}}}", queries.heaviest(metric, where))
    return bars(metric.help, f"{metric.help}, in the newest complete window. {hint}".strip(), unit, line, width=width)


def bars(title: str, meaning: str, unit: str, line: Line, *, width: int = 8) -> Panel:
    """The newest values side by side."""
    return (
        bargauge.Panel()
        .title(title)
        .description(meaning)
        .datasource(SOURCE)
        .unit(unit)
        .min(0)
        .span(width)
        .height(GRAPH_HEIGHT)
        .no_value(NOTHING_YET)
        .orientation(VizOrientation.HORIZONTAL)
        .display_mode(BarGaugeDisplayMode.GRADIENT)
        .thresholds(_thresholds(None))
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .with_target(_target(line, "A").instant())
    )


def sheet(title: str, meaning: str, fields: Sequence[Field]) -> Panel:
    """The newest values in a table, a row for each agent."""
    panel = (
        table.Panel()
        .title(title)
        .description(meaning)
        .datasource(SOURCE)
        .span(24)
        .height(GRAPH_HEIGHT)
        .no_value(NOTHING_YET)
        .with_transformation(DataTransformerConfig(id_val="merge", options={}))
        .with_transformation(DataTransformerConfig(id_val="organize", options={"excludeByName": {"Time": True}}))
    )
    for place, field in enumerate(fields):
        name = chr(ord("A") + place)
        panel.with_target(_target(Line(field.title, field.query), name).instant().format(PromQueryFormat.TABLE))
        panel.override_by_name(
            f"Value #{name}",
            [DynamicConfigValue("displayName", field.title), DynamicConfigValue("unit", field.unit)],
        )
    return panel


def _target(line: Line, name: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(line.query).legend_format(line.legend).ref_id(name).datasource(SOURCE).range()


def _thresholds(limits: Limits | None) -> ThresholdsConfig:
    steps = [Threshold(value=None, color="green" if limits else "blue")]
    if limits:
        steps += [Threshold(value=limits.warn, color="orange"), Threshold(value=limits.bad, color="red")]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)
