"""Tags of an agent: names with values, by which a hub groups agents."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeAlias

MOST_TAGS = 32
MOST_VALUE_CHARACTERS = 128
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}", re.ASCII)

Tags: TypeAlias = tuple[tuple[str, str], ...]
"""Names with values, sorted, each name once."""


def read_tag(text: str) -> tuple[str, str]:
    """Read `NAME=VALUE`. ValueError with a sentence where it is none."""
    name, equals, value = text.strip().partition("=")
    if not equals:
        raise ValueError(f"{text[:100]!r} is not a tag: write NAME=VALUE")
    if mistake := mistake_of(name, value):
        raise ValueError(mistake)
    return name, value


def read_tags(text: str) -> Tags:
    """Read tags with commas between them, as an environment variable has them. ValueError with a sentence."""
    return joined(read_tag(part) for part in text.split(",") if part.strip())


def joined(*sources: Iterable[tuple[str, str]]) -> Tags:
    """Join tags; of those with the same name the last is meant."""
    tags = {name: value for source in sources for name, value in source}
    return tuple(sorted(tags.items()))


def mistake_of(name: str, value: str) -> str:
    """Say what is wrong with a tag; empty where nothing is."""
    if not NAME.fullmatch(name):
        rule = "it starts with a letter or _, followed by letters, digits, _ and -, 64 characters at most"
        return f"{name[:100]!r} is not a name of a tag: {rule}"
    if not value or len(value) > MOST_VALUE_CHARACTERS or not value.isprintable():
        return f"the value of tag {name} must have 1 to {MOST_VALUE_CHARACTERS} printable characters"
    return ""
