from __future__ import annotations

import re

import pytest

from pktvisor.errors import ConfigError
from pktvisor.metrics.domain_names import domain_name, domain_suffix


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("WWW.Example.COM", "www.example.com"),
        ("www.example.com.", "www.example.com"),
        (".", ""),
        ("localhost", "localhost"),
        ("_ipp._tcp.local", "_ipp._tcp.local"),
        ("münchen.DE", "xn--mnchen-3ya.de"),
        ("MÜNCHEN。de.", "xn--mnchen-3ya.de"),
        ("xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
        ("Printer\\032One._ipp._tcp.local", "printer\\032one._ipp._tcp.local"),
        ("a\\046b.example", "a\\046b.example"),
    ],
)
def test_a_name_is_read_in_the_form_of_the_columns(text: str, name: str) -> None:
    assert domain_name(text) == name


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it has an empty label between two dots"),
        ("a..b", "it has an empty label between two dots"),
        ("example.com..", "it has an empty label between two dots"),
        (f"{'a' * 64}.example", "a label has at most 63 bytes"),
        (".".join(["a" * 60] * 5), "it is longer than 253 bytes"),
        ("straße.de", "'straße' has more than one form on the wire: write the one that is meant, as xn--..."),
        ("a\u202eb.example", "can't be encoded by IDNA: write it as xn--..."),
        ("printer one.local", "write \\032 instead of ' '"),
        ("a\\b.example", "write \\092 instead of '\\'"),
        ("a\\065.example", "write 'a' instead of \\065"),
        ("a\\045b.example", "write '-' instead of \\045"),
        ("\\126.example", "write '~' instead of \\126"),
        ("a\\300.example", "\\300 is not a byte"),
    ],
)
def test_what_could_never_be_met_is_refused(text: str, why: str) -> None:
    with pytest.raises(ConfigError) as caught:
        domain_name(text)
    assert why in caught.value.message


@pytest.mark.parametrize(
    ("text", "suffix"),
    [("Example.com", "example.com"), (".example.com.", ".example.com"), (".münchen.de", ".xn--mnchen-3ya.de")],
)
def test_a_suffix_keeps_the_dot_before_it(text: str, suffix: str) -> None:
    assert domain_suffix(text) == suffix


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "'' matches every name"),
        (".", "'.' matches every name"),
        ("*.example.com", "'*.example.com' can never match a name"),
        ("..com", "'..com' can never match a name"),
    ],
)
def test_a_suffix_that_says_nothing_or_is_a_pattern_is_refused(text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(why)):
        domain_suffix(text)
