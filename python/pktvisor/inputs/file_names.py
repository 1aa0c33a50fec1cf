"""Files by their names: a path, or a list of paths and patterns, as `/var/cap/*.pcap`."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

from pktvisor.config.models import Settings
from pktvisor.config.scalars import text, texts
from pktvisor.errors import ConfigError, InputError

MOST_NAMES = 1_000
"""Paths and patterns in a list."""


def read_names(config: Settings, key: str) -> Sequence[str]:
    """What a key names, none where it is not there. ConfigError where a name is empty, or there are too many."""
    if not isinstance(config.get(key, ""), list):
        name = text(config, key)
        if "**" in name:
            raise ConfigError("** is no pattern: say which folders", path=key)
        return [name] if name else []
    names = texts(config, key)
    if not names:
        raise ConfigError("an empty list names no file", path=key)
    if len(names) > MOST_NAMES:
        raise ConfigError(f"at most {MOST_NAMES} files and patterns are allowed, not {len(names)}", path=key)
    for at, name in enumerate(names):
        if not name:
            raise ConfigError("an empty text names no file", path=f"{key}.{at}")
        if "**" in name:
            raise ConfigError("** is no pattern: say which folders", path=f"{key}.{at}")
    return names


def is_pattern(name: str) -> bool:
    """Whether a name stands for all files that match it: it has `*`, `?` or `[` in it, and no file is called so."""
    return glob.has_magic(name) and not Path(name).exists()


def found(names: Sequence[str]) -> list[str]:
    """The paths of names, each once: what matches a pattern in the order of its text. InputError where nothing does."""
    paths: dict[str, None] = {}
    for name in names:
        matches = _matching(name) if is_pattern(name) else [name]
        if not matches:
            raise InputError(f"no file matches {name}")
        paths.update(dict.fromkeys(matches))
    return list(paths)


def _matching(pattern: str) -> list[str]:
    path = Path(pattern)
    below = path.relative_to(path.anchor)
    return sorted(str(match) for match in Path(path.anchor).glob(str(below)))
