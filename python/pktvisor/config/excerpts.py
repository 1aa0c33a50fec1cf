"""Taps and policies as the texts say them that they came from, comments and all: one of them, cut out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pktvisor.config.document import Document, MapNode, Mark, lines_of
from pktvisor.config.models import AgentConfig, PolicyConfig, TapConfig
from pktvisor.config.schema import VERSION, load_config
from pktvisor.config.writing import policy_text, tap_text
from pktvisor.errors import ConfigError

SECTIONS = ("taps", "policies")
INDENTATION = " " * 4
"""Of an entry below `visor` and its section."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Where a tap or a policy stands in a text."""

    section: str
    text: str
    """The whole, which many excerpts share."""
    source: str
    mark: Mark
    """Where its key begins."""

    def cut(self) -> str | None:
        """Give a text with this entry only, and the comments above it; None where it has no lines of its own."""
        lines, column = lines_of(self.text), self.mark.column - 1
        first = self.mark.line - 1
        if lines[first][:column].strip():
            return None
        start, end = _begin(lines, first, column), _end(lines, first, column)
        entry = [_indented(line, column) for line in lines[start:end]]
        return "\n".join([f'version: "{VERSION}"', "visor:", f"  {self.section}:", *entry, ""])


def excerpts_of(document: Document) -> dict[str, Excerpt]:
    """Give the taps and policies of a configuration by their paths, as `policies.edge`."""
    root = document.root
    visor = root.get("visor") if isinstance(root, MapNode) else None
    return {
        f"{section}.{name}": Excerpt(section, document.text, document.source, key.mark)
        for section in SECTIONS
        if isinstance(visor, MapNode) and isinstance(node := visor.get(section), MapNode)
        for name, (key, _) in node.named.items()
    }


def text_of(config: TapConfig | PolicyConfig, excerpt: Excerpt | None) -> str:
    """Give the text of a tap or a policy: the operator's own words where they say it by themselves, else ours."""
    cut = None if excerpt is None else excerpt.cut()
    if cut is not None and _says(cut, config):
        return cut
    return tap_text(config) if isinstance(config, TapConfig) else policy_text(config)


def _says(text: str, config: TapConfig | PolicyConfig) -> bool:
    """Whether a text says exactly this: one that refers to anchors elsewhere does not."""
    try:
        read = load_config(text)
    except ConfigError:
        return False
    if isinstance(config, TapConfig):
        return read == AgentConfig(taps=(config,))
    return read == AgentConfig(policies=(config,))


def _begin(lines: Sequence[str], first: int, column: int) -> int:
    """Give the first line of the comment right above a key, which is of the same depth."""
    while first and lines[first - 1].startswith(f"{' ' * column}#"):
        first -= 1
    return first


def _end(lines: Sequence[str], first: int, column: int) -> int:
    """Give the line behind the last one of an entry: comments behind it that are not deeper belong to what follows."""
    end = first + 1
    for number in range(first + 1, len(lines)):
        line = lines[number]
        is_deeper = len(line) - len(line.lstrip(" ")) > column
        if line.strip() and is_deeper:
            end = number + 1
        elif line.strip() and not line.lstrip(" ").startswith("#"):
            break
    return end


def _indented(line: str, column: int) -> str:
    """Give a line of an entry of that depth, as deep as entries stand in a text of one."""
    depth = min(column, len(line) - len(line.lstrip(" ")))
    return f"{INDENTATION}{line[depth:]}" if line.strip() else ""
