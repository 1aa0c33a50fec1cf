"""Scalars are typed by their text; free-form sections are read by type."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pktvisor.config import scalars
from pktvisor.config.models import Settings
from pktvisor.errors import ConfigError

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
