"""Whole configurations: files, and the bodies of POST with their one tap or policy."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TypeVar

from pktvisor.config.daemon import read_options
from pktvisor.config.dashboards import read_dashboards
from pktvisor.config.document import Document, MapNode, Node, NullNode, ScalarNode, read_document, read_text
from pktvisor.config.models import AgentConfig, PolicyConfig, Settings, TapConfig
from pktvisor.config.policies import read_policy
from pktvisor.config.reading import MOST_GUESSES, EnoughErrors, Reading, read_settings
from pktvisor.config.suggestions import is_meant
from pktvisor.config.taps import read_tap
from pktvisor.errors import ConfigError, ConflictError

VERSION = "1.0"
SECTIONS = ("config", "taps", "global_handler_config", "policies")
OWN_SECTIONS = ("dashboards",)
"""Sections that only this pktvisor has, and reads strictly."""

_REPEATED = {
    ("visor", "taps"): "module name '{}' already exists",
    ("visor", "global_handler_config"): (
        "stream handler type '{}' already exists in global_handler_config configuration"
    ),
    ("visor", "policies"): "policy with name '{}' already defined",
}
"""What is said of a name that stands in a section twice."""

T = TypeVar("T")
ReadEntry = Callable[[Reading, Node, Node], T | None]


def load_file(path: str, *, is_lenient: bool = False) -> AgentConfig:
    """The configuration in a file. InputError where it can't be read, ConfigError for the first thing wrong in it."""
    return load_config(read_text(path), source=path, is_lenient=is_lenient)


def load_config(text: str, *, source: str = "", is_lenient: bool = False) -> AgentConfig:
    """The configuration that a text holds. ConfigError for the first thing wrong in it; `source` names its file.

    Where it is lenient, a section that is no map counts as not given, as the C++ pktvisor takes it when it starts.
    """
    reading = Reading(read_document(text, source), most_errors=1, is_lenient=is_lenient)
    with suppress(EnoughErrors):
        return _config(reading)
    raise reading.errors[0]


def check(text: str, source: str = "") -> list[ConfigError]:
    """Everything that is wrong in a text, as far as one thing can be told from another."""
    return read_all(text, source)[1]


def read_all(text: str, source: str = "") -> tuple[AgentConfig, list[ConfigError]]:
    """What could be read of a configuration, and everything that is wrong in its text."""
    try:
        reading = Reading(read_document(text, source), keeps_sections=True)
    except ConfigError as error:
        return AgentConfig(), [error]
    with suppress(EnoughErrors):
        return _config(reading), reading.errors
    return AgentConfig(), reading.errors


def load_one_tap(text: str) -> TapConfig | None:
    """The tap of a text that holds exactly one; None where its section is empty. ConfigError for everything else."""
    return _load_one(text, "taps", "tap", read_tap)


def load_one_policy(text: str) -> PolicyConfig | None:
    """The policy of a text that holds exactly one; None where its section is empty. ConfigError for everything else."""
    return _load_one(text, "policies", "policy", read_policy)


def _load_one(text: str, section: str, what: str, read: ReadEntry[T]) -> T | None:
    if not text.strip():
        raise ConfigError("empty data")
    reading = Reading(read_document(text), most_errors=1)
    with suppress(EnoughErrors), reading.section():
        node = _visor(reading.document).get(section)
        if not isinstance(node, MapNode):
            raise ConfigError(f"no {section} found in schema", hint=f"'visor.{section}' must be a map", path="visor")
        if len(node.entries) > 1:
            raise ConfigError(f"only a single {what} expected but got {len(node.entries)}", path=section)
        note_repeated(reading)
        return next(iter(_entries(reading, section, node, read)), None)
    raise reading.errors[0]


def _config(reading: Reading) -> AgentConfig:
    with reading.section():
        visor = _visor(reading.document)
        note_repeated(reading)
        sections = dict(_sections(reading, visor))
        return AgentConfig(
            options=read_options(reading, sections["config"]),
            taps=tuple(_entries(reading, "taps", sections["taps"], read_tap)),
            global_handlers=_global_handlers(reading, sections["global_handler_config"]),
            policies=tuple(_entries(reading, "policies", sections["policies"], read_policy)),
            dashboards=read_dashboards(reading, visor),
            warnings=tuple(reading.warnings),
            document=reading.document,
        )
    return AgentConfig()


def _visor(document: Document) -> MapNode:
    """The map at `visor`; ConfigError where the text is of another schema or version."""
    root, suffix = document.root, f" in config file: {document.source}" if document.source else ""
    if not isinstance(root, MapNode):
        needed = "the text must be a map with the key 'visor'"
        raise ConfigError(f"invalid schema{suffix}", hint=f"{needed}, not {root}", place=document.place(root.mark))
    if root.get("visor") is None:
        hint = is_meant("visor", itertools.islice(root.named, MOST_GUESSES))
        if root.get("hub") is not None:
            hint = "; this is a configuration of a hub: pktvisor-hub takes it"
        raise ConfigError(
            f"invalid schema{suffix}", hint=f"there is no key 'visor'{hint}", place=document.place(root.mark)
        )
    check_version(root, document.source)
    visor = root.get("visor")
    if not isinstance(visor, MapNode):
        raise ConfigError(f"invalid schema{suffix}", hint=f"it must be a map, not {visor}", path="visor")
    return visor


def check_version(root: MapNode, source: str) -> None:
    """ConfigError where a text says that it is of another version."""
    version = root.get("version")
    if version is not None and not (isinstance(version, ScalarNode) and version.text == VERSION):
        suffix = f" in config file: {source}" if source else ""
        raise ConfigError(
            f"unsupported version{suffix}", hint=f"it is {version}, only '{VERSION}' is read", path="version"
        )


def note_repeated(reading: Reading) -> None:
    """Note keys that stand in a map twice."""
    for path, key in _repeated(reading.document.root, ()):
        place = reading.document.place(key.mark)
        if path in _REPEATED:
            reading.note(ConflictError(_REPEATED[path].format(key.text), path=f"{path[-1]}.{key.text}", place=place))
        elif path[-1:] != ("modules",):  # whose names are told from others' by who reads them
            reading.note(
                ConfigError(f"the key '{key.text}' appears here a second time", path=_shown(path), place=place)
            )


def _repeated(node: Node, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], ScalarNode]]:
    if isinstance(node, MapNode):
        yield from ((path, key) for key in node.repeated())
        for key, value in node.entries:
            yield from _repeated(value, (*path, key.text if isinstance(key, ScalarNode) else "?"))
    else:
        for child in node.children:
            yield from _repeated(child, path)


def _shown(path: tuple[str, ...]) -> str:
    return ".".join(path[1:] if path[:1] == ("visor",) else path)


def _sections(reading: Reading, visor: MapNode) -> Iterator[tuple[str, MapNode]]:
    """Every section by its name, empty where it is not there or no map."""
    with reading.section("visor"):
        reading.warn_of_unknown(visor, (*SECTIONS, *OWN_SECTIONS), "section")
    for name in SECTIONS:
        node = visor.get(name)
        if node is not None and not isinstance(node, MapNode | NullNode):
            reading.refuse_shape(node, name, f"no {name} found in schema")
        yield name, node if isinstance(node, MapNode) else MapNode(visor.mark, ())


def _entries(reading: Reading, section: str, node: MapNode, read: ReadEntry[T]) -> list[T]:
    with reading.section(section):
        entries = (read(reading, key, value) for key, value in node.entries)
        return [entry for entry in entries if entry is not None]
    return []


def _global_handlers(reading: Reading, section: MapNode) -> dict[str, Settings]:
    """The settings of all handlers of a type, by the type."""
    settings = {}
    with reading.section("global_handler_config"):
        for name in section.named:
            settings[name] = read_settings(reading, section, name, "expecting global_handler_config configuration map")
    return settings
