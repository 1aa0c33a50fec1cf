"""Guesses at what was meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pktvisor.config.suggestions import _slips, did_you_mean, is_meant


@pytest.mark.parametrize(
    ("word", "hint"),
    [("dsn", "; did you mean 'dns'?"), ("flow", ""), ("", ""), ("d", ""), ("dn", "; did you mean 'dns'?")],
)
def test_a_known_name_that_is_much_like_the_word_is_suggested(word: str, hint: str) -> None:
    assert did_you_mean(word, ["net", "dns", "dhcp"]) == hint


@pytest.mark.parametrize(
    ("word", "far"),
    [
        ("dns.nxdomain", "dns.wire_packets.nxdomain"),
        ("packets.in", "packets.out"),
        ("tokyo", "kyoto"),
        ("total", "local"),
        ("fra1", "ams1"),
        ("edge-frankfurt", "edge-amsterdam"),
    ],
)
def test_a_name_that_is_far_away_is_not_suggested(word: str, far: str) -> None:
    assert did_you_mean(word, [far]) == ""
    assert is_meant(word, [far]) == ""


def test_the_nearest_is_suggested_and_many_count_as_one() -> None:
    assert did_you_mean("frankfrut", ["frankfurter", "frankfurt", "frankfort"]) == "; did you mean 'frankfurt'?"
    assert did_you_mean("policy", ["agents", "policies"]) == "; did you mean 'policies'?"
    assert did_you_mean("polcies", ["policy"]) == "; did you mean 'policy'?"


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_slips_are_counted_from_either_side_alike(one: str, other: str) -> None:
    assert _slips(one, other, 9) == _slips(other, one, 9)
    assert (_slips(one, other, 9) == 0) == (one == other)
    assert abs(len(one) - len(other)) <= _slips(one, other, 9) <= max(len(one), len(other))
    assert min(_slips(one, other, 9), 2) == min(_slips(one, other, 1), 2)


def test_a_key_that_is_much_like_the_wanted_one_may_be_meant() -> None:
    assert is_meant("handlers", ["kind", "handelrs"]) == "; is 'handelrs' meant?"
    assert is_meant("handlers", ["kind"]) == ""


def test_a_very_long_word_takes_no_time() -> None:
    assert did_you_mean("x" * 1_000_000, ["dns"]) == ""
    assert is_meant("dns", ["x" * 1_000_000]) == ""
