"""What goes wrong while a configuration is read: every independent error, not only the first, and warnings."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from pktvisor.config.document import Document, MapNode, Mark, Node, NullNode, ScalarNode, SequenceNode
from pktvisor.config.free_form import settings_of
from pktvisor.config.models import Settings
from pktvisor.config.suggestions import did_you_mean, is_meant
from pktvisor.errors import ConfigError

MOST_ERRORS = 100
"""Errors after which reading ends, since there is no end to what may be wrong."""
MOST_GUESSES = 100
"""Keys of one map that are compared with what they may have been meant to be."""


class EnoughErrors(Exception):
    """Reading ends: nobody wants to hear of more errors."""


class Reading:
    """One reading of one document; after `most_errors` of them it ends with `EnoughErrors`.

    With `keeps_sections`, what is wrong in sections is given without these, so that the rest can be checked. With
    `is_lenient`, a section that is no map counts as not given, as for the C++ pktvisor.
    """

    def __init__(
        self,
        document: Document,
        most_errors: int = MOST_ERRORS,
        *,
        keeps_sections: bool = False,
        is_lenient: bool = False,
    ) -> None:
        self.document = document
        self.keeps_sections = keeps_sections
        self._is_lenient = is_lenient
        self._most_errors = most_errors
        self.errors: list[ConfigError] = []
        self.warnings: list[str] = []
        self._path: list[str] = []

    def section(self, *names: str) -> Section:
        """Read a section of the configuration: what is wrong there is noted, and reading goes on behind it."""
        return Section(self, self._path, names)

    def note(self, error: ConfigError) -> None:
        """Keep an error of this section."""
        error.path = ".".join([*self._path, error.path] if error.path else self._path)
        locate(error, self.document)
        self.errors.append(error)
        if len(self.errors) >= self._most_errors:
            raise EnoughErrors

    def warn(self, node: Node, *names: str, message: str) -> None:
        """Keep a warning about a node of this section."""
        path = ".".join([*self._path, *names])
        self.warnings.append(f"{self.document.place(node.mark)}: {path}: {message}")

    def refuse_shape(self, node: Node, name: str, message: str) -> None:
        """Note that a section is no map; a lenient reading only warns, and goes on without it."""
        hint = f"a map must stand there, not {node}"
        if self._is_lenient:
            self.warn(node, name, message=f"this is ignored: {hint}")
        else:
            self.note(ConfigError(message, hint=hint, path=name, place=self.document.place(node.mark)))

    def warn_of_lookalikes(self, node: MapNode, known: Collection[str]) -> None:
        """Warn of keys that mean nothing here, and are spelled much like one that does."""
        for name, key in unknown_keys(node, known):
            if hint := did_you_mean(name, known):
                self.warn(key, name, message=f"this key is ignored{hint}")

    def refuse_unknown(self, node: MapNode, known: Collection[str]) -> None:
        """Note keys that mean nothing here as errors, where no older reader takes them."""
        for name, key in unknown_keys(node, known):
            hint = did_you_mean(name, known) or f"there are {', '.join(known)}"
            place = self.document.place(key.mark)
            self.note(ConfigError(f"there is no key '{name[:60]}' here", hint=hint, path=name, place=place))

    def warn_of_unknown(self, node: MapNode, known: Collection[str], what: str) -> None:
        """Warn of keys that mean nothing here."""
        for name, key in unknown_keys(node, known):
            self.warn(key, name, message=f"unknown {what}; it is ignored{did_you_mean(name, known)}")


class Section:
    """A section of the configuration that is being read; a `ConfigError` ends it, not more."""

    def __init__(self, reading: Reading, path: list[str], names: tuple[str, ...]) -> None:
        self._reading = reading
        self._path = path
        self._names = names

    def __enter__(self) -> None:
        self._path.extend(self._names)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        is_noted = isinstance(error, ConfigError)
        if isinstance(error, ConfigError):
            self._reading.note(error)
        del self._path[len(self._path) - len(self._names) :]
        return is_noted


def unknown_keys(node: MapNode, known: Collection[str]) -> Iterator[tuple[str, Node]]:
    """Keys of a map that are not known, no more than are worth a guess."""
    unknown = ((name, key) for name, (key, _) in node.named.items() if name not in known)
    return itertools.islice(unknown, MOST_GUESSES)


def missing(node: MapNode, wanted: str, message: str) -> ConfigError:
    """The error for a key that is not there, or no good; says which key may have been meant."""
    there = node.get(wanted)
    hint = is_meant(wanted, itertools.islice(node.named, MOST_GUESSES)) if there is None else f"; {there} stands there"
    return ConfigError(message, hint=hint)


def read_settings(reading: Reading, node: MapNode, key: str, not_map: str, invalid: str = "") -> Settings:
    """The free-form section at a key; empty where there is none, or where `reading` notes what is wrong with it.

    `not_map` says that it is no map, `invalid` leads what is wrong inside.
    """
    found = node.get(key)
    if found is None:
        return {}
    with reading.section(key):
        if not isinstance(found, MapNode):
            raise ConfigError(f"{not_map}", hint=f"not {found}")
        with prefixed(invalid):
            return settings_of(found)
    return {}


@contextmanager
def prefixed(text: str) -> Iterator[None]:
    """Put a text before the message of every `ConfigError` raised inside."""
    try:
        yield
    except ConfigError as error:
        error.message = f"{text}{error.message}"
        raise


def locate(error: ConfigError, document: Document) -> ConfigError:
    """Give an error that knows its path its place in the document: that of the last part of the path that is there."""
    if not error.place and error.path:
        root = document.root
        visor = root.get("visor") if isinstance(root, MapNode) else None
        section = error.path.split(".")[0]
        start = root if visor is None or section in ("version", "visor") else visor
        if not error.is_rooted or _entry(start, section) is not None:  # else it stands in another text
            error.place = document.place(_find(start, error.path, start.mark))
    return error


def _find(node: Node, path: str, found: Mark) -> Mark:
    if not path:
        return node.mark if isinstance(node, ScalarNode) else found
    parts = path.split(".")
    # A key may have dots of its own, as an address has: the longest that is there is meant.
    for count in range(len(parts), 0, -1):
        entry = _entry(node, ".".join(parts[:count]))
        if entry is not None:
            key, value = entry
            return _find(value, ".".join(parts[count:]), key.mark)
    return found


def _entry(node: Node, name: str) -> tuple[Node, Node] | None:
    """The entry of that name; the entries of a list's items count as the list's own, and so do items that are texts.

    Else it is the number of an item.
    """
    if isinstance(node, MapNode):
        return node.named.get(name)
    for item in node.items if isinstance(node, SequenceNode) else ():
        if isinstance(item, ScalarNode) and item.text == name:
            return item, item
        if isinstance(item, MapNode) and name in item.named:
            key, value = item.named[name]
            return key, item if isinstance(value, NullNode) else value
    if isinstance(node, SequenceNode) and name.isascii() and name.isdigit() and int(name[:9]) < len(node.items):
        return node.items[int(name)], node.items[int(name)]
    return None
