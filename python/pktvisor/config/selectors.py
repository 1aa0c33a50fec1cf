"""Tap selectors: `input.tap_selector`, which chooses taps by their tags."""

from __future__ import annotations

from collections.abc import Iterable

from pktvisor.config.document import MapNode, Node, ScalarNode, SequenceNode
from pktvisor.config.models import Scalar, TapConfig, TapSelector
from pktvisor.config.scalars import describe, typed
from pktvisor.errors import ConfigError, NoMatchError, within

KEYS = ("all", "any")


def read_selector(node: Node) -> TapSelector:
    """The selector that a node means; ConfigError where it means none."""
    if not isinstance(node, MapNode):
        raise ConfigError("'input.tap_selector' is not a map", hint=f"not {node}")
    given = [(key, node.get(key)) for key in KEYS if node.get(key) is not None]
    if len(given) > 1:
        raise ConfigError("input can have only key 'input.tap_selector.all' or key 'input.tap_selector.any'")
    if not given:
        raise ConfigError("missing key 'input.tap_selector.all' or key 'input.tap_selector.any'")
    [(key, tags)] = given
    if not isinstance(tags, SequenceNode):
        raise ConfigError(f"'input.tap_selector.{key}' is not a sequence", hint=f"not {tags}", path=key)
    return TapSelector(needs_all=key == "all", tags=tuple(_tag(key, item) for item in tags.items))


def _tag(path: str, item: Node) -> tuple[str, Scalar]:
    if not isinstance(item, MapNode) or not item.entries:
        raise ConfigError(
            "tag key 'null' have be scalar", hint=f"it must be a pair such as 'site: north', not {item}", path=path
        )
    if len(item.entries) > 1:
        raise ConfigError(
            "selector tag must contain only one key/value pair per sequence index",
            hint="start each with its own '-'",
            path=path,
        )
    [(key, value)] = item.entries
    if not isinstance(key, ScalarNode):
        raise ConfigError("tag key 'null' have be scalar", hint=f"it is {key}", path=path)
    if not isinstance(value, ScalarNode):
        raise ConfigError(
            f"tag key '{key.text}' must have scalar value", hint=f"it has {value}", path=f"{path}.{key.text}"
        )
    with within(f"{path}.{key.text}"):
        return key.text, typed(value.text)


def select(selector: TapSelector, taps: Iterable[TapConfig]) -> list[TapConfig]:
    """The taps that a selector chooses, in their order.

    NoMatchError where it chooses none, ConfigError where a tag is of another type than the selector's value.
    """
    chosen = [tap for tap in taps if _is_chosen(selector, tap)]
    if not chosen:
        raise NoMatchError("no tap match found for specified 'input.tap_selector' tags")
    return chosen


def _is_chosen(selector: TapSelector, tap: TapConfig) -> bool:
    fits = (_fits(tap, key, value) for key, value in selector.tags)
    if selector.needs_all:
        return bool(selector.tags) and all(fits)
    return any(fits)


def _fits(tap: TapConfig, key: str, wanted: Scalar) -> bool:
    there = tap.tags.get(key)
    if there is None:
        return False
    if type(there) is not type(wanted):
        expected = f"the selector has {describe(wanted)}, the tag is {describe(there)}"
        if isinstance(wanted, str):
            raise ConfigError(f"wrong type for key: {key}", hint=expected)
        raise ConfigError(
            f"Tap [{tap.name}]: tag and selector value types are different for key '{key}'", hint=expected
        )
    return there == wanted
