"""What the agent holds of memory, and what its inputs cost: processor, memory, policies and handlers, by input."""

from __future__ import annotations

from dataclasses import replace

from pktvisor.api.documents import RESOURCES_SUFFIX, Memory
from pktvisor.tui import units
from pktvisor.tui.lines import Role
from pktvisor.tui.panels import Panel, PanelRow, facts_panel
from pktvisor.tui.views.content import Content, Context, View, nothing
from pktvisor.tui.views.sections import section_panels, sections


def build(context: Context) -> Content:
    """Make the screen."""
    handlers, memory = context.reading.resources, context.reading.app.memory
    if not handlers and memory is None:
        return Content((), nothing("this agent does not report what its inputs cost"))
    panels: list[Panel] = [] if memory is None else _memory(memory)
    for handler in handlers:
        name = handler.instance.removesuffix(RESOURCES_SUFFIX)
        for section in sections(handler.metrics):
            named = replace(section, path=(name, *section.path), key=f"{name}{section.key}")
            panels += section_panels(named, context.settings.units)
    return Content(panels)


def _memory(memory: Memory) -> list[Panel]:
    """Show what is held, the most first, and what gave way."""
    budget = "none stated" if memory.budget_bytes is None else units.size(memory.budget_bytes)
    facts = [("held", units.size(memory.held_bytes)), ("budget", budget)]
    facts += [(name, units.size(held)) for name, held in sorted(memory.held.items(), key=lambda one: -one[1])]
    panels = [facts_panel("memory#held", "Memory", facts)]
    rows = [
        PanelRow(name, (units.count(times),), times, role=Role.BAD) for name, times in memory.gave_way.items() if times
    ]
    if rows:
        panels.append(Panel("memory#gave-way", "Gave way to the budget", tuple(rows)))
    return panels


VIEW = View("resources", "Resources", build, "resources")
