"""Free-form sections: values are typed by their text."""

from __future__ import annotations

import pytest

from pktvisor.config.document import MapNode, read_document
from pktvisor.config.free_form import settings_of
from pktvisor.config.models import Settings, Value
from pktvisor.errors import ConfigError


def settings(text: str) -> Settings:
    root = read_document(text).root
    assert isinstance(root, MapNode)
    return settings_of(root)


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
