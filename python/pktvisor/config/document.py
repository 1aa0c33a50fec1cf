"""YAML text as a tree whose nodes know their lines and columns; JSON is YAML, too.

Texts come from anybody who may reach the API, so that everything has a bound: the text's size, its depth, and how many
nodes it has once its aliases are followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn, TypeAlias

import yaml

from pktvisor.errors import ConfigError, InputError
from pktvisor.files import open_file

MOST_BYTES = 1 << 20
MOST_LEVELS = 32
MOST_NODES = 100_000
MOST_CHARACTERS = 4 << 20
"""Of all keys and values, once aliases are followed."""

_NULLS = ("", "~", "null", "Null", "NULL")
_MERGE = "<<"
_PLACE = re.compile(r"line (\d+), column (\d+)")
_LINE_BREAKS = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a text, counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Node:
    """What all nodes have in common."""

    mark: Mark

    @property
    def children(self) -> tuple[Node, ...]:
        """The nodes right below it."""
        return ()


@dataclass(frozen=True, slots=True)
class NullNode(Node):
    """No value, `~` or `null`, unquoted."""

    def __str__(self) -> str:
        return "nothing"


@dataclass(frozen=True, slots=True)
class ScalarNode(Node):
    """A text; whether it stood in quotes makes no difference."""

    text: str

    def __str__(self) -> str:
        return f"'{self.text[:60]}'"


@dataclass(frozen=True, slots=True)
class SequenceNode(Node):
    """A list."""

    items: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        """Its items."""
        return self.items

    def __str__(self) -> str:
        return "a list"


@dataclass(frozen=True, slots=True)
class MapNode(Node):
    """Keys with their values, in the text's order; a key may still stand there twice."""

    entries: tuple[tuple[Node, Node], ...]
    named: Mapping[str, tuple[Node, Node]] = field(init=False, compare=False, repr=False)
    """The entries whose keys are texts, by these; of two with one key, the first."""

    def __post_init__(self) -> None:
        named = {key.text: (key, value) for key, value in reversed(self.entries) if isinstance(key, ScalarNode)}
        object.__setattr__(self, "named", dict(reversed(named.items())))

    @property
    def children(self) -> tuple[Node, ...]:
        """Its keys and values."""
        return tuple(node for entry in self.entries for node in entry)

    def __str__(self) -> str:
        return "a map"

    def get(self, name: str) -> Node | None:
        """The value at a key; None where it is not there."""
        _, value = self.named.get(name, (None, None))
        return value

    def repeated(self) -> Iterator[ScalarNode]:
        """Keys that stand there already."""
        seen = set()
        for key, _ in self.entries:
            if isinstance(key, ScalarNode):
                if key.text in seen:
                    yield key
                seen.add(key.text)


@dataclass(frozen=True)
class Document:
    """A text, read."""

    root: Node
    source: str = ""
    """Name of the file; empty for a text that came otherwise."""
    text: str = field(default="", compare=False, repr=False)

    def names(self, *path: str) -> Iterator[str]:
        """The keys of the map at a path; none where there is no map."""
        node: Node | None = self.root
        for name in path:
            node = node.get(name) if isinstance(node, MapNode) else None
        if isinstance(node, MapNode):
            yield from node.named

    def place(self, mark: Mark) -> str:
        """A place as messages name it: `edge.yaml:12:15`, or `line 12, column 15`."""
        return _place(self.source, mark)


def _place(source: str, mark: Mark) -> str:
    return f"{source}:{mark.line}:{mark.column}" if source else f"line {mark.line}, column {mark.column}"


def mark_of(place: str) -> Mark | None:
    """The place that words about a text without a source begin with; None where they begin with none."""
    found = _PLACE.match(place)
    return None if found is None else Mark(int(found[1]), int(found[2]))


def lines_of(text: str) -> list[str]:
    """The lines of a text, as marks count them."""
    return _LINE_BREAKS.split(text)


def read_text(path: str) -> str:
    """The text of a file. InputError where it can't be read, ConfigError where it is too large or not UTF-8."""
    try:
        with open_file(path) as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{reason} in config file: {path}") from error
    if len(data) > MOST_BYTES:
        raise ConfigError(_too_large(path), place=path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"byte {error.start} is not UTF-8 in config file: {path}", place=path) from error


def read_document(text: str, source: str = "") -> Document:
    """A YAML or JSON text as a tree. ConfigError where it is none, holds several documents, or goes beyond a bound."""
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise ConfigError(f"character {error.start} is not a Unicode character{_in_file(source)}") from error
    if len(data) > MOST_BYTES:
        raise ConfigError(_too_large(source))
    try:
        return Document(_Composer(data, source).compose(), source, text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join(part for part in (error.problem, error.context) if part)
        if mark is not None and _begins_with_tab(text, mark):
            problem = "a tab, which YAML does not take for indentation: use spaces"
        place = "" if mark is None else _place(source, Mark(mark.line + 1, mark.column + 1))
        raise ConfigError(f"not valid YAML: {problem}{_in_file(source)}", place=place) from error
    except yaml.YAMLError as error:
        raise ConfigError(f"not valid YAML: {_reason(error)}{_in_file(source)}") from error


def _begins_with_tab(text: str, mark: yaml.Mark) -> bool:
    """Whether the parser stopped at a tab, the mistake that most people make."""
    lines = lines_of(text)
    return mark.line < len(lines) and lines[mark.line][mark.column : mark.column + 1] == "\t"


def _reason(error: yaml.YAMLError) -> str:
    """What the parser says of a text whose characters it refuses, on one line."""
    return f"{error.reason}, character {error.position}" if isinstance(error, yaml.reader.ReaderError) else str(error)


def _in_file(source: str) -> str:
    return f" in config file: {source}" if source else ""


def _too_large(source: str) -> str:
    return f"the text has more than {MOST_BYTES} bytes{_in_file(source)}"


@dataclass(frozen=True, slots=True)
class _Anchored:
    """A node that aliases may name, with what it adds wherever it is named."""

    node: Node
    nodes: int
    characters: int
    levels: int


_Event: TypeAlias = yaml.Event


class _Composer:
    """Makes nodes of the parser's events. The parser is libyaml's where it is there: ten times as fast."""

    def __init__(self, data: bytes, source: str) -> None:
        self._events: Iterator[_Event] = yaml.parse(data, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self._source = source
        self._anchors: dict[str, _Anchored] = {}
        self._open: set[str] = set()
        self._nodes = 0
        self._characters = 0
        self._deepest = 0

    def compose(self) -> Node:
        root: Node = NullNode(Mark(1, 1))
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._fail(event, "a second document starts here; only one is read")
                root = self._node(next(self._events), 1)
        return root

    def _fail(self, event: _Event, message: str) -> NoReturn:
        raise ConfigError(f"{message}{_in_file(self._source)}", place=_place(self._source, _mark(event)))

    def _node(self, event: _Event, level: int) -> Node:
        self._nodes += 1
        self._deepest = max(self._deepest, level)
        node = self._aliased(event, level) if isinstance(event, yaml.AliasEvent) else self._anchored(event, level)
        if self._nodes > MOST_NODES:
            self._fail(event, f"there are more than {MOST_NODES} nodes, counting what aliases repeat")
        if self._characters > MOST_CHARACTERS:
            self._fail(event, f"there are more than {MOST_CHARACTERS} characters, counting what aliases repeat")
        if self._deepest > MOST_LEVELS:
            self._fail(event, f"there are more than {MOST_LEVELS} levels")
        return node

    def _aliased(self, event: yaml.AliasEvent, level: int) -> Node:
        name = event.anchor or ""
        anchored = self._anchors.get(name)
        if anchored is None:
            what = "refers to itself" if name in self._open else "has no anchor before it"
            self._fail(event, f"the alias *{name} {what}")
        self._nodes += anchored.nodes
        self._characters += anchored.characters
        self._deepest = max(self._deepest, level + anchored.levels)
        return anchored.node

    def _anchored(self, event: _Event, level: int) -> Node:
        anchor = getattr(event, "anchor", None)
        if anchor is None:
            return self._fresh(event, level)
        nodes, characters, deepest = self._nodes, self._characters, self._deepest
        self._deepest = level
        self._open.add(anchor)
        node = self._fresh(event, level)
        self._open.discard(anchor)
        self._anchors[anchor] = _Anchored(
            node, self._nodes - nodes, self._characters - characters, self._deepest - level
        )
        self._deepest = max(self._deepest, deepest)
        return node

    def _fresh(self, event: _Event, level: int) -> Node:
        if level > MOST_LEVELS:
            self._fail(event, f"there are more than {MOST_LEVELS} levels")
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, level)
        if isinstance(event, yaml.MappingStartEvent):
            return self._map(event, level)
        assert isinstance(event, yaml.ScalarEvent)
        self._characters += len(event.value)
        is_plain = event.implicit[0] and event.tag is None
        if is_plain and event.value in _NULLS:
            return NullNode(_mark(event))
        return ScalarNode(_mark(event), event.value)

    def _sequence(self, start: _Event, level: int) -> SequenceNode:
        items = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, level + 1))
        return SequenceNode(_mark(start), tuple(items))

    def _map(self, start: _Event, level: int) -> MapNode:
        entries = []
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, level + 1)
            if isinstance(key, ScalarNode) and key.text == _MERGE:
                self._fail(event, "merge keys (<<) are not read; write the keys out")
            entries.append((key, self._node(next(self._events), level + 1)))
        return MapNode(_mark(start), tuple(entries))


def _mark(event: _Event) -> Mark:
    assert event.start_mark is not None, "parsers of texts mark every event"
    return Mark(event.start_mark.line + 1, event.start_mark.column + 1)
