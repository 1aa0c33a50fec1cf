"""Scalars of free-form sections (`config`, `filter`, `tags`), and typed reading of these.

A scalar's type follows from its text alone; quotes make no difference: `"1"` is a number, `yes` is text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pktvisor.errors import ConfigError, within

if TYPE_CHECKING:
    from pktvisor.config.models import Scalar, Settings, Value

LARGEST_NUMBER = 2**64 - 1

_NUMBER = re.compile(r"[0-9]+")


def typed(text: str) -> Scalar:
    """A text as the scalar that it means: digits are a number, `true` and `false` in any case a truth value.

    ConfigError for a number that needs more than 64 bits.
    """
    if _NUMBER.fullmatch(text):
        digits = text.lstrip("0") or "0"
        if len(digits) > len(str(LARGEST_NUMBER)) or int(digits) > LARGEST_NUMBER:
            raise ConfigError(f"bad conversion: the number {text[:40]} is larger than {LARGEST_NUMBER}")
        return int(digits)
    return {"true": True, "false": False}.get(text.lower(), text)


def text(settings: Settings, key: str, default: str = "") -> str:
    """The text at a key. ConfigError where it is anything else."""
    value = settings.get(key, default)
    if not isinstance(value, str):
        raise wrong_type(key, value, "a text")
    return value


def number(settings: Settings, key: str, default: int) -> int:
    """The number at a key. ConfigError where it is anything else."""
    value = settings.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_type(key, value, "a whole number that is not negative")
    return value


def bounded(settings: Settings, key: str, default: int, least: int, most: int) -> int:
    """The number at a key. ConfigError, with the key as its place, where it is no number within the bounds."""
    with within(key):
        value = number(settings, key, default)
        if not least <= value <= most:
            raise ConfigError(f"{value} is not between {least} and {most}")
    return value


def flag(settings: Settings, key: str, default: bool = False) -> bool:
    """The truth value at a key. ConfigError where it is anything else."""
    value = settings.get(key, default)
    if not isinstance(value, bool):
        raise wrong_type(key, value, "true or false")
    return value


def texts(settings: Settings, key: str) -> list[str]:
    """The list at a key; empty where there is none. ConfigError where it is anything else."""
    value = settings.get(key, [])
    if not isinstance(value, list):
        raise wrong_type(key, value, "a list")
    return value


def entries(settings: Settings, key: str) -> list[str]:
    """The list at a key of a filter; empty where there is none. ConfigError where it is an empty list, or no list."""
    listed = texts(settings, key)
    if key in settings and not listed:
        raise ConfigError(f"{key} is an empty list, which fits nothing: name at least one", key=key)
    return listed


def section(settings: Settings, key: str) -> Settings:
    """The nested section at a key; empty where there is none. ConfigError where it is anything else."""
    value = settings.get(key, {})
    if not isinstance(value, dict):
        raise wrong_type(key, value, "a map")
    return value


def wrong_type(key: str, value: Value, needed: str) -> ConfigError:
    """The error for a value of another type than is needed."""
    return ConfigError(f"wrong type for key: {key}", hint=f"it needs {needed}, not {describe(value)}", key=key)


def describe(value: Value) -> str:
    """A value as messages name it."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return f"the number {value}"
        case str():
            return f"the text '{value[:60]}'"
        case list():
            return "a list"
        case dict():
            return "a map"
