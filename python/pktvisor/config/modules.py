"""The handlers of a policy: `handlers.modules`, a map (side by side) or a sequence (a chain)."""

from __future__ import annotations

from collections.abc import Iterator

from pktvisor.config.document import MapNode, Node, NullNode, ScalarNode, SequenceNode
from pktvisor.config.free_form import settings_of
from pktvisor.config.models import ModuleConfig, Settings
from pktvisor.config.names import check_name
from pktvisor.config.reading import Reading, missing, prefixed, read_settings
from pktvisor.config.scalars import wrong_type
from pktvisor.errors import ConfigError, ConflictError

KEYS = ("type", "require_version", "config", "filter", "metric_groups", "metrics")
GROUP_KEYS = ("enable", "disable")

CUSTOM = "custom"
"""The type of handlers that declare their metrics in the policy."""


def read_modules(reading: Reading, handlers: MapNode, prefix: str) -> tuple[ModuleConfig, ...]:
    """The handlers at `modules`, in their order, without those that `reading` notes errors of.

    `prefix` leads the names of their instances, as `policy-tap`.
    """
    with reading.section("modules"):
        node = handlers.get("modules")
        if not isinstance(node, MapNode | SequenceNode):
            raise missing(handlers, "modules", "missing or invalid handler modules at key 'modules'")
        modules: dict[str, ModuleConfig] = {}
        for key, value in _entries(reading, node):
            module = _module(reading, key, value)
            if module is not None and module.name in modules:
                message = f"module name '{prefix}-{module.name}' already exists"
                hint = "a policy's handlers need different names"
                reading.note(ConflictError(message, hint=hint, place=reading.document.place(key.mark)))
            elif module is not None:
                modules[module.name] = module
        return tuple(modules.values())
    return ()


def _entries(reading: Reading, node: MapNode | SequenceNode) -> Iterator[tuple[Node, Node]]:
    if isinstance(node, MapNode):
        yield from node.entries
        return
    for item in node.items:
        if isinstance(item, MapNode) and item.entries:
            yield _entry_of_item(reading, item)
        else:
            hint = f"a map of one name must stand there, not {item}"
            reading.note(
                ConfigError("expecting handler module identifier", hint=hint, place=reading.document.place(item.mark))
            )


def _entry_of_item(reading: Reading, item: MapNode) -> tuple[Node, Node]:
    """The handler of a sequence's item: below its name, or beside it where nothing stands below."""
    (key, value), *others = item.entries
    if isinstance(value, NullNode) and others:
        return key, MapNode(item.mark, tuple(others))
    for ignored, _ in others:
        reading.warn(
            ignored, str(ignored), message="this is ignored: only the first key of a sequence's item is a handler"
        )
    return key, value


def _module(reading: Reading, key: Node, node: Node) -> ModuleConfig | None:
    if not isinstance(key, ScalarNode):
        reading.note(ConfigError("expecting handler module identifier", hint=f"{key} stands there"))
        return None
    errors = len(reading.errors)
    module = None
    with reading.section(key.text):
        check_name(key.text)
        if not isinstance(node, MapNode):
            raise ConfigError("expecting Handler configuration map", hint=f"not {node}")
        module = _module_of_map(reading, key.text, node)
    return module if len(reading.errors) == errors else None


def _module_of_map(reading: Reading, name: str, node: MapNode) -> ModuleConfig:
    reading.warn_of_lookalikes(node, KEYS)
    type_name, version = "", "1.0"
    with reading.section("type"):
        type_name = _scalar(node, "type", "missing or invalid stream handler type at key 'type'")
    if node.get("require_version") is not None:
        with reading.section("require_version"):
            version = _scalar(node, "require_version", "Invalid stream handler version at key 'require_version'")
    filters = read_settings(
        reading,
        node,
        "filter",
        "stream handler filter configuration is not a map",
        f"invalid stream handler filter config for handler '{name}': ",
    )
    config = read_settings(
        reading,
        node,
        "config",
        "stream handler configuration is not a map",
        f"invalid stream handler config for handler '{name}': ",
    )
    enable, disable = _groups(reading, name, node)
    metrics = _metrics(reading, type_name, node)
    return ModuleConfig(name, type_name, version, config, filters, enable, disable, metrics)


def _scalar(node: MapNode, key: str, message: str) -> str:
    found = node.get(key)
    if not isinstance(found, ScalarNode):
        raise missing(node, key, message)
    return found.text


def _groups(reading: Reading, name: str, node: MapNode) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The metric groups that are switched on, and those that are switched off."""
    found = node.get("metric_groups")
    if found is None:
        return (), ()
    with reading.section("metric_groups"):
        if not isinstance(found, MapNode):
            raise ConfigError("stream handler metric groups is not a map", hint=f"not {found}")
        reading.warn_of_lookalikes(found, GROUP_KEYS)
        if not any(found.get(key) for key in GROUP_KEYS):
            raise ConfigError("stream handler metric groups should contain enable and/or disable tags")
        with prefixed(f"invalid stream handler metrics for handler '{name}': "):
            settings = settings_of(found)
            return _group_names(settings, "enable"), _group_names(settings, "disable")
    return (), ()


def _group_names(settings: Settings, key: str) -> tuple[str, ...]:
    value = settings.get(key, [])
    if not isinstance(value, list):
        raise wrong_type(key, value, "a list of groups")
    return tuple(value)


def _metrics(reading: Reading, type_name: str, node: MapNode) -> Settings:
    """The metrics that a handler declares itself."""
    if type_name == CUSTOM:
        return read_settings(reading, node, "metrics", "the metrics are not a map")
    if "metrics" in node.named:
        reading.warn(
            node.named["metrics"][0],
            "metrics",
            message=f"this key is ignored; only handlers of type '{CUSTOM}' have it",
        )
    return {}
