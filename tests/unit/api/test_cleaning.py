"""Documents from outside, made fit to be shown."""

from __future__ import annotations

import json

import pytest

from pktvisor.api.cleaning import DEEPEST, cleaned
from pktvisor.api.faults import DocumentFault


def test_numbers_that_json_does_not_have_are_no_values() -> None:
    document = json.loads('{"a": NaN, "b": [Infinity, -Infinity, 1.5], "c": 1}')
    assert cleaned(document) == {"a": None, "b": [None, None, 1.5], "c": 1}


def test_texts_and_keys_lose_what_would_steer_a_terminal() -> None:
    assert "\x1b" not in json.dumps(cleaned({"\x1b[2J": "\x9b31m"}), ensure_ascii=False)


def test_what_is_nested_too_deep_is_said_in_a_sentence() -> None:
    document: object = 1
    for _ in range(DEEPEST + 1):
        document = [document]
    with pytest.raises(DocumentFault, match="nested more than 100 levels"):
        cleaned(document)
