"""Taps: `visor.taps`, and the bodies of `POST /api/v1/taps`."""

from __future__ import annotations

from pktvisor.config.document import MapNode, Node, ScalarNode
from pktvisor.config.models import TapConfig
from pktvisor.config.names import check_name
from pktvisor.config.reading import Reading, missing, read_settings
from pktvisor.errors import ConfigError

KEYS = ("input_type", "config", "tags")


def read_tap(reading: Reading, key: Node, node: Node) -> TapConfig | None:
    """One entry of the section; None where something is wrong with it, which `reading` then knows."""
    if not isinstance(key, ScalarNode):
        reading.note(ConfigError("expecting tap identifier", hint=f"{key} stands there"))
        return None
    errors = len(reading.errors)
    tap = None
    with reading.section(key.text):
        check_name(key.text)
        if not isinstance(node, MapNode):
            raise ConfigError("expecting tap configuration map", hint=f"not {node}")
        tap = _tap(reading, key.text, node)
    return tap if len(reading.errors) == errors else None


def _tap(reading: Reading, name: str, node: MapNode) -> TapConfig:
    reading.warn_of_lookalikes(node, KEYS)
    if "filter" in node.named:
        reading.warn(
            node.named["filter"][0], "filter", message="a tap's filter is ignored; policies have filters (input.filter)"
        )
    input_type = ""
    with reading.section("input_type"):
        input_type = _input_type(node)
    config = read_settings(reading, node, "config", "tap configuration is not a map")
    tags = read_settings(reading, node, "tags", "tap tags is not a map")
    return TapConfig(name, input_type, config, tags)


def _input_type(node: MapNode) -> str:
    found = node.get("input_type")
    if not isinstance(found, ScalarNode):
        raise missing(node, "input_type", "missing or invalid tap type key 'input_type'")
    return found.text
