"""JSON documents written piece by piece: what would be large is made when it is written, and forgotten then.

The bytes are those of one document, keys sorted, whatever it consists of.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from pktvisor.outputs.values import encoded

WRITE = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


class Later(dict[str, object]):
    """An object of a document, members of which are made when it is written; without a member it is left out."""

    __slots__ = ("makers",)

    def __init__(self, members: dict[str, Any]) -> None:
        super().__init__(members)
        self.makers: list[Callable[[dict[str, object]], None]] = []
        """Each writes members into a document."""


def later_at(document: dict[str, object], path: tuple[str, ...]) -> Later:
    """Give the object at a path, which may not be empty; it and those above it, below `document`, are made `Later`."""
    for step in path:
        child = document.get(step, {})
        assert isinstance(child, dict), f"{step} is both a metric and a group of metrics"
        if not isinstance(child, Later):
            child = document[step] = Later(child)
        document = child
    assert isinstance(document, Later), "a path has a step"
    return document


def pieces(document: object) -> Iterator[bytes]:
    """Write a document compactly, keys sorted bytewise, UTF-8 unescaped; what is no text becomes `?`.

    It is used up: what was made of it is forgotten.
    """
    return encoded(_written(document))


def _written(node: object) -> Iterator[str]:
    """Give the texts of a document; of a `Later` that comes to nothing none."""
    is_needed = not isinstance(node, Later)
    if isinstance(node, Later):
        _make(node)
    if isinstance(node, dict) and any(map(_waits, node.values())):
        is_empty = True
        for texts in _members(node):
            yield "{" if is_empty else ","
            is_empty = False
            yield from texts
        if is_needed or not is_empty:
            yield "{}" if is_empty else "}"
    elif is_needed or node:
        yield WRITE(node)


def _members(members: dict[str, object]) -> Iterator[Iterator[str]]:
    """Give the texts of each member that comes to anything."""
    for key in sorted(members):
        texts = _written(members.pop(key))
        first = next(texts, None)
        if first is not None:
            yield _member(key, first, texts)


def _member(key: str, first: str, others: Iterator[str]) -> Iterator[str]:
    yield f"{WRITE(key)}:"
    yield first
    yield from others


def _waits(node: object) -> bool:
    """Whether a part of a document is still to be made."""
    return isinstance(node, Later) or (isinstance(node, dict) and any(map(_waits, node.values())))


def _make(node: Later) -> None:
    """Make the members of an object that wait."""
    makers, node.makers = node.makers, []
    for make in makers:
        make(node)
