"""Networks as people write them."""

from __future__ import annotations

import pytest

from pktvisor.config.networks import read_networks


def test_networks_and_addresses_stand_with_commas_between() -> None:
    found = read_networks(" 10.0.0.0/8, 2001:db8::5,,192.0.2.1 ")
    assert [str(one) for one in found] == ["10.0.0.0/8", "2001:db8::5/128", "192.0.2.1/32"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "no network is named"),
        (" , ", "no network is named"),
        ("proxy.example", "'proxy.example' is no network: write it as 10.0.0.0/8 or 2001:db8::5"),
        ("10.0.0.0/33", "is no network"),
        ("10.0.0.1/8", "'10.0.0.1/8' is an address within a network: write 10.0.0.0/8, or the address alone"),
    ],
)
def test_what_is_no_network_is_told_with_what_would_do(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_networks(text)
