"""Free-form sections (`config`, `filter`, `tags`) as the document has them."""

from __future__ import annotations

from pktvisor.config.document import MapNode, Node, NullNode, ScalarNode, SequenceNode
from pktvisor.config.models import Value
from pktvisor.config.scalars import typed
from pktvisor.errors import ConfigError


def value_of(key: str, node: Node) -> Value:
    """What a node below `key` means: a scalar, a list of texts, or a nested section. Nothing is the text `null`."""
    match node:
        case NullNode():
            return "null"
        case ScalarNode():
            return typed(node.text)
        case SequenceNode():
            return [_item(key, item) for item in node.items]
        case MapNode():
            return settings_of(node)
    raise AssertionError


def _item(key: str, node: Node) -> str:
    if isinstance(node, ScalarNode):
        return node.text
    raise ConfigError(
        f"invalid value for sequence in key: {key}", hint=f"it must hold only texts and numbers, not {node}"
    )


def settings_of(node: MapNode) -> dict[str, Value]:
    """A free-form section. ConfigError, with the path below it, where it can't be read."""
    settings: dict[str, Value] = {}
    for key, value in node.entries:
        if not isinstance(key, ScalarNode):
            raise ConfigError(f"{key} can't be a key", hint="keys must be texts")
        try:
            settings[key.text] = value_of(key.text, value)
        except ConfigError as error:
            error.path = f"{key.text}.{error.path}" if error.path else key.text
            raise
    return settings
