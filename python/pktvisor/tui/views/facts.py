"""Configuration and other facts as names and texts."""

from __future__ import annotations

from pktvisor.api.keys import Document

LONGEST_NAME = 24


def facts_of(document: Document, prefix: str = "") -> list[tuple[str, str]]:
    """Give what a document says, nested names joined by dots; what is empty and internal is left out."""
    facts: list[tuple[str, str]] = []
    for key, value in document.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            facts += facts_of(value, f"{name}.")
        elif not key.startswith("_") and value not in ("", None, []):
            facts.append((name[-LONGEST_NAME:], _text(value)))
    return facts


def state(is_running: bool | None) -> str:
    """Give whether something runs, as a word."""
    if is_running is None:
        return "unknown"
    return "running" if is_running else "stopped"


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_text(part) for part in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
