"""What goes wrong while a configuration is read: every independent error, not only the first, and warnings."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from pktvisor.config.document import Document, MapNode, Mark, Node, NullNode, ScalarNode, SequenceNode
from pktvisor.config.models import Settings
from pktvisor.config.scalars import settings_of
from pktvisor.config.suggestions import did_you_mean, is_meant
from pktvisor.errors import ConfigError


class Reading:
    """One reading of one document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.errors: list[ConfigError] = []
        self.warnings: list[str] = []
        self._path: list[str] = []

    def part(self, *names: str) -> Part:
        """Read a part of the configuration: what is wrong there is noted, and reading goes on behind it."""
        return Part(self, self._path, names)

    def note(self, error: ConfigError) -> None:
        """Keep an error of this part."""
        error.path = ".".join([*self._path, error.path] if error.path else self._path)
        locate(error, self.document)
        self.errors.append(error)

    def warn(self, node: Node, *names: str, message: str) -> None:
        """Keep a warning about a node of this part."""
        path = ".".join([*self._path, *names])
        self.warnings.append(f"{self.document.place(node.mark)}: {path}: {message}")

    def warn_of_lookalikes(self, node: MapNode, known: Collection[str]) -> None:
        """Warn of keys that mean nothing here, and are spelled much like one that does."""
        for key in node.names():
            if key not in known and (hint := did_you_mean(key, known)):
                self.warn(key_node(node, key), key, message=f"this key is ignored{hint}")

    def raise_first(self) -> None:
        """Raise the first error, if there is any."""
        if self.errors:
            raise self.errors[0]


class Part:
    """A part of the configuration that is being read; a `ConfigError` ends it, not more."""

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


def key_node(node: MapNode, name: str) -> Node:
    """A key itself."""
    return next(key for key, _ in node.entries if isinstance(key, ScalarNode) and key.text == name)


def missing(node: MapNode, wanted: str, message: str) -> ConfigError:
    """The error for a key that is not there, or no good; says which key may have been meant."""
    there = node.get(wanted)
    hint = is_meant(wanted, node.names()) if there is None else f"; {there} stands there"
    return ConfigError(f"{message}{hint}")


def read_settings(reading: Reading, node: MapNode, key: str, not_map: str, invalid: str = "") -> Settings:
    """The free-form section at a key; empty where there is none, or where `reading` notes what is wrong with it.

    `not_map` says that it is no map, `invalid` leads what is wrong inside.
    """
    found = node.get(key)
    if found is None:
        return {}
    with reading.part(key):
        if not isinstance(found, MapNode):
            raise ConfigError(f"{not_map}; {found} stands there")
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
        start = root if visor is None or error.path.split(".")[0] in ("version", "visor") else visor
        error.place = document.place(_find(start, error.path, start.mark))
    return error


def _find(node: Node, path: str, found: Mark) -> Mark:
    if not path:
        return node.mark if isinstance(node, ScalarNode) else found
    # A key may have dots of its own, as an address has: the longest that fits is meant.
    step = max(_steps(node, path), key=lambda step: len(step[0].text), default=None)
    if step is None:
        return found
    key, value = step
    return _find(value, path[len(key.text) + 1 :], key.mark)


def _steps(node: Node, path: str) -> Iterator[tuple[ScalarNode, Node]]:
    """The entries that a path may go on with; those of a list's items count as the list's own."""
    for item in node.items if isinstance(node, SequenceNode) else (node,):
        for key, value in item.entries if isinstance(item, MapNode) else ():
            if isinstance(key, ScalarNode) and f"{path}.".startswith(f"{key.text}."):
                is_spread = isinstance(node, SequenceNode) and isinstance(value, NullNode)
                yield key, item if is_spread else value
