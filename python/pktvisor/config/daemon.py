"""Options of the daemon in a file: `visor.config`. They are named as on the command line, with underscores."""

from __future__ import annotations

from pktvisor.config.daemon_options import KEYS
from pktvisor.config.document import MapNode, Node, ScalarNode
from pktvisor.config.free_form import value_of
from pktvisor.config.models import Settings, Value
from pktvisor.config.options import Flag, Number, Ports, TagList
from pktvisor.config.ports import read_ports, written_port
from pktvisor.config.reading import Reading
from pktvisor.config.tags import mistake_of
from pktvisor.errors import ConfigError

_TRUTHS = {"true": True, "yes": True, "on": True, "y": True, "false": False, "no": False, "off": False, "n": False}
_LONGEST_NUMBER = 19


def read_options(reading: Reading, node: MapNode) -> Settings:
    """The options, each with its type; unknown ones are left out with a warning."""
    options: dict[str, Value] = {}
    with reading.section("config"):
        reading.warn_of_unknown(node, KEYS, "option")
        for name, (_, value) in node.named.items():
            if name in KEYS:
                with reading.section(name):
                    options[name] = _option(name, value)
    return options


def _option(name: str, node: Node) -> Value:
    option = KEYS[name].option
    if isinstance(option, Ports) and not isinstance(node, MapNode):
        return [written_port(port) for port in read_ports(value_of(name, node), may_be_any=option.may_be_any)]
    if isinstance(option, TagList):
        return _tags(name, node)
    if not isinstance(node, ScalarNode):
        raise ConfigError(f"wrong type for key: {name}", hint=f"it needs a single value, not {node}")
    if isinstance(option, Flag):
        return _flag(name, node)
    return _number(name, node) if isinstance(option, Number) else node.text


def _tags(name: str, node: Node) -> dict[str, Value]:
    if not isinstance(node, MapNode):
        raise ConfigError(f"wrong type for key: {name}", hint=f"it needs a map of names to values, not {node}")
    tags: dict[str, Value] = {}
    for tag, (_, value) in node.named.items():
        if not isinstance(value, ScalarNode):
            raise ConfigError(f"wrong type for key: {name}.{tag}", hint=f"it needs a single value, not {value}")
        if mistake := mistake_of(tag, value.text):
            raise ConfigError(mistake)
        tags[tag] = value.text
    return tags


def _flag(name: str, node: ScalarNode) -> bool:
    truth = _TRUTHS.get(node.text.lower())
    if truth is None:
        raise ConfigError(f"wrong type for key: {name}", hint=f"it needs true or false, not {node}")
    return truth


def _number(name: str, node: ScalarNode) -> int:
    digits = node.text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_NUMBER):
        raise ConfigError(f"wrong type for key: {name}", hint=f"it needs a whole number, not {node}")
    return int(node.text)
