"""Expressions are data: what is written in Python is what the core gets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pktvisor import _core
from pktvisor.errors import ConfigError
from pktvisor.metrics.compatibility import Parameter
from pktvisor.metrics.expressions import (
    ALWAYS,
    DEEP,
    PASSED,
    Condition,
    dns,
    ip,
    packet,
    schema,
    slower_than_before,
    tcp,
    xact,
)


@pytest.mark.parametrize(
    ("condition", "json"),
    [
        (dns.rcode == 3, ["eq", "dns.rcode", 3]),
        (dns.rcode != 3, ["ne", "dns.rcode", 3]),
        (packet.bytes < 100, ["lt", "packet.bytes", 100]),
        (packet.bytes <= 100, ["le", "packet.bytes", 100]),
        (packet.bytes > 100, ["gt", "packet.bytes", 100]),
        (packet.bytes >= 100, ["ge", "packet.bytes", 100]),
        (dns.parsed == True, ["eq", "dns.parsed", 1]),  # noqa: E712
        (dns.qtype.one_of(range(3)), ["in", "dns.qtype", [0, 1, 2]]),
        (tcp.flags.has_bits(2), ["bits", "tcp.flags", 2]),
        (ip.src.within("10.0.0.0/8", "::1/128"), ["cidr", "ip.src", ["10.0.0.0/8", "::1/128"]]),
        (dns.qname == "example.com", ["text", "dns.qname", "is", ["example.com"]]),
        (dns.qname != "example.com", ["not", ["text", "dns.qname", "is", ["example.com"]]]),
        (dns.qname.starts_with("www.", "ftp."), ["text", "dns.qname", "starts", ["www.", "ftp."]]),
        (dns.qname.ends_with(".com"), ["text", "dns.qname", "ends", [".com"]]),
        (dns.qname.below("Example.COM."), ["domain", "dns.qname", ["example.com"]]),
        (dns.ecs.is_present(), ["present", "dns.ecs"]),
        (ip.src.place == "Unknown", ["place", {"place": "ip.src"}, "is", ["Unknown"]]),
        (ip.dst.network.starts_with("64500/"), ["place", {"network": "ip.dst"}, "starts", ["64500/"]]),
        (
            dns.qname.tail(2, [".co.uk"]) == ".a.co.uk",
            ["text", {"tail": 2, "of": "dns.qname", "suffixes": [".co.uk"]}, "is", [".a.co.uk"]],
        ),
        (xact.time_us >= Parameter("ttl_us"), ["ge", "xact.time_us", "$ttl_us"]),
        (slower_than_before(xact.time_us, "xact_time_us"), ["slow", "xact.time_us", "xact_time_us", 90]),
    ],
)
def test_a_comparison_is_an_operator_and_its_operands(condition: Condition, json: list[object]) -> None:
    assert condition.json == json


def test_conditions_combine_and_what_always_holds_falls_away() -> None:
    one, two = dns.rcode == 3, dns.is_reply == 1
    assert (one & two).json == ["and", one.json, two.json]
    assert (one | two).json == ["or", one.json, two.json]
    assert (~one).json == ["not", one.json]
    assert (ALWAYS & one) is one
    assert (one & ALWAYS) is one
    assert (DEEP & PASSED).json == ["and", ["deep"], ["passed"]]


def test_a_condition_is_no_truth_value() -> None:
    with pytest.raises(TypeError, match=r"combine with & \| ~"):
        bool(dns.rcode == 3)
    with pytest.raises(TypeError, match="no truth of its own"):
        _ = (dns.rcode == 3) and (dns.is_reply == 1)


def test_a_column_is_compared_with_numbers_and_text_only() -> None:
    with pytest.raises(ConfigError, match=r"dns\.rcode can be compared with whole numbers and text, not with 3\.5"):
        _ = dns.rcode == 3.5
    with pytest.raises(ConfigError, match="not with 'NXDOMAIN'"):
        _ = dns.rcode < "NXDOMAIN"  # type: ignore[operator]
    with pytest.raises(TypeError, match="unhashable"):
        hash(dns.rcode)


def test_columns_are_those_of_the_core() -> None:
    with pytest.raises(AttributeError, match=r"there is no column 'dns\.rkode'"):
        _ = dns.rkode
    assert schema()["dns.rcode"].table == "dns"
    assert schema()["packet.bytes"].unit == "bytes"
    assert list(schema()) == [row[1] for row in _core.columns()]


def plan_of(condition: Condition) -> str:
    import json

    metric = {"kind": "counter", "feeds": [{"where": condition.json}]}
    return json.dumps({"handlers": [{"table": "dns", "metrics": [metric]}]})


numbers = st.integers(0, 2**32)
leaves = st.one_of(
    st.builds(lambda number: dns.rcode == number, numbers),
    st.builds(lambda number: dns.bytes >= number, numbers),
    st.builds(lambda some: dns.qtype.one_of(some), st.lists(numbers, min_size=1, max_size=5)),
    st.builds(lambda text: dns.qname.below(text), st.text(min_size=1)),
    st.builds(lambda text: dns.qname.starts_with(text), st.text(min_size=1)),
    st.sampled_from([ALWAYS, PASSED, DEEP, dns.ecs.is_present(), dns.ecs.within("10.0.0.0/8"), dns.ecs.place == "EU"]),
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda one, two: one & two, inner, inner),
        st.builds(lambda one, two: one | two, inner, inner),
        st.builds(lambda one: ~one, inner),
    ),
    max_leaves=8,
)


@given(conditions)
def test_whatever_can_be_written_the_core_compiles(condition: Condition) -> None:
    _core.Policy(plan_of(condition), periods=2)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (Condition(["eq", "dns.nothing", 1]), "table 'dns' has no column 'dns.nothing'"),
        (Condition(["about", "dns.rcode", 1]), "about"),
        (dns.rcode.within("10.0.0.0/8"), "a column of type u16 can't be tested so"),
        (dns.ecs.within("10.0.0.0/99"), "10.0.0.0/99"),
    ],
)
def test_what_the_core_can_not_evaluate_it_says_in_a_sentence(condition: Condition, message: str) -> None:
    with pytest.raises(_core.ConfigFault, match=message):
        _core.Policy(plan_of(condition), periods=2)
