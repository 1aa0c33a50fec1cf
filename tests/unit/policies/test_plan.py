"""Handlers become plans: where each metric stands, what is put into declarations, and chains of handlers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pktvisor.handlers import handler
from pktvisor.handlers.base import Handler, HandlerSettings
from pktvisor.outputs.json import policy_document
from pktvisor.policies.plan import NEVER, Instance, Plan
from pktvisor.policies.policy import Policy
from pktvisor.policies.summary import run_file
from support.captures import FOLDER

HOSTS = "192.0.2.0/24,10.0.0.0/8"


def made(name: str, version: str = "1.0", *, groups: tuple[str, ...] = ("all",), **options: Any) -> Handler:
    settings = HandlerSettings(options, disable=["all"], enable=groups) if groups else HandlerSettings(options)
    return handler(name, version)(settings)


def spec_of(*handlers: Handler) -> list[dict[str, Any]]:
    plan = Plan([Instance(f"h{at}", one) for at, one in enumerate(handlers)])
    handlers_spec: list[dict[str, Any]] = json.loads(plan.json)["handlers"]
    return handlers_spec


def text_of(value: Any) -> str:
    return json.dumps(value)


def test_every_counted_metric_has_its_place_in_order() -> None:
    plan = Plan([Instance("net", made("net")), Instance("dns", made("dns", "2.0"))])
    for placed, spec in zip(plan.placed, json.loads(plan.json)["handlers"], strict=True):
        assert [one.index for one in placed] == list(range(len(spec["metrics"])))


def test_only_a_plan_whose_windows_are_saved_tells_what_metrics_mean() -> None:
    saved, passing = (Plan([Instance("net", made("net"))], is_saved=is_saved) for is_saved in (True, False))
    for plan, names in ((saved, {"identity", "meaning"}), (passing, set())):
        (spec,) = json.loads(plan.json)["handlers"]
        assert all({"identity", "meaning"} & metric.keys() == names for metric in spec["metrics"])
    assert saved.meanings == passing.meanings, "whoever asks is told all the same"


def test_groups_that_are_off_are_not_counted() -> None:
    few, all_ = spec_of(made("net", groups=("counters",)))[0], spec_of(made("net"))[0]
    assert {metric["kind"] for metric in few["metrics"]} == {"counter", "distribution", "rate"}
    assert {metric["kind"] for metric in all_["metrics"]} == {"counter", "distribution", "rate", "cardinality", "top"}


def test_version_two_keeps_its_metrics_apart_by_direction_in_out_unknown() -> None:
    plan = Plan([Instance("net", made("net", "2.0"))])
    totals = [one for one in plan.placed[0] if one.metric.path == "total_packets"]
    assert [one.number for one in totals] == [1, 2, 0]
    metrics = json.loads(plan.json)["handlers"][0]["metrics"]
    for one in totals:
        assert ["eq", "packet.direction", one.number] in metrics[one.index]["feeds"][0]["where"]
    observed = [one for one in plan.placed[0] if one.metric.path == "observed_packets"]
    assert [one.number for one in observed] == [None]


def test_slow_names_the_metric_by_its_number_of_the_same_direction() -> None:
    plan = Plan([Instance("dns", made("dns", "2.0"))])
    metrics = json.loads(plan.json)["handlers"][0]["metrics"]
    index = {(one.metric.path, one.number): one.index for one in plan.placed[0]}
    for direction in (0, 1, 2):
        slow = metrics[index["top_slow_xacts", direction]]["feeds"][0]["where"]
        assert text_of(["slow", "xact.time_us", index["xact_time_us", direction], 90]) in text_of(slow)


def test_slow_holds_never_where_what_it_is_compared_with_is_off() -> None:
    plan = Plan([Instance("dns", made("dns", groups=("dns_transaction",)))])
    metrics = json.loads(plan.json)["handlers"][0]["metrics"]
    slow = next(one for one in plan.placed[0] if one.metric.path == "xact.in.top_slow")
    assert text_of(NEVER) in text_of(metrics[slow.index])


def test_settings_put_columns_in_the_place_of_others() -> None:
    plain, own = made("dns"), made("dns", only_qname_suffix=[".co.uk"])
    tail = {"tail": 2, "of": "dns.qname", "suffixes": [".co.uk"]}
    assert text_of("dns.qname2") in text_of(spec_of(plain))
    assert text_of("dns.qname2") not in text_of(spec_of(own))
    assert text_of(tail) in text_of(spec_of(own))


@pytest.mark.parametrize(("rate", "percent"), [(-5, 1), (0, 1), (37, 37), (100, 100), (250, 100)])
def test_deep_sampling_is_clamped(rate: int, percent: int) -> None:
    net = handler("net")(HandlerSettings(deep_sample_rate=rate))
    assert spec_of(net)[0]["deep_sample_percent"] == percent


@pytest.mark.parametrize(
    ("options", "ttl_ms"),
    [
        ({}, 5000),
        ({"xact_ttl_secs": 2}, 2000),
        ({"xact_ttl_ms": 250}, 250),
        ({"xact_ttl_ms": 9, "xact_ttl_secs": 2}, 9),
    ],
)
def test_questions_wait_as_long_as_they_are_told(options: dict[str, int], ttl_ms: int) -> None:
    assert spec_of(handler("dns")(HandlerSettings(options)))[0]["exchanges"]["ttl_ms"] == ttl_ms


def test_unanswered_questions_of_a_direction_are_told_by_their_flags() -> None:
    plan = Plan([Instance("dns", made("dns", "2.0"))])
    metrics = json.loads(plan.json)["handlers"][0]["metrics"]
    purged = {
        one.number: metrics[one.index]["purged"] for one in plan.placed[0] if one.metric.path == "timeout_queries"
    }
    assert {direction: value["value"] for direction, value in purged.items()} == {0: 0, 1: 4, 2: 8}


# Chains. What each handler of a chain sees is checked by what the others say of the same capture.


def chain(capture: str, *handlers: Handler, apart: bool = False) -> list[dict[str, Any]]:
    """Documents of handlers of which each stands behind the one before it."""
    instances = [
        Instance(f"h{at}", one, behind=at - 1 if at > 0 and not apart else None) for at, one in enumerate(handlers)
    ]
    policy = Policy("chain", instances, periods=1, is_recorded=True)
    run_file(str(FOLDER / capture), policy, hosts=HOSTS)
    document: dict[str, Any] = policy_document(policy.bucket(0, 0))
    return [next(iter(document[f"h{at}"].values())) for at in range(len(handlers))]


def test_net_behind_a_dns_filter_counts_the_packets_of_what_dns_keeps() -> None:
    dns, net = chain("dns_authoritative.pcap", made("dns", only_qtype=["AAAA"]), made("net"))
    assert 0 < dns["wire_packets"]["total"] < dns["wire_packets"]["events"]
    assert net["events"] == net["total"]
    assert net["total"] == dns["wire_packets"]["total"]
    assert net["ipv4"] == dns["wire_packets"]["ipv4"]


def test_net_behind_dns_over_tcp_counts_the_packets_that_completed_a_message() -> None:
    dns, net = chain("dns_tcp.pcap", made("dns"), made("net"))
    _, all_packets = chain("dns_tcp.pcap", made("dns"), made("net"), apart=True)
    assert 0 < net["total"] <= dns["wire_packets"]["total"]
    assert net["total"] < all_packets["total"]


def test_dns_behind_net_reads_the_messages_of_the_packets_that_net_keeps() -> None:
    alone, dns = chain("dns_authoritative.pcap", made("net"), made("dns"), apart=True)
    net, behind = chain("dns_authoritative.pcap", made("net"), made("dns"))
    assert behind == dns
    assert net == alone


def test_net_behind_net_gets_what_the_first_keeps() -> None:
    first, second = chain("dns_authoritative.pcap", made("net"), made("net"))
    assert second["total"] == first["total"] > 0


def test_three_in_a_row_each_narrow_what_is_left() -> None:
    replies, net, nxdomain = chain(
        "dns_authoritative.pcap", made("dns", only_responses=True), made("net"), made("dns", only_rcode=["NXDOMAIN"])
    )
    assert net["total"] == replies["wire_packets"]["replies"] > 0
    assert nxdomain["wire_packets"]["queries"] == 0
    assert nxdomain["wire_packets"]["total"] == replies["wire_packets"]["nxdomain"] > 0


def test_version_two_finds_its_transactions_behind_a_handler_that_keeps_them() -> None:
    _, behind = chain("dns_resolver.pcap", made("net"), made("dns", "2.0"))
    _, alone = chain("dns_resolver.pcap", made("net"), made("dns", "2.0"), apart=True)
    assert behind == alone
    _, replies_only = chain("dns_resolver.pcap", made("dns", only_responses=True), made("dns", "2.0"))
    counts = [replies_only[direction] for direction in ("in", "out", "unknown") if direction in replies_only]
    assert sum(one["xacts"] for one in counts) == 0
    assert sum(one["orphan_responses"] for one in counts) > 0
