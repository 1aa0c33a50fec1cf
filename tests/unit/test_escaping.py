"""Text from outside, made fit for terminals, logs and file names."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pktvisor.escaping import file_name, is_printable, printable, printable_json

ANY_TEXT = st.text(st.characters())
"""With control characters, marks and lone surrogates."""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("www.example.com", "www.example.com"),
        ("ünï — 网络 🦊", "ünï — 网络 🦊"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("\x9b31m", "\\x9b31m"),
        ("one\r\ntwo\tthree", "one\\r\\ntwo\\tthree"),
        ("\u2028next", "\\u2028next"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("pay\u200bpal\u2060\ufeff", "pay\\u200bpal\\u2060\\ufeff"),
        ("\u3164\u034f\ufe0f", "\\u3164\\u034f\\ufe0f"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_a_terminal_would_obey_or_nobody_would_see_is_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(ANY_TEXT)
def test_nothing_that_steers_a_terminal_is_left(text: str) -> None:
    shown = printable(text)
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert printable(shown) == shown


@given(st.recursive(ANY_TEXT, lambda below: st.lists(below) | st.dictionaries(ANY_TEXT, below)))
def test_json_says_the_same_in_characters_that_can_be_seen(document: object) -> None:
    text = printable_json(json.dumps(document, ensure_ascii=False))
    assert is_printable(text)
    assert json.loads(text) == document


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("edge-1", "edge-1"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a/b\x1b[2J\u202ecod", "a_b__2J_cod"),
        ("..", "_"),
        ("", "_"),
        ("x" * 5000, "x" * 100),
    ],
)
def test_a_file_name_has_nothing_in_it_that_leads_elsewhere(text: str, name: str) -> None:
    assert file_name(text) == name
