from __future__ import annotations

from typing import Any

import pytest

from pktvisor.errors import ConfigError
from pktvisor.handlers import handler
from pktvisor.handlers.base import Handler, HandlerSettings
from pktvisor.handlers.dns import DnsFilters
from pktvisor.metrics.expressions import ALWAYS
from pktvisor.policies.plan import Instance, Plan

VERSIONS = ["1.0", "2.0"]


def dns(version: str = "1.0", **options: Any) -> DnsFilters:
    made = handler("dns", version)(HandlerSettings(options=options))
    assert isinstance(made, DnsFilters)
    return made


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (3, [3]),
        (["NXDOMAIN", "5"], [3, 5]),
        (["nxdomain", "SRVFAIL", "ServFail"], [3, 2, 2]),
        (["BADSIG", "BADVERS"], [16, 16]),
    ],
)
def test_codes_are_a_number_or_a_list_of_names_and_numbers(version: str, wanted: object, numbers: list[int]) -> None:
    assert dns(version, only_rcode=wanted).rcodes() == numbers


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("wanted", ["NXDOMAIN", True])
def test_a_code_is_no_text(version: str, wanted: object) -> None:
    with pytest.raises(
        ConfigError, match=r"wrong value type for only_rcode filter. It should be an integer or an arra"
    ):
        dns(version, only_rcode=wanted).keep()


@pytest.mark.parametrize(
    ("wanted", "ending"), [(24, "rcode"), (["NXDOMAIN", "NOSUCH"], "rcode: NOSUCH"), (["4096"], "rcode: 4096")]
)
def test_an_unknown_code_is_refused(wanted: object, ending: str) -> None:
    with pytest.raises(ConfigError, match=f"only_rcode filter contained an invalid/unsupported {ending}"):
        dns(only_rcode=wanted).keep()


@pytest.mark.parametrize("version", VERSIONS)
def test_types_are_names_in_any_case_or_numbers(version: str) -> None:
    wanted = ["aaaa", "MX", "65", "any", "*"]
    assert dns(version, only_qtype=wanted).qtypes() == [28, 15, 65, 255, 255]


@pytest.mark.parametrize("name", ["QUAD", "54", "99999", ""])
def test_an_unknown_type_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f"only_qtype filter contained an invalid/unsupported qtype: {name}"):
        dns(only_qtype=[name]).keep()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("count", ["two", True, ["2"]])
def test_a_count_of_answers_must_be_a_number(version: str, count: object) -> None:
    with pytest.raises(ConfigError, match=r"wrong value type for answer_count filter. It should be an integer"):
        dns(version, answer_count=count).keep()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("key", ["only_qname", "only_qname_suffix", "only_qtype"])
def test_a_list_must_be_a_list(version: str, key: str) -> None:
    with pytest.raises(ConfigError, match=f"wrong type for key: {key}"):
        dns(version, **{key: "lab.test"}).keep()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("key", ["exclude_noerror", "only_dnssec_response", "geoloc_notfound", "asn_notfound"])
def test_a_switch_must_be_true_or_false(version: str, key: str) -> None:
    assert dns(version, **{key: False}).keep() is ALWAYS
    with pytest.raises(ConfigError, match=f"wrong type for key: {key}"):
        dns(version, **{key: "yes"}).keep()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_kind_of_dnstap_messages_must_be_known_and_leaves_packets_alone(version: str) -> None:
    assert dns(version, dnstap_msg_type="client").keep() is ALWAYS
    with pytest.raises(ConfigError, match=r"Valid types: auth, client, forwarder, resolver, stub, tool, update$"):
        dns(version, dnstap_msg_type="server")
    with pytest.raises(ConfigError, match="wrong type for key: dnstap_msg_type"):
        dns(version, dnstap_msg_type=["client"])


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"answer_count": 65536}, "answer_count is 65536, but no message has more than 65535 answers"),
        ({"only_rcode": []}, "only_rcode is an empty list, which fits nothing"),
        ({"only_qname": []}, "only_qname is an empty list, which fits nothing"),
        ({"only_qname_suffix": []}, "only_qname_suffix is an empty list, which fits nothing"),
        ({"only_qtype": []}, "only_qtype is an empty list, which fits nothing"),
        ({"only_qname": ["a..b"]}, "'a..b' can never match a name"),
        ({"only_qname_suffix": ["*.example.com"]}, "'*.example.com' can never match a name"),
        ({"xact_ttl_ms": 0}, "questions must wait for their answers"),
        ({"xact_ttl_secs": 0}, "questions must wait for their answers"),
        ({"dns_ports": "53,x"}, "'x' is not a port"),
    ],
)
def test_what_can_never_match_is_refused(version: str, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Plan([Instance("dns", dns(version, **options))])
    assert sentence in caught.value.message


def test_no_message_is_both_query_and_response() -> None:
    with pytest.raises(ConfigError, match="no message meets both only_queries and only_responses"):
        dns(only_queries=True, only_responses=True).keep()


@pytest.mark.parametrize("version", VERSIONS)
def test_ports_of_its_own_win_over_those_of_its_input(version: str) -> None:
    def at(own: object, of_input: tuple[int, ...]) -> object:
        settings = HandlerSettings(options={} if own is None else {"dns_ports": own}, input_ports={"dns": of_input})
        return handler("dns", version)(settings).at_ports().json

    assert at(None, ()) == ALWAYS.json
    assert at(None, (53,)) == ["in", "dns.server_port", [53]]
    assert at("8600, 53", (53,)) == at(["53", "8600"], ()) == ["in", "dns.server_port", [53, 8600]]


@pytest.mark.parametrize("key", ["only_queries", "only_responses"])
def test_sides_are_an_option_of_the_first_version_only(key: str) -> None:
    assert dns("1.0", **{key: True}).keep() is not ALWAYS
    with pytest.raises(ConfigError, match=f"^{key} is an invalid/unsupported config or filter"):
        dns("2.0", **{key: True})


@pytest.mark.parametrize("version", VERSIONS)
def test_directions_of_transactions_are_no_option(version: str) -> None:
    with pytest.raises(ConfigError, match=r"^only_xact_directions is an invalid/unsupported config or filter"):
        dns(version, only_xact_directions=["in"])


def test_no_code_wins_over_a_code() -> None:
    both = dns(exclude_noerror=True, only_rcode=3)
    assert both.keep().json == dns(exclude_noerror=True).keep().json
    assert both.select() is ALWAYS


@pytest.mark.parametrize(
    ("options", "is_replaced"),
    [
        ({}, False),
        ({"public_suffix_list": False}, False),
        ({"public_suffix_list": True}, True),
    ],
)
@pytest.mark.parametrize("version", VERSIONS)
def test_the_list_of_public_suffixes_cuts_names(version: str, options: dict[str, bool], is_replaced: bool) -> None:
    assert set(dns(version, **options).replacements()) == ({"dns.qname2", "dns.qname3"} if is_replaced else set())


def test_a_suffix_cuts_names_in_the_first_version_only() -> None:
    suffix = {"only_qname_suffix": ["lab.test"]}
    assert dns("1.0", **suffix).replacements()
    assert not dns("2.0", **suffix).replacements()
    assert not dns("2.0", public_suffix_list=True, **suffix).replacements()


def test_subnets_are_kept_with_queries_only_where_they_are_listed() -> None:
    def exchanges(*groups: str) -> object:
        made: Handler = handler("dns", "2.0")(HandlerSettings(enable=groups))
        found = made.exchanges()
        assert found is not None
        return found.address

    assert exchanges() is None
    assert exchanges("top_ecs") is not None
