"""Configurations of a hub: the files of `pktvisor-hub --config`.

A hub's configuration has no older readers, so that a key which means nothing is an error: a misspelt `tags` would
choose all agents.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pktvisor.config.dashboards import read_dashboards
from pktvisor.config.document import MapNode, Node, NullNode, ScalarNode, SequenceNode, read_document, read_text
from pktvisor.config.hub_models import AgentSelector, DesiredConfig, HubConfig, HubPolicyConfig
from pktvisor.config.names import check_name
from pktvisor.config.reading import MOST_ERRORS, EnoughErrors, Reading
from pktvisor.config.schema import check_version, note_repeated
from pktvisor.config.tags import mistake_of
from pktvisor.errors import ConfigError, InputError

MOST_POLICIES = 100
"""Policies of the hub: each window is merged once for every one that shows it."""
MOST_DESIRED = 1000
"""Texts for agents."""
MOST_VALUES = 100
"""Values that a tag may have."""

ROOT_KEYS = ("version", "hub")
HUB_KEYS = ("policies", "desired", "dashboards")
POLICY_KEYS = ("policy", "tags")
DESIRED_KEYS = ("tags", "file", "dry_run")

T = TypeVar("T")


def load_hub_file(path: str) -> HubConfig:
    """The configuration in a file. InputError where it can't be read, ConfigError for the first thing wrong in it."""
    return load_hub_config(read_text(path), source=path)


def load_hub_config(text: str, *, source: str = "") -> HubConfig:
    """The configuration that a text holds. ConfigError for the first thing wrong in it; `source` names its file."""
    config, errors = read_hub(text, source, most_errors=1)
    if errors:
        raise errors[0]
    return config


def read_hub(text: str, source: str = "", *, most_errors: int = MOST_ERRORS) -> tuple[HubConfig, list[ConfigError]]:
    """What could be read of a configuration, and everything that is wrong in its text."""
    try:
        reading = Reading(read_document(text, source), most_errors)
    except ConfigError as error:
        return HubConfig(), [error]
    config = HubConfig()
    with suppress(EnoughErrors), reading.section():
        config = _config(reading)
    return config, reading.errors


def _config(reading: Reading) -> HubConfig:
    hub = _hub(reading)
    note_repeated(reading)
    with reading.section("hub"):
        reading.refuse_unknown(hub, HUB_KEYS)
        return HubConfig(
            policies=_entries(reading, hub, "policies", _policy, MOST_POLICIES),
            desired=_entries(reading, hub, "desired", _desired, MOST_DESIRED),
            dashboards=read_dashboards(reading, hub),
        )
    return HubConfig()


def _hub(reading: Reading) -> MapNode:
    """The map at `hub`."""
    document = reading.document
    root = document.root
    if not isinstance(root, MapNode):
        raise ConfigError(f"the text must be a map with the key 'hub', not {root}", place=document.place(root.mark))
    if root.get("visor") is not None:
        raise ConfigError("this is a configuration of an agent", hint="a hub's has the key 'hub'", path="visor")
    check_version(root, document.source)
    reading.refuse_unknown(root, ROOT_KEYS)
    hub = root.get("hub")
    if not isinstance(hub, MapNode):
        found = "there is none" if hub is None else f"not {hub}"
        raise ConfigError("the key 'hub' must have a map", hint=found, path="hub", place=document.place(root.mark))
    return hub


def _entries(
    reading: Reading, parent: MapNode, key: str, read: Callable[[Reading, str, MapNode], T | None], most: int
) -> tuple[T, ...]:
    """The entries of a section, by their names; none where there is no such section."""
    section = parent.get(key)
    if section is None or isinstance(section, NullNode):
        return ()
    with reading.section(key):
        if not isinstance(section, MapNode):
            raise ConfigError("a map of names must stand here", hint=f"not {section}")
        if len(section.entries) > most:
            raise ConfigError(f"there are {len(section.entries)} entries", hint=f"a hub has at most {most} of them")
        found = (_entry(reading, name, node, read) for name, node in section.entries)
        return tuple(one for one in found if one is not None)
    return ()


def _entry(reading: Reading, key: Node, node: Node, read: Callable[[Reading, str, MapNode], T | None]) -> T | None:
    if not isinstance(key, ScalarNode):
        reading.note(ConfigError("a name must stand here", hint=f"not {key}", place=reading.document.place(key.mark)))
        return None
    with reading.section(key.text):
        check_name(key.text)
        if not isinstance(node, MapNode | NullNode):
            raise ConfigError("a map must stand here", hint=f"not {node}")
        return read(reading, key.text, node if isinstance(node, MapNode) else MapNode(node.mark, ()))
    return None


def _policy(reading: Reading, name: str, node: MapNode) -> HubPolicyConfig:
    reading.refuse_unknown(node, POLICY_KEYS)
    of_policy = HubPolicyConfig.of_policy
    if (found := node.get("policy")) is not None:
        with reading.section("policy"):
            if not isinstance(found, ScalarNode):
                raise ConfigError("the name of a policy of the agents must stand here", hint=f"not {found}")
            check_name(found.text)
            of_policy = found.text
    return HubPolicyConfig(name, of_policy, _selector(reading, node))


def _desired(reading: Reading, name: str, node: MapNode) -> DesiredConfig | None:
    reading.refuse_unknown(node, DESIRED_KEYS)
    agents = _selector(reading, node)
    is_trial = False
    with reading.section("dry_run"):
        is_trial = _flag(node.get("dry_run"))
    with reading.section("file"):
        file = node.get("file")
        if not isinstance(file, ScalarNode):
            found = "there is none" if file is None else f"not {file}"
            raise ConfigError("the name of a file with taps and policies must stand here", hint=found)
        try:
            text = read_text(str(Path(reading.document.source).parent / file.text))
        except InputError as error:
            raise ConfigError(str(error)) from None
        return DesiredConfig(name, agents, Path(file.text).name, text, is_trial)
    return None


def _flag(node: Node | None) -> bool:
    if node is None:
        return False
    if not isinstance(node, ScalarNode) or node.text not in ("true", "false"):
        raise ConfigError("true or false must stand here", hint=f"not {node}")
    return node.text == "true"


def _selector(reading: Reading, parent: MapNode) -> AgentSelector:
    """The agents that an entry's `tags` choose."""
    node = parent.get("tags")
    tags: dict[str, tuple[str, ...]] = {}
    if node is None:
        return AgentSelector()
    with reading.section("tags"):
        if not isinstance(node, MapNode):
            raise ConfigError("a map of tags to values must stand here", hint=f"not {node}")
        for name, (_, values) in node.named.items():
            with reading.section(name):
                tags[name] = _values(name, values)
    return AgentSelector(tags)


def _values(name: str, node: Node) -> tuple[str, ...]:
    """The values that a tag may have: one, or a list."""
    items = node.items if isinstance(node, SequenceNode) else (node,)
    if not 1 <= len(items) <= MOST_VALUES:
        raise ConfigError(f"a tag needs 1 to {MOST_VALUES} values", hint=f"not {len(items)}")
    values = []
    for item in items:
        if not isinstance(item, ScalarNode):
            raise ConfigError("a value or a list of values must stand here", hint=f"not {item}")
        if mistake := mistake_of(name, item.text):
            raise ConfigError(mistake)
        values.append(item.text)
    return tuple(dict.fromkeys(values))
