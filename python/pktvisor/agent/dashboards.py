"""Whether a dashboard's panels can be drawn: what they name of a configuration's own policies must be there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from pktvisor.config.models import AgentConfig, DashboardConfig, ModuleConfig, PanelConfig
from pktvisor.config.suggestions import did_you_mean
from pktvisor.errors import ConfigError
from pktvisor.handlers import handlers
from pktvisor.handlers.base import Handler
from pktvisor.metrics.breakdown import Closed
from pktvisor.metrics.declaration_text import read_declaration
from pktvisor.metrics.kinds import Metric
from pktvisor.metrics.kinds.base import Shape
from pktvisor.metrics.units import TIME, unit_of

MOST_TOLD = 8
"""Names that a message lists."""
SHAPES_OF: Mapping[str, Sequence[Shape]] = {
    "figure": ("count", "estimate", "minimum", "maximum"),
    "chart": ("count",),
    "top": ("top",),
    "bars": ("histogram",),
    "heat": ("histogram",),
}
"""What can be drawn as what; anything has a table, and heat is of times alone."""


def mistakes_of_dashboards(config: AgentConfig) -> Iterator[ConfigError]:
    """Give what is wrong with the panels of policies that the configuration has; others may come in other ways."""
    for dashboard in config.dashboards:
        for number, panel in enumerate(dashboard.panels):
            for error in _mistakes(panel, config):
                error.path = f"dashboards.{dashboard.name}.panels.{number}.{error.path}"
                yield error


def unknown_policies(config: AgentConfig) -> Iterator[ConfigError]:
    """Give the panels of policies that the configuration does not have."""
    known = [policy.name for policy in config.policies]
    for dashboard in config.dashboards:
        for number, panel in enumerate(dashboard.panels):
            if panel.policy and panel.policy not in known:
                message = f"no policy '{panel.policy}' is in this configuration: the panel is empty until there is one"
                path = f"dashboards.{dashboard.name}.panels.{number}.policy"
                yield ConfigError(message, hint=did_you_mean(panel.policy, known), path=path)


def by_name(dashboards: Sequence[DashboardConfig]) -> dict[str, DashboardConfig]:
    """Give dashboards by their names."""
    return {one.name: one for one in dashboards}


def _mistakes(panel: PanelConfig, config: AgentConfig) -> Iterator[ConfigError]:
    policy = next((one for one in config.policies if one.name == panel.policy), None)
    if policy is None:
        return
    modules = [one for one in policy.modules if panel.handler in ("", one.name, one.type)]
    if not modules:
        known = [one.name for one in policy.modules]
        hint = did_you_mean(panel.handler, known) or f"it has {', '.join(known[:MOST_TOLD]) or 'none'}"
        yield ConfigError(f"policy '{policy.name}' has no handler '{panel.handler}'", hint=hint, path="handler")
        return
    named = [one for module in modules for one in _metrics(module)]
    metric = next((metric for name, metric in named if name == panel.metric), None)
    if metric is None:
        hint = did_you_mean(panel.metric, [name for name, _ in named])
        yield ConfigError(f"policy '{policy.name}' has no metric '{panel.metric}' there", hint=hint, path="metric")
    elif panel.form and panel.form not in _forms(metric):
        hint = f"it can be drawn as {' or '.join(_forms(metric))}"
        yield ConfigError(f"the {metric.name} '{panel.metric}' can't be drawn as {panel.form}", hint=hint, path="as")


def _forms(metric: Metric) -> Sequence[str]:
    """Give what a metric can be drawn as."""
    fitting = [form for form, shapes in SHAPES_OF.items() if metric.shape in shapes]
    return [form for form in (*fitting, "table") if form != "heat" or unit_of(metric) == TIME]


def _metrics(module: ModuleConfig) -> Iterator[tuple[str, Metric]]:
    """Give the metrics of a module by the names that panels know them by."""
    handler = handlers().get((module.type, module.version))
    if handler is not None:
        for metric in _declared(module) if handler.is_named_by_policies else handler.declared().values():
            if not metric.is_hidden:
                yield metric.path, metric
                yield from (
                    (f"{direction}.{metric.path}", metric) for direction in _directions(handler, module, metric)
                )


def _declared(module: ModuleConfig) -> Iterator[Metric]:
    for name, value in module.metrics.items():
        with suppress(ConfigError):  # which the policy is refused for
            yield read_declaration(name, value).metric


def _directions(handler: type[Handler], module: ModuleConfig, metric: Metric) -> Sequence[str]:
    """Give the directions that a metric is kept apart by."""
    by = handler.breakdown(metric)
    told = module.metrics.get(metric.path)
    is_apart = isinstance(told, dict) and "direction" in str(told.get("by"))
    return by.names if isinstance(by, Closed) else ("in", "out", "unknown") if is_apart else ()
