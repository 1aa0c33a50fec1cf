"""A dashboard: variables to choose by, and rows of panels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    VariableModel,
    VariableRefresh,
    VariableSort,
)

from boards.panels import SOURCE, Panel

TAG = "pktvisor"
"""By which the dashboards know one another."""

Variable: TypeAlias = Builder[VariableModel]


@dataclass(frozen=True)
class Row:
    """Panels of one topic."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True)
class Board:
    """A dashboard."""

    name: str
    """The end of its `uid`, and the name of its file."""
    title: str
    description: str
    variables: Sequence[Variable]
    rows: Sequence[Row]

    def json(self) -> str:
        """Give the dashboard as Grafana imports it."""
        board = (
            dashboard.Dashboard(f"pktvisor: {self.title}")
            .uid(f"pktvisor-{self.name}")
            .description(self.description)
            .tags([TAG])
            .refresh("30s")
            .time("now-1h", "now")
            .timezone("browser")
            .tooltip(DashboardCursorSync.CROSSHAIR)
            .variables(
                [dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"), *self.variables]
            )
            .links([_link()])
        )
        for row in self.rows:
            board.with_row(dashboard.Row(row.title))
            for panel in row.panels:
                board.with_panel(panel)
        built = board.build()
        for number, shown in enumerate(built.panels or (), 1):
            shown.id_val = number
        text: str = JSONEncoder(sort_keys=True, indent=1, ensure_ascii=False).encode(built)
        return f"{text}\n"


def choice(name: str, label: str, query: str, *, takes_several: bool = False) -> Variable:
    """A variable whose values a query gives."""
    variable = (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(SOURCE)
        .query(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(takes_several)
        .include_all(takes_several)
    )
    return variable.all_value(".*") if takes_several else variable


def agent_choices(name: str) -> Sequence[Variable]:
    """Job, agents and policy, of those that have series of this name."""
    return (
        *process_choices(name),
        choice("policy", "Policy", f'label_values({name}{{job=~"$job",instance=~"$instance"}}, policy)'),
    )


def process_choices(name: str) -> Sequence[Variable]:
    """Job and agents, of those that have series of this name."""
    return (
        choice("job", "Job", f"label_values({name}, job)"),
        choice("instance", "Agent", f'label_values({name}{{job=~"$job"}}, instance)', takes_several=True),
    )


def _link() -> dashboard.DashboardLink:
    return (
        dashboard.DashboardLink("pktvisor")
        .type(DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(True)
        .include_vars(True)
        .keep_time(True)
    )
