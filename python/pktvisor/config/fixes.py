"""What to write where a name is misspelt: the suggestion of an error as a change of the text that it is about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pktvisor.config.document import Mark, lines_of, mark_of
from pktvisor.config.suggestions import meant_by, misspelt_by, nearest_word
from pktvisor.errors import ConfigError

_WORD = re.compile(r"[A-Za-z_][\w.-]*")


@dataclass(frozen=True, slots=True)
class Fix:
    """Some characters of a line, and what would do instead."""

    mark: Mark
    length: int
    text: str


def fix_of(error: ConfigError, text: str) -> Fix | None:
    """Give what would do where an error about a text without a source proposes a name.

    None where it proposes none, or the name that is wrong stands nowhere.
    """
    wrong, meant = _names(error)
    start = mark_of(error.place)
    if start is None or not wrong or not meant:
        return None
    there = min(_places(wrong, text), key=lambda mark: _distance(start, mark), default=None)
    return None if there is None else Fix(there, len(wrong), meant)


def _names(error: ConfigError) -> tuple[str, str]:
    """Give the name that stands there and the one that was meant."""
    sentence = f"{error.message} {error.hint}"
    if wrong := misspelt_by(sentence):
        return wrong, error.path.rpartition(".")[2]
    meant = meant_by(sentence) or ""
    last = error.path.rpartition(".")[2]
    return nearest_word(meant, [last, *_WORD.findall(error.message)]), meant


def _places(word: str, text: str) -> Iterator[Mark]:
    """Give where a word stands by itself."""
    alone = re.compile(rf"(?<![\w.-]){re.escape(word)}(?![\w.-])")
    for number, line in enumerate(lines_of(text), 1):
        for found in alone.finditer(line):
            yield Mark(number, found.start() + 1)


def _distance(start: Mark, mark: Mark) -> tuple[int, int]:
    return abs(mark.line - start.line), abs(mark.column - start.column)
