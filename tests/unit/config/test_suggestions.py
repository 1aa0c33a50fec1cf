"""Guesses at what was meant."""

from __future__ import annotations

import pytest

from pktvisor.config.suggestions import did_you_mean, is_meant


@pytest.mark.parametrize(("word", "hint"), [("dsn", "; did you mean 'dns'?"), ("flow", ""), ("", "")])
def test_a_known_name_that_is_much_like_the_word_is_suggested(word: str, hint: str) -> None:
    assert did_you_mean(word, ["net", "dns", "dhcp"]) == hint


def test_a_key_that_is_much_like_the_wanted_one_may_be_meant() -> None:
    assert is_meant("handlers", ["kind", "handelrs"]) == "; is 'handelrs' meant?"
    assert is_meant("handlers", ["kind"]) == ""


def test_a_very_long_word_takes_no_time() -> None:
    assert did_you_mean("x" * 1_000_000, ["dns"]) == ""
    assert is_meant("dns", ["x" * 1_000_000]) == ""
