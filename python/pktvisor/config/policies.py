"""Policies: `visor.policies`, and the bodies of `POST /api/v1/policies`."""

from __future__ import annotations

from pktvisor.config.document import MapNode, Node, ScalarNode, SequenceNode
from pktvisor.config.free_form import settings_of
from pktvisor.config.models import ModuleConfig, PolicyConfig, PolicyInput, Settings, TapSelector
from pktvisor.config.modules import read_modules
from pktvisor.config.names import check_name
from pktvisor.config.reading import Reading, missing, prefixed, read_settings
from pktvisor.config.scalars import flag
from pktvisor.config.selectors import read_selector
from pktvisor.errors import ConfigError

KEYS = ("kind", "config", "input", "handlers")
INPUT_KEYS = ("tap", "tap_selector", "input_type", "config", "filter")
HANDLERS_KEYS = ("window_config", "modules")

KIND = "collection"


def read_policy(reading: Reading, key: Node, node: Node) -> PolicyConfig | None:
    """One entry of the section; None where something is wrong with it, which `reading` then knows."""
    if not isinstance(key, ScalarNode):
        reading.note(ConfigError("expecting policy identifier", hint=f"{key} stands there"))
        return None
    errors = len(reading.errors)
    policy = None
    with reading.section(key.text):
        check_name(key.text)
        if not isinstance(node, MapNode):
            raise ConfigError("expecting policy configuration map", hint=f"not {node}")
        policy = _policy(reading, key.text, node)
    if policy is not None and reading.keeps_sections and policy.input.has_source:
        return policy
    return policy if len(reading.errors) == errors else None


def _policy(reading: Reading, name: str, node: MapNode) -> PolicyConfig:
    reading.warn_of_lookalikes(node, KEYS)
    with reading.section("kind"):
        _check_kind(node)
    source = PolicyInput("")
    with reading.section("input"):
        source = _input(reading, node)
    window: Settings | None = None
    modules: tuple[ModuleConfig, ...] = ()
    is_chain = False
    with reading.section("handlers"):
        handlers = node.get("handlers")
        if not isinstance(handlers, MapNode):
            raise missing(node, "handlers", "missing or invalid handler configuration at key 'handlers'")
        reading.warn_of_lookalikes(handlers, HANDLERS_KEYS)
        window = _window(reading, handlers)
        modules = read_modules(reading, handlers, f"{name}-{source.tap or '*'}")
        is_chain = isinstance(handlers.get("modules"), SequenceNode)
    merges = _merges_like_handlers(reading, name, node)
    return PolicyConfig(name, source, modules, is_chain, window, merges)


def _check_kind(node: MapNode) -> None:
    kind = node.get("kind")
    if not isinstance(kind, ScalarNode):
        raise missing(node, "kind", "missing or invalid policy kind at key 'kind'")
    if kind.text != KIND:
        raise ConfigError(f"unknown policy kind: {kind.text}", hint=f"the only kind is '{KIND}'")


def _input(reading: Reading, policy: MapNode) -> PolicyInput:
    node = policy.get("input")
    if not isinstance(node, MapNode):
        raise missing(policy, "input", "missing or invalid policy input stream configuration at key 'input'")
    reading.warn_of_lookalikes(node, INPUT_KEYS)
    input_type = ""
    with reading.section("input_type"):
        input_type = _input_type(node)
    config = read_settings(reading, node, "config", "input configuration is not a map", "invalid input config: ")
    filters = read_settings(
        reading, node, "filter", "input filter configuration is not a map", "invalid input filter: "
    )
    tap, selector = _source(reading, node)
    return PolicyInput(input_type, tap, selector, config, filters)


def _input_type(node: MapNode) -> str:
    found = node.get("input_type")
    if not isinstance(found, ScalarNode):
        raise missing(node, "input_type", "missing or invalid input_type at key 'input.input_type'")
    return found.text


def _source(reading: Reading, node: MapNode) -> tuple[str | None, TapSelector | None]:
    """The tap by its name, or the selector; one of them is set, unless `reading` notes why not."""
    tap, selector = node.get("tap"), node.get("tap_selector")
    if tap is not None and selector is not None:
        raise ConfigError("input can have only key 'input.tap' or key 'input.tap_selector'")
    if selector is not None:
        with reading.section("tap_selector"):
            return None, read_selector(selector)
    elif tap is None:
        raise missing(node, "tap", "missing key 'input.tap' or key 'input.tap_selector'")
    elif isinstance(tap, ScalarNode):
        return tap.text, None
    else:
        raise ConfigError("invalid tap at key 'input.tap'", hint=f"it must be the name of a tap, not {tap}", path="tap")
    return None, None


def _window(reading: Reading, handlers: MapNode) -> Settings | None:
    """The window's settings; None where there are none, or they are no map."""
    node = handlers.get("window_config")
    if node is None:
        return None
    if not isinstance(node, MapNode):
        reading.refuse_shape(node, "window_config", "invalid stream handler window config: it is not a map")
        return None
    with reading.section("window_config"), prefixed("invalid stream handler window config: "):
        return settings_of(node)
    return None


def _merges_like_handlers(reading: Reading, name: str, node: MapNode) -> bool:
    config = read_settings(
        reading, node, "config", "policy configuration is not a map", f"invalid policy config for policy '{name}': "
    )
    with reading.section("config"), prefixed(f"invalid policy config for policy '{name}': "):
        return flag(config, "merge_like_handlers")
    return False
