"""Scalars are typed by their text; free-form sections are read by type."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pktvisor.config import scalars
from pktvisor.config.document import MapNode, read_document
from pktvisor.config.models import Settings, Value
from pktvisor.errors import ConfigError


def settings(text: str) -> Settings:
    root = read_document(text).root
    assert isinstance(root, MapNode)
    return scalars.settings_of(root)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ('"1"', 1),
        ("007", 7),
        ("18446744073709551615", 2**64 - 1),
        ("0" * 50 + "1", 1),
        ("true", True),
        ("FALSE", False),
        ("'True'", True),
        ("yes", "yes"),
        ("-1", "-1"),
        ("1.5", "1.5"),
        ("0x10", "0x10"),
        ("٣", "٣"),
        ("", "null"),
        ("~", "null"),
        ("null", "null"),
        ('""', ""),
        ("[1, true, x]", ["1", "true", "x"]),
        ("[]", []),
        ("{a: 1, b: {c: [2]}}", {"a": 1, "b": {"c": ["2"]}}),
    ],
)
def test_a_values_type_follows_from_its_text(text: str, value: Value) -> None:
    typed = settings(f"k: {text}")["k"]
    assert typed == value
    assert type(typed) is type(value)


@pytest.mark.parametrize(
    ("text", "path", "sentence"),
    [
        ("k: 18446744073709551616", "k", "bad conversion"),
        ("k: " + "9" * 5000, "k", "bad conversion"),
        ("k: [[1]]", "k", "invalid value for sequence in key: k"),
        ("k: [~]", "k", "invalid value for sequence in key: k"),
        ("a: {b: [{c: 1}]}", "a.b", "invalid value for sequence in key: b"),
        ("[1]: 2", "", "a list can't be a key"),
    ],
)
def test_what_is_no_value_is_said_with_its_path(text: str, path: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as caught:
        settings(text)
    assert caught.value.path == path


TYPED: Settings = {"text": "x", "number": 1, "flag": True, "texts": ["x"], "section": {"a": 1}}
READERS: dict[str, Callable[[str], object]] = {
    "text": lambda key: scalars.text(TYPED, key),
    "number": lambda key: scalars.number(TYPED, key, 0),
    "flag": lambda key: scalars.flag(TYPED, key),
    "texts": lambda key: scalars.texts(TYPED, key),
    "section": lambda key: scalars.section(TYPED, key),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("key", TYPED)
def test_a_value_of_another_type_is_refused(reader: str, key: str) -> None:
    if reader == key:
        assert READERS[reader](key) == TYPED[key]
    else:
        with pytest.raises(ConfigError, match=f"wrong type for key: {key}; it needs"):
            READERS[reader](key)


def test_a_value_that_is_not_there_is_the_default() -> None:
    assert scalars.text({}, "k", "d") == "d"
    assert scalars.number({}, "k", 3) == 3
    assert scalars.flag({}, "k") is False
    assert scalars.texts({}, "k") == []
    assert scalars.section({}, "k") == {}


@given(st.text())
def test_any_text_is_a_scalar_or_too_large(text: str) -> None:
    try:
        value = scalars.typed(text)
    except ConfigError:
        assert text.isdigit()
    else:
        assert isinstance(value, int) or value == text
