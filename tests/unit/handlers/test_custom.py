"""Metrics that a policy declares: read, checked, measured."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from pktvisor.errors import ConfigError
from pktvisor.handlers.custom import MOST_METRICS, Custom
from pktvisor.handlers.families import check_families
from pktvisor.metrics.expressions import schema
from pktvisor.metrics.named_columns import EXCHANGE_TABLE, PACKET_TABLE, named_column
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from support.captures import FOLDER, counts_of
from support.configurations import declared
from support.measuring import Measured, Source, Wanted, measure

CAPTURE = FOLDER / "dns_authoritative.pcap"


def run(metrics: str, options: str = "{}") -> Measured:
    settings = declared(metrics, options)
    return measure(Source(CAPTURE, hosts="10.9.0.2/32"), [Wanted("edge-wire-m", "custom", settings=settings)])


def shown(metrics: str, options: str = "{}") -> dict[str, Any]:
    document = run(metrics, options).document()
    return {} if not document else dict(document["edge-wire-m"]["custom"])


def test_rows_and_sums_are_counted() -> None:
    found = shown("all: {counter: dns}, replies: {counter: dns, where: dns.is_reply == 1}, bytes: {counter: dns.bytes}")
    own = measure(Source(CAPTURE), [Wanted("d", "dns")]).document()["d"]["dns"]["wire_packets"]
    assert (found["all"], found["replies"]) == (own["total"], own["replies"])
    assert found["bytes"] > found["all"] * 12


def test_packets_are_counted_where_no_other_table_is_named() -> None:
    assert shown("all: {counter: packet}, bytes: {counter: packet.bytes}")["all"] == counts_of(CAPTURE)["packets"]


def test_the_packets_of_messages_are_there() -> None:
    found = shown("a: {counter: dns, where: ip.src == 10.9.0.1}, top: {top_n: [ip.src, ip.dst], where: dns.bytes > 0}")
    assert found["a"] > 0
    assert sum(entry["estimate"] for entry in found["top"]) == 2 * shown("a: {counter: dns}")["a"]


def test_top_lists_show_words_and_as_many_entries_as_they_are_told() -> None:
    types = shown("types: {top_n: dns.qtype, count: 3}")["types"]
    assert len(types) == 3
    assert types[0]["name"] == "A"
    assert {entry["name"] for entry in shown("d: {top_n: dns.direction}")["d"]} <= {"in", "out", "unknown"}


def test_labels_follow_the_column_unless_they_are_given() -> None:
    text = run(
        "a: {top_n: dns.qname.tail2}, b: {top_n: dns.qname, label: name}, c: {top_n: dns.direction}"
    ).prometheus()
    assert 'custom_a{handler="edge-wire-m",policy="golden",qname="' in text
    assert 'custom_b{handler="edge-wire-m",name="' in text
    assert 'custom_c{handler="edge-wire-m",policy="golden",value="' in text


def test_metrics_are_kept_apart_by_direction_where_they_ask_for_it() -> None:
    found = shown("apart: {counter: dns, by: direction}, all: {counter: dns}")
    assert sum(found[direction]["apart"] for direction in ("in", "out", "unknown")) == found["all"]
    exchanges = shown("apart: {counter: dns, by: xact_direction}")
    assert exchanges["in"]["apart"] > found["in"]["apart"] > 0
    assert "direction=" in run("apart: {rate: packet, by: direction}").prometheus()


def test_flow_records_are_measured_with_words_of_their_own() -> None:
    assert "flow" in Custom.inputs
    metrics = (
        "all: {counter: flow}, came: {counter: flow, where: flow.direction == ingress}, "
        "syn: {counter: flow, where: flow.tcp_flags has SYN}, n: {counter: flow, by: [flow.direction, flow.protocol]}"
    )
    source = Source(FOLDER / "flow_netflow9.pcap", reads_flows=True)
    found = measure(source, [Wanted("m", "custom", settings=declared(metrics, "{}"))]).document()["m"]["custom"]
    groups = found["flow_direction"]
    assert set(groups) <= {"ingress", "egress"}, "it is the exporter's direction, not that of this host"
    assert sum(group["n"] for group in groups["ingress"]["flow_protocol"].values()) == found["came"] > 0
    assert {"tcp", "udp", "icmp"} & set(groups["ingress"]["flow_protocol"])
    assert found["all"] > found["syn"] > 0


def test_metrics_are_kept_apart_by_the_values_of_any_column() -> None:
    found = shown(
        "n: {counter: dns, by: dns.qtype}, names: {cardinality: dns.qname, by: dns.qtype}, all: {counter: dns}"
    )
    apart = found["dns_qtype"]
    assert {"A", "AAAA"} <= set(apart)
    assert sum(group["n"] for group in apart.values()) == found["all"]
    of_a = shown("n: {counter: dns, where: dns.qtype == A}, names: {cardinality: dns.qname, where: dns.qtype == A}")
    assert (apart["A"]["n"], apart["A"]["names"]) == (of_a["n"], of_a["names"])


def test_two_columns_make_groups_within_groups_and_become_labels() -> None:
    found = shown("n: {counter: dns, by: [dns.transport, dns.rcode]}, all: {counter: dns}")
    udp = found["dns_transport"]["udp"]["dns_rcode"]
    assert udp["NOERROR"]["n"] == shown("n: {counter: dns, where: dns.transport == udp and dns.rcode == NOERROR}")["n"]
    text = run("n: {counter: dns, by: [dns.transport, dns.rcode]}").prometheus()
    assert 'dns_rcode="NOERROR",dns_transport="udp",handler="edge-wire-m",policy="golden"' in text


def test_groups_beyond_the_bound_are_one_called_other() -> None:
    found = shown("n: {counter: dns, by: dns.qname, most_groups: 2}, all: {counter: dns}")["dns_qname"]
    total = shown("all: {counter: dns}")["all"]
    assert len(found) == 3
    assert "other" in found
    assert sum(group["n"] for group in found.values()) == total


def test_rows_without_a_value_are_a_group_of_their_own() -> None:
    found = shown("n: {counter: dns, by: dns.ecs}, with_one: {counter: dns, where: dns.ecs in 0.0.0.0/0}")
    assert found["dns_ecs"]["none"]["n"] > 0


def test_exchanges_are_measured_at_their_answers() -> None:
    found = shown(
        "answered: {counter: dns, where: xact.outcome == answered}, times: {histogram: xact.time_us},"
        " slow: {counter: dns, where: xact.time_us >= 0}, ratio: {quantiles: xact.size_ratio}"
    )
    own = measure(Source(CAPTURE), [Wanted("d", "dns")]).document()["d"]["dns"]["xact"]["counts"]["total"]
    assert found["answered"] == found["slow"] == found["times"]["buckets"]["+Inf"] == own > 0
    assert found["ratio"]["p50"] >= 1


def test_a_condition_of_the_module_filters_all_its_metrics() -> None:
    only = "{where: dns.is_reply == 0}"
    assert shown("all: {counter: dns}", only) == shown("all: {counter: dns, where: dns.is_reply == 0}")


def test_groups_are_on_unless_they_are_switched_off() -> None:
    settings = declared("a: {counter: dns, group: g}, b: {counter: dns}")
    assert set(shown("a: {counter: dns, group: g}, b: {counter: dns}")) == {"period", "a", "b"}
    handler = Custom(type(settings)(metrics=settings.metrics, disable=["g"]))
    assert [handler.is_shown(metric) for metric in handler.metrics().values()] == [False, True]
    assert not handler.is_silent
    with pytest.raises(ConfigError, match=r"h is an invalid/unsupported metric group\. The valid groups are: all, g"):
        Custom(type(settings)(metrics=settings.metrics, disable=["h"]))


def test_a_module_with_all_its_groups_off_is_silent() -> None:
    settings = declared("a: {counter: dns, group: g}")
    assert Custom(type(settings)(metrics=settings.metrics, disable=["all"])).is_silent


def test_help_is_the_declaration_where_none_is_given() -> None:
    text = run("a: {counter: dns, where: dns.id == 1}, b: {counter: dns, help: Of mine}").prometheus()
    assert "# HELP custom_a Declared in a policy: counter of dns where dns.id == 1\n" in text
    assert "# HELP custom_b Of mine\n" in text


KIND_NAMES = ("counter", "rate", "top_n", "cardinality", "quantiles", "histogram")


@pytest.mark.parametrize("name", [name for name in schema() if name != "xact.question_flags"])
def test_every_column_can_be_used(name: str) -> None:
    """Each is measured by all kinds that take it, in a condition if by none; the core takes what is made of it."""
    column = named_column(name)
    table = "dns" if column.table == EXCHANGE_TABLE else column.table
    condition = {"text": "is present", "address": "is present"}.get(column.nature, ">= 0")
    texts = [f"{kind}: {name}" for kind in KIND_NAMES] + [f"counter: {table}, where: {name} {condition}"]
    if column.nature == "address":
        texts += [f"top_n: {name}.place", f"top_n: {name}.network"]
    if column.nature == "text":
        texts += [f"top_n: {name}.tail2", f"cardinality: {name}.tail3"]
    taken = []
    for text in texts:
        try:
            Policy("p", [Instance("m", Custom(declared(f"a: {{{text}}}")))])
        except ConfigError as error:
            assert error.path == f"metrics.a.{text.partition(':')[0]}"  # noqa: PT017
        else:
            taken.append(text)
    assert taken[-1] == texts[-1]


@pytest.mark.parametrize(
    ("metrics", "path", "sentence"),
    [
        ("", "metrics", "a handler of type custom needs metrics"),
        (
            ", ".join(f"m{n}: {{counter: dns}}" for n in range(MOST_METRICS + 1)),
            "metrics",
            "at most 64 metrics, not 65",
        ),
        ("a: 1", "metrics.a", "a metric must be a map with its kind, such as {counter: dns}, not the number 1"),
        ("a: {}", "metrics.a", "a metric needs a kind, one of counter, rate, top_n"),
        ("a: {topn: dns.qname}", "metrics.a", "a metric needs a kind, one of counter, rate, top_n, cardinality"),
        ("a: {counter: dns, rate: dns}", "metrics.a", "a metric has one kind, not counter and rate"),
        (
            "a: {counter: dns, wher: x}",
            "metrics.a",
            "a counter has no 'wher', only counter, where, help, group, by, most_groups; did",
        ),
        ("a: {counter: dns, count: 1}", "metrics.a", "a counter has no 'count'"),
        ("a: {counter: dnss}", "metrics.a.counter", "no table 'dnss'; there are packet, "),
        ("a: {counter: xact}", "metrics.a.counter", "no table 'xact'"),
        ("a: {counter: 1}", "metrics.a.counter", "wrong type for key: counter"),
        ("a: {counter: dns.qnam}", "metrics.a.counter", "no column 'dns.qnam'; did you mean 'dns.qname'?"),
        ("a: {counter: dns.qname}", "metrics.a.counter", "dns.qname is a text; a counter needs a number"),
        ("a: {rate: dns.time_ns}", "metrics.a.rate", "dns.time_ns is a point in time; a rate needs a number"),
        (
            "a: {quantiles: ip.src}",
            "metrics.a.quantiles",
            "ip.src is an address; a quantiles needs a number or a fraction",
        ),
        ("a: {top_n: xact.size_ratio}", "metrics.a.top_n", "xact.size_ratio is a fraction"),
        ("a: {cardinality: ip.src.place}", "metrics.a.cardinality", "ip.src.place is a place or network"),
        ("a: {top_n: []}", "metrics.a.top_n", "a top_n needs the name of a column or a list of them"),
        ("a: {quantiles: [dns.id]}", "metrics.a.quantiles", "a quantiles needs the name of a column, not a list"),
        ("a: {top_n: [dns.id, dns.qname]}", "metrics.a.top_n", "must be of one type"),
        ("a: {top_n: [dns.id, dns.bytes]}", "metrics.a.top_n", "must be of one type"),
        ("a: {top_n: dns.id, count: 1001}", "metrics.a.count", "a top list shows 1 to 1000 entries, not 1001"),
        ("a: {top_n: dns.id, count: x}", "metrics.a.count", "wrong type for key: count"),
        ("a: {top_n: dns.id, label: a-b}", "metrics.a.label", "'a-b' can't be a label"),
        ("a: {top_n: dns.id, label: policy}", "metrics.a.label", "'policy' can't be a label"),
        ("a: {top_n: dns.id, label: __x}", "metrics.a.label", "'__x' can't be a label"),
        ("a: {top_n: dns.id, weight: dns.qname}", "metrics.a.weight", "dns.qname is a text; a weight needs a number"),
        ("a: {counter: dns, where: [x]}", "metrics.a.where", "wrong type for key: where"),
        (
            "a: {counter: dns, where: dns.rcod == 1}",
            "metrics.a.where",
            "character 1: no column 'dns.rcod'; did you mean",
        ),
        ("a: {counter: dns, help: 1}", "metrics.a.help", "wrong type for key: help"),
        ("a: {counter: dns, group: all}", "metrics.a.group", "'all' can't be the name of a group"),
        ("a: {counter: dns, by: qname}", "metrics.a.by", "no column 'qname'"),
        (
            "a: {counter: dns, by: dns.time_ns}",
            "metrics.a.by",
            "dns.time_ns is a point in time; metrics are kept apart by",
        ),
        (
            "a: {counter: dhcp, by: xact_direction}",
            "metrics.a.by",
            "are kept apart by packet.direction or dhcp.direction, not by",
        ),
        ("a: {counter: packet, by: []}", "metrics.a.by", "can be split by one column or by 2 different ones"),
        ("a: {counter: packet, by: [vlan.id, vlan.id]}", "metrics.a.by", "by one column or by 2 different ones"),
        ("a: {counter: packet, by: [vlan.id, ip.src, ip.dst]}", "metrics.a.by", "by one column or by 2 different"),
        ("a: {counter: dhcp, by: dns.qname}", "", "'a' looks at dhcp, 'a' at dns"),
        (
            "a: {counter: packet, by: vlan.id, most_groups: 0}",
            "metrics.a.most_groups",
            "keeps 1 to 100000 groups, not 0",
        ),
        ("a: {counter: packet, most_groups: 5}", "metrics.a.most_groups", "name the column"),
        (
            "a: {top_n: ip.src, label: vlan_id, by: vlan.id}",
            "metrics.a.by",
            "the label vlan_id is that of the metric's own items",
        ),
        ("vlan_id: {counter: packet}, a: {counter: packet, by: vlan.id}", "metrics.vlan_id", "kept apart below"),
        ("a-b: {counter: dns}", "metrics.a-b", "invalid metric name: a-b"),
        ("period: {counter: dns}", "metrics.period", "a metric can't be called 'period'"),
        ("in: {counter: dns}", "metrics.in", "a metric can't be called 'in'"),
        ("a: {counter: dns}, b: {counter: dhcp}", "", "'a' looks at dns, 'b' at dhcp; make a module for each"),
        ("a: {counter: dhcp, where: xact.time_us > 1}", "", "'a' looks at dhcp, 'a' at dns"),
        (
            "a: {counter: packet}, b: {counter: dns}",
            "metrics.a",
            "this counts rows of packet, but 'b' makes the module",
        ),
        ("a: {rate: dns}, a_sum: {counter: dns}", "metrics.a_sum", "would share the name custom_a_sum in Prometheus"),
    ],
)
def test_what_is_wrong_with_a_metric_is_said_with_its_path(metrics: str, path: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Custom(declared(metrics))
    assert caught.value.path == path
    assert sentence in str(caught.value)


def test_columns_of_packets_need_rows_with_packets() -> None:
    tables = {column.table for column in schema().values()} - {EXCHANGE_TABLE, PACKET_TABLE}
    for table in tables:
        text = f"a: {{counter: {table}, where: packet.bytes > 0}}"
        if f"{table}.packet_row" in schema():
            Policy("p", [Instance("m", Custom(declared(text)))])
        else:
            with pytest.raises(ConfigError, match=f"'a' names packet.bytes, but rows of {table} have no packets"):
                Custom(declared(text))


def test_a_condition_of_the_module_is_checked_too() -> None:
    with pytest.raises(ConfigError, match=r"character 1: no column 'dns\.rcod'; did you mean 'dns\.rcode'\?") as caught:
        Custom(declared("a: {counter: dns}", "{where: dns.rcod == 1}"))
    assert caught.value.path == "where"
    with pytest.raises(ConfigError, match="'where' looks at dhcp, 'a' at dns"):
        Custom(declared("a: {counter: dns}", "{where: dhcp.version == 4}"))
    with pytest.raises(ConfigError, match=r"wher is an invalid/unsupported config or filter.*; did you mean 'where'\?"):
        Custom(declared("a: {counter: dns}", "{wher: x}"))


def test_metrics_of_one_name_are_of_one_kind_in_all_modules() -> None:
    counter, top, sums = (
        Custom(declared(text)) for text in ("a: {counter: dns}", "a: {top_n: dns.qname}", "a: {counter: dns.bytes}")
    )
    check_families([counter, sums, counter])
    for one, other in itertools.permutations([counter, top]):
        with pytest.raises(ConfigError, match="would share the name custom_a in Prometheus; rename one of them"):
            check_families([one, other])
        with pytest.raises(ConfigError, match="would share the name custom_a in Prometheus; rename one of them"):
            Policy("p", [Instance("m", one), Instance("n", other)])


def test_texts_in_conditions_are_never_taken_for_something_else() -> None:
    for text in ("$ttl_us", "'$'", "dns.qname3x", "slow"):
        quoted = text if text.startswith("'") else f"'{text}'"
        assert shown(f'a: {{counter: dns, where: "dns.qname == {quoted}"}}')["a"] == 0
