"""Conditions as texts mean the conditions that Python writes."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pktvisor.errors import ConfigError
from pktvisor.metrics.expression_text import LONGEST, MOST_LEVELS, parse_expression
from pktvisor.metrics.expressions import Condition, dns, ip, packet, tcp, xact


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("dns.rcode == 3", dns.rcode == 3),
        ("dns.rcode == NXDOMAIN", dns.rcode == 3),
        ("dns.rcode == 'servfail'", dns.rcode == 2),
        ("dns.rcode != 0x3", ~(dns.rcode == 3)),
        ("dns.answers<=2", dns.answers <= 2),
        ("dns.answers < 2", dns.answers < 2),
        ("dns.answers > 2", dns.answers > 2),
        ("dns.answers >= 2", dns.answers >= 2),
        ("dns.qtype in [AAAA, 1, A]", dns.qtype.one_of([1, 28])),
        ("dns.qtype not in [A, NSAP-PTR, '*']", ~dns.qtype.one_of([1, 23, 255])),
        ("packet.direction == in", packet.direction == 1),
        ("packet.direction in [in, out,unknown]", packet.direction.one_of([0, 1, 2])),
        ("tcp.flags has [SYN, 0x10]", tcp.flags.has_bits(0x12)),
        ("xact.size_ratio > 2", xact.size_ratio > 2),
        ("ip.src == 192.0.2.1", ip.src.within("192.0.2.1/32")),
        ("ip.src in 10.1.2.3/8", ip.src.within("10.0.0.0/8")),
        ("ip.dst not in [10.0.0.0/8, 2001:db8::/32]", ~ip.dst.within("10.0.0.0/8", "2001:db8::/32")),
        ("dns.qname == WWW.example.com.", dns.qname == "www.example.com"),
        ("ip.src.place in ['a b', c]", ip.src.place.one_of_texts(["a b", "c"])),
        ("dns.qname in ['München.de', c]", dns.qname.one_of_texts(["xn--mnchen-3ya.de", "c"])),
        ("dns.qname below [Example.COM., org]", dns.qname.below("example.com", "org")),
        ("dns.qname starts with '_'", dns.qname.starts_with("_")),
        ("dns.qname starts with 'WWW.'", dns.qname.starts_with("www.")),
        ("dns.qname ends with '.arpa.'", dns.qname.ends_with(".arpa")),
        ("dns.qname2 starts with .ex", dns.qname2.starts_with(".ex", "..ex")),
        ("dns.qname ends with [.arpa]", dns.qname.ends_with(".arpa")),
        (r'ip.src.place == "a\"b\\"', ip.src.place == 'a"b\\'),
        ("dns.qname2 == .example.com", dns.qname2.one_of_texts(["example.com", ".example.com"])),
        ("dns.qname2 == example.com", dns.qname2.one_of_texts(["example.com", ".example.com"])),
        ("dns.qname.tail2 == a.uk", dns.qname.tail(2).one_of_texts(["a.uk", ".a.uk"])),
        ("ip.src.place starts with Europe/", ip.src.place.starts_with("Europe/")),
        ("ip.src.network != Unknown", ~(ip.src.network == "Unknown")),
        ("dns.ecs is present", dns.ecs.is_present()),
        ("dns.qname is absent", ~dns.qname.is_present()),
        ("not dns.id == 1", ~(dns.id == 1)),
        ("(dns.id == 1)", dns.id == 1),
        ("dns.id == 1 or dns.id == 2 and dns.id == 3", (dns.id == 1) | ((dns.id == 2) & (dns.id == 3))),
        ("(dns.id == 1 or dns.id == 2) and dns.id == 3", ((dns.id == 1) | (dns.id == 2)) & (dns.id == 3)),
        ("dns.id == 1 or dns.id == 2 or dns.id == 3", Condition(["or", *((dns.id == n).json for n in (1, 2, 3))])),
    ],
)
def test_a_text_means_a_condition(text: str, condition: Condition) -> None:
    assert parse_expression(text).condition.json == condition.json


def test_the_columns_of_a_condition_are_known() -> None:
    expression = parse_expression("dns.id == 1 and not (ip.src.place == x or dns.id == 2)")
    assert [(column.name, column.base, column.table) for column in expression.columns] == [
        ("dns.id", "dns.id", "dns"),
        ("ip.src.place", "ip.src", "packet"),
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "character 1: expected a column such as dns.qname, not the end"),
        ("dns.rcod == 1", "character 1: no column 'dns.rcod'; did you mean 'dns.rcode'?"),
        ("dns.client_port == 1", "character 1: no column 'dns.client_port'; it is in data frames only"),
        ("dns.id == 1 and dns.rcod == 1", "character 17: no column 'dns.rcod'; did you mean 'dns.rcode'?"),
        ("ip.src.plac == x", "character 1: no column 'ip.src.plac'; use 'ip.src.place' or 'ip.src.network'"),
        ("dns.id.place == x", "character 1: no column 'dns.id.place'"),
        ("xact.question_flags has 1", "character 1: xact.question_flags means something to built-in handlers only"),
        ("3 == dns.id", "character 1: no column '3'"),
        ("dns.id", "character 7: expected ==, !=, <, <=, >, >=, in, below, has, starts with, ends with or is"),
        ("dns.id not == 1", "after a column, not '=='"),
        ("dns.id ==", "character 10: expected a constant, not the end"),
        ("dns.id == (1)", "character 11: expected a constant, not '('"),
        ("dns.id in []", "character 12: expected a constant, not ']'"),
        ("dns.id in [1 2]", "character 14: expected ',' or ']', not '2'"),
        ("dns.id = 1", "character 8: '=' has no meaning here; did you mean '=='?"),
        ("dns.id == 1 && dns.id == 2", "character 13: '&' has no meaning here; did you mean 'and'?"),
        ("!dns.id == 1", "character 1: '!' has no meaning here; did you mean 'not'?"),
        ("dns.qname == ä", "character 14: 'ä' has no meaning here; a text with such characters must stand in quotes"),
        ("dns.qname == 'x", "character 14: this quote is not closed"),
        ("(dns.id == 1", "character 13: expected ')', not the end"),
        ("dns.id == 1)", "character 12: expected 'and', 'or' or the end, not ')'"),
        ("dns.id == 1 dns.id == 2", "character 13: expected 'and', 'or' or the end, not 'dns.id'"),
        ("dns.rcode == NXDOMIAN", "or a word like BADSIG, not 'NXDOMIAN'; did you mean 'NXDOMAIN'?"),
        ("dns.rcode == 4096", "character 14: dns.rcode holds numbers up to 4095, not 4096"),
        ("dns.id == 1.5", "character 11: dns.id is a number: use a whole number, not '1.5'"),
        ("dns.id == -1", "character 11: dns.id is a number: use a whole number, not '-1'"),
        ("dns.time_ns > 9223372036854775808", "holds numbers up to 9223372036854775807"),
        ("dns.id == dns.rcode", "use a whole number, not 'dns.rcode'"),
        ("dns.qname == dns.qname2", "dns.qname can be compared with constants, not with the column dns.qname2"),
        ("dns.qname == 'a b'", "character 14: 'a b' can never match a name"),
        ("dns.qname ends with 'ä'", "character 21: 'ä' can't be part of a name"),
        ("dns.qname ends with '.'", "character 21: '.' matches every name: leave it out"),
        ("dns.qname ends with 'a..b'", "'a..b' can never match a name: it has an empty label between two dots"),
        ("dns.qname starts with '.com'", "'.com' can never match a name: it has an empty label"),
        ("dns.qname starts with 'my printer'", "can never match a name: write \\032 instead of ' '"),
        ("dns.qname ends with '\\\\045b.test'", "can never match a name: write '-' instead of \\045"),
        ("dns.qname == ''", "an empty text stands for nothing"),
        ("dns.qname > a", "character 11: '>' needs a number or a fraction or a point in time before it, but dns.qname"),
        ("dns.qname has 1", "character 11: 'has' needs a number before it, but dns.qname is a text"),
        ("dns.id below x", "character 8: 'below' needs a text before it, but dns.id is a number"),
        ("ip.src starts with 10", "character 8: 'starts' needs a text or a place or network before it"),
        ("ip.src.place below x", "'below' needs a text before it, but ip.src.place is a place or network"),
        ("dns.qname starts x", "after a column, not 'starts'"),
        ("dns.id is present", "'is' needs a text or an address before it"),
        ("dns.ecs is there", "character 12: expected 'present' or 'absent' after 'is', not 'there'"),
        ("ip.src == example.com", "ip.src is an address: use one such as 10.0.0.1, or a network such as 10.0.0.0/8"),
        ("ip.src in 10.0.0.0/33", "not '10.0.0.0/33'"),
    ],
)
def test_what_means_nothing_is_said_with_its_character(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_expression(text)
    assert caught.value.message.startswith("character ")
    assert sentence in caught.value.message


def test_length_and_depth_are_bounded() -> None:
    for part, end in (("not ", ""), ("(", ")"), ("not (", ")")):
        deepest = MOST_LEVELS // (1 + (len(part) > 4))
        parse_expression(part * deepest + "dns.id == 1" + end * deepest)
        with pytest.raises(ConfigError, match=f"more than {MOST_LEVELS} nested brackets and negations"):
            parse_expression(part * 500 + "dns.id == 1" + end * 500)
    with pytest.raises(ConfigError, match=f"may have {LONGEST} characters, this one has {LONGEST + 1}"):
        parse_expression("(" * (LONGEST + 1))


# Whatever can be written means what was meant.

TESTS = st.sampled_from(
    [
        ("dns.rcode == NXDOMAIN", dns.rcode == 3),
        ("dns.qname below example.com", dns.qname.below("example.com")),
        ("ip.src in [10.0.0.0/8]", ip.src.within("10.0.0.0/8")),
        ("tcp.flags has SYN", tcp.flags.has_bits(2)),
    ]
)
Meant = tuple[str, Condition]


def negated(inner: Meant) -> Meant:
    return f"not ({inner[0]})", ~inner[1]


def joined(word: str, parts: list[Meant]) -> Meant:
    text = f" {word} ".join(f"({text})" for text, _ in parts)
    return text, Condition([word, *(condition.json for _, condition in parts)])


EXPRESSIONS = st.recursive(
    TESTS,
    lambda inner: st.one_of(
        inner.map(negated), st.builds(joined, st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=4))
    ),
    max_leaves=8,
)


@given(EXPRESSIONS)
def test_an_expression_that_is_written_is_read_back(meant: Meant) -> None:
    text, condition = meant
    with suppress(ConfigError):  # deeper than the bound
        assert parse_expression(text).condition.json == condition.json


PIECES = st.lists(
    st.sampled_from(
        "dns.qname dns.rcode ip.src ip.src.place xact.time_us dns.time_ns and or not in below has starts ends with is"
        " present absent == != < <= > >= ( ) [ ] , 1 0x1 NXDOMAIN 10.0.0.0/8 :: 'x' \"y\" \\ ' \" = ä".split()
    ),
    max_size=20,
).map(" ".join)


@given(st.one_of(st.text(max_size=100), PIECES))
def test_any_text_is_an_expression_or_a_config_error(text: str) -> None:
    with suppress(ConfigError):
        assert parse_expression(text).condition.json
