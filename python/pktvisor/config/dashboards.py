"""Dashboards: `visor.dashboards` of an agent, `hub.dashboards` of a hub. A key that means nothing is an error."""

from __future__ import annotations

from pktvisor.config.document import MapNode, Node, NullNode, ScalarNode, SequenceNode
from pktvisor.config.models import DashboardConfig, PanelConfig
from pktvisor.config.names import check_name
from pktvisor.config.reading import Reading, missing
from pktvisor.config.suggestions import did_you_mean
from pktvisor.errors import ConfigError

MOST_DASHBOARDS = 100
MOST_PANELS = 48
"""Of a dashboard: each is drawn anew with every window."""
LONGEST_TEXT = 200

KEYS = ("title", "panels")
PANEL_KEYS = ("title", "policy", "handler", "metric", "as", "width")
FORMS = ("figure", "chart", "top", "table", "bars", "heat")
"""What a panel may be drawn as: a number, lines over time, a top list, rows, a histogram, one over time."""
WIDTHS = (2, 3, 4, 6, 8, 9, 12)


def read_dashboards(reading: Reading, parent: MapNode) -> tuple[DashboardConfig, ...]:
    """The section of a configuration; what is wrong in it, `reading` knows."""
    section = parent.get("dashboards")
    if section is None or isinstance(section, NullNode):
        return ()
    with reading.section("dashboards"):
        if not isinstance(section, MapNode):
            raise ConfigError("a map of names to dashboards must stand here", hint=f"not {section}")
        if len(section.entries) > MOST_DASHBOARDS:
            raise ConfigError(f"there are at most {MOST_DASHBOARDS} dashboards, not {len(section.entries)}")
        found = [_dashboard(reading, key, value) for key, value in section.entries]
        return tuple(one for one in found if one is not None)
    return ()


def _dashboard(reading: Reading, key: Node, node: Node) -> DashboardConfig | None:
    """One entry of the section; None where something is wrong with it, which `reading` then knows."""
    if not isinstance(key, ScalarNode):
        reading.note(ConfigError("a name must stand here", hint=f"not {key}", place=reading.document.place(key.mark)))
        return None
    errors = len(reading.errors)
    dashboard = None
    with reading.section(key.text):
        check_name(key.text)
        if not isinstance(node, MapNode):
            raise ConfigError("a map with panels must stand here", hint=f"not {node}")
        reading.refuse_unknown(node, KEYS)
        dashboard = DashboardConfig(key.text, _text(reading, node, "title") or key.text, _panels(reading, node))
    return dashboard if reading.keeps_sections or len(reading.errors) == errors else None


def _panels(reading: Reading, dashboard: MapNode) -> tuple[PanelConfig, ...]:
    found: list[PanelConfig] = []
    panels = dashboard.get("panels")
    if not isinstance(panels, SequenceNode):
        raise missing(dashboard, "panels", "a dashboard needs a list of panels at key 'panels'")
    with reading.section("panels"):
        if not 1 <= len(panels.items) <= MOST_PANELS:
            raise ConfigError(f"a dashboard has 1 to {MOST_PANELS} panels, not {len(panels.items)}")
        for number, node in enumerate(panels.items):
            found.append(PanelConfig(""))  # so that those behind it keep their numbers
            with reading.section(str(number)):
                if not isinstance(node, MapNode):
                    raise ConfigError("a map with a metric must stand here", hint=f"not {node}")
                found[number] = _panel(reading, node)
    return tuple(found)


def _panel(reading: Reading, node: MapNode) -> PanelConfig:
    reading.refuse_unknown(node, PANEL_KEYS)
    if node.get("metric") is None:
        raise missing(node, "metric", "a panel needs a metric at key 'metric'")
    return PanelConfig(
        metric=_text(reading, node, "metric"),
        policy=_text(reading, node, "policy"),
        handler=_text(reading, node, "handler"),
        form=_choice(reading, node, "as", FORMS),
        title=_text(reading, node, "title"),
        width=int(_choice(reading, node, "width", tuple(map(str, WIDTHS))) or PanelConfig.width),
    )


def _text(reading: Reading, parent: MapNode, key: str) -> str:
    """The text at a key; empty where there is none, or where `reading` notes what is wrong with it."""
    node = parent.get(key)
    if node is None:
        return ""
    with reading.section(key):
        if not isinstance(node, ScalarNode) or not 0 < len(node.text) <= LONGEST_TEXT:
            raise ConfigError(f"a text of 1 to {LONGEST_TEXT} characters must stand here", hint=f"not {node}")
        return node.text
    return ""


def _choice(reading: Reading, parent: MapNode, key: str, known: tuple[str, ...]) -> str:
    found = _text(reading, parent, key)
    if found and found not in known:
        hint = did_you_mean(found, known)
        reading.note(ConfigError(f"this must be one of {', '.join(known)}, not '{found[:60]}'", hint=hint, path=key))
        return ""
    return found
