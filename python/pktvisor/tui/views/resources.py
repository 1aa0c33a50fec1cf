"""What the agent's inputs cost: processor, memory, policies and handlers, by input."""

from __future__ import annotations

from dataclasses import replace

from pktvisor.api.documents import RESOURCES_SUFFIX
from pktvisor.tui.panels import Panel
from pktvisor.tui.views.content import Content, Context, View, nothing
from pktvisor.tui.views.sections import section_panels, sections


def build(context: Context) -> Content:
    """Make the screen."""
    handlers = context.reading.resources
    if not handlers:
        return Content((), nothing("this agent tells nothing of what its inputs cost"))
    panels: list[Panel] = []
    for handler in handlers:
        name = handler.instance.removesuffix(RESOURCES_SUFFIX)
        for section in sections(handler.metrics):
            named = replace(section, path=(name, *section.path), key=f"{name}{section.key}")
            panels += section_panels(named, context.settings.units)
    return Content(panels)


VIEW = View("resources", "Resources", build, "resources")
