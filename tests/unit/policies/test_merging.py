"""Handlers of one schema, shown as one."""

from __future__ import annotations

from typing import Any

import pytest

from pktvisor import _core
from pktvisor.errors import PeriodError
from pktvisor.handlers import handler
from pktvisor.handlers.base import HandlerSettings
from pktvisor.inputs.hosts import parse_hosts
from pktvisor.metrics.snapshot import HandlerSnapshot
from pktvisor.outputs.json import policy_document
from pktvisor.policies.merging import MergedPolicies
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from pktvisor.policies.summary import open_databases, run_file
from support.captures import FOLDER

GEO = FOLDER.parent / "fixtures" / "geo"
HOSTS = "192.0.2.0/24,10.0.0.0/8"
NOW_NS = 2_000_000_000 * 10**9


def make(*handlers: tuple[str, str, dict[str, Any]], periods: int = 5, is_recorded: bool = False) -> Policy:
    instances = [
        Instance(f"{name}-{at}", handler(name, version)(HandlerSettings(options, enable=["all"])), f"tap-{at}")
        for at, (name, version, options) in enumerate(handlers)
    ]
    databases = open_databases(str(GEO / "city.mmdb"), str(GEO / "asn.mmdb"))
    return Policy("test", instances, periods=periods, is_recorded=is_recorded, databases=databases)


def read(capture: str, *policies: Policy) -> None:
    for policy in policies:
        run_file(str(FOLDER / capture), policy, hosts=HOSTS)


def document(snapshots: list[HandlerSnapshot]) -> dict[str, Any]:
    return policy_document(snapshots)


NET: tuple[str, str, dict[str, Any]] = ("net", "1.0", {})
NET2: tuple[str, str, dict[str, Any]] = ("net", "2.0", {})
DNS: tuple[str, str, dict[str, Any]] = ("dns", "1.0", {})
DNS2: tuple[str, str, dict[str, Any]] = ("dns", "2.0", {})


def test_a_single_handler_is_called_merged_too_and_reads_as_it_is() -> None:
    policy = make(DNS)
    read("dns_resolver.pcap", policy)
    merged = MergedPolicies([policy]).bucket(0, 0)
    assert [(one.instance, one.schema, one.tap, one.is_closed) for one in merged] == [("dns_merged", "dns", None, True)]
    assert document(merged)["dns_merged"] == document(policy.bucket(0, 0))["dns-0"]


def test_counters_add_and_sketches_merge() -> None:
    queries, replies = make(("dns", "1.0", {"only_queries": True})), make(("dns", "1.0", {"only_responses": True}))
    whole = make(DNS)
    read("dns_authoritative.pcap", queries, replies, whole)
    merged = document(MergedPolicies([queries, replies]).bucket(0, 0))["dns_merged"]["dns"]
    expected = document(whole.bucket(0, 0))["dns-0"]["dns"]
    counts = {"total", "queries", "replies", "udp", "tcp", "nxdomain", "noerror"}
    assert {key: merged["wire_packets"][key] for key in counts} == {
        key: expected["wire_packets"][key] for key in counts
    }
    assert merged["cardinality"] == expected["cardinality"]
    assert merged["wire_packets"]["events"] == 2 * expected["wire_packets"]["events"]
    for top in ("top_qname2", "top_qtype", "top_udp_ports", "top_nxdomain"):
        assert merged[top] == expected[top]


def test_histograms_merge_and_quantiles_add() -> None:
    one, two = make(DNS), make(DNS)
    read("dns_resolver.pcap", one, two)
    single = document(one.bucket(0, 0))["dns-0"]["dns"]
    merged = document(MergedPolicies([one, two]).bucket(0, 0))["dns_merged"]["dns"]
    times = single["xact"]["out"]
    assert merged["xact"]["out"]["quantiles_us"] == {key: 2 * us for key, us in times["quantiles_us"].items()}
    assert merged["rates"]["total"] == {key: 2 * number for key, number in single["rates"]["total"].items()}
    buckets = times["histogram_us"]["buckets"]
    assert merged["xact"]["out"]["histogram_us"]["buckets"] == {bound: 2 * count for bound, count in buckets.items()}


def test_maximum_and_count_of_quantiles_stay_those_of_the_first_with_values() -> None:
    empty, full = make(NET), make(NET)
    read("dns_resolver.pcap", full)
    read("dhcp6.pcap", empty)
    snapshots = MergedPolicies([empty, full]).bucket(0, 0)
    sample = next(one for one in snapshots[0].samples if one.name == "packets_payload_size")
    first = next(one for one in empty.bucket(0, 0)[0].samples if one.name == "packets_payload_size")
    second = next(one for one in full.bucket(0, 0)[0].samples if one.name == "packets_payload_size")
    assert (sample.value.maximum, sample.value.count) == (first.value.maximum, first.value.count)  # type: ignore[union-attr]
    values = zip(first.value.values, second.value.values, strict=True)  # type: ignore[union-attr]
    assert sample.value.values == tuple(a + b for a, b in values)  # type: ignore[union-attr]


def test_places_keep_their_coordinates() -> None:
    one, two = make(NET), make(NET)
    read("dns_resolver.pcap", one, two)
    single = document(one.bucket(0, 0))["net-0"]["packets"]["top_geoLoc"]
    merged = document(MergedPolicies([one, two]).bucket(0, 0))["packets_merged"]["packets"]["top_geoLoc"]
    assert any("lat" in entry for entry in single)
    assert merged == [{**entry, "estimate": 2 * entry["estimate"]} for entry in single]


def test_both_versions_of_dns_share_one_object_with_all_their_keys() -> None:
    policy = make(DNS, NET, DNS2)
    read("dns_resolver.pcap", policy)
    merged = document(MergedPolicies([policy]).bucket(0, 0))
    single = document(policy.bucket(0, 0))
    assert list(merged) == ["dns_merged", "packets_merged"]
    one, two = single["dns-0"]["dns"], single["dns-2"]["dns"]
    both = {**one, **two, "rates": {**one["rates"], **two["rates"]}}
    assert merged["dns_merged"]["dns"] == both


def test_version_two_merges_by_direction_and_shows_those_that_any_saw() -> None:
    one, two = make(NET2), make(NET2)
    run_file(str(FOLDER / "dns_resolver.pcap"), one, hosts=HOSTS)
    run_file(str(FOLDER / "dns_resolver.pcap"), two, hosts="203.0.113.77/32")
    merged = document(MergedPolicies([one, two]).bucket(0, 0))["net_merged"]["net"]
    parts = [document(policy.bucket(0, 0))["net-0"]["net"] for policy in (one, two)]
    for direction in ("in", "out", "unknown"):
        counts = [part[direction]["total_packets"] for part in parts if direction in part]
        assert merged.get(direction, {"total_packets": 0})["total_packets"] == sum(counts)


def test_groups_that_only_one_has_are_shown_as_it_measured_them() -> None:
    full = make(NET)
    counters = HandlerSettings(disable=["all"], enable=["counters"])
    few = Policy("few", [Instance("few", handler("net")(counters))], periods=5)
    read("dns_resolver.pcap", full, few)
    merged = document(MergedPolicies([few, full]).bucket(0, 0))["packets_merged"]["packets"]
    single = document(full.bucket(0, 0))["net-0"]["packets"]
    assert merged["total"] == 2 * single["total"]
    assert merged["top_ipv4"] == single["top_ipv4"]


def test_top_lists_show_ten_and_no_threshold() -> None:
    settings = HandlerSettings(enable=["all"], topn_count=3, topn_percentile_threshold=90)
    policy = Policy("few", [Instance("few", handler("dns")(settings))], periods=5)
    read("dns_resolver.pcap", policy)
    assert len(document(policy.bucket(0, 0))["few"]["dns"]["top_udp_ports"]) == 3
    assert len(document(MergedPolicies([policy]).bucket(0, 0))["dns_merged"]["dns"]["top_udp_ports"]) == 10


def test_closed_windows_stay_closed_and_the_same() -> None:
    policy = make(DNS, DNS)
    read("multi_window.pcap", policy)
    merged = MergedPolicies([policy])
    first, later = merged.latest(NOW_NS), merged.latest(NOW_NS + 10**12)
    assert first is later
    assert first[0].is_closed
    assert "live" not in document(first)["dns_merged"]["dns"]["rates"]["total"]
    assert first[0].length == policy.latest(NOW_NS)[0].length


def test_the_newest_windows_merge_over_both_time_and_handlers() -> None:
    policy = make(NET, NET)
    read("multi_window.pcap", policy)
    single = document(policy.window(5, 0))["net-0"]["packets"]
    assert document(MergedPolicies([policy]).window(5, 0))["packets_merged"]["packets"]["total"] == 2 * single["total"]


def test_a_policy_that_lacks_the_window_is_named_by_its_error() -> None:
    long, short = make(NET), make(NET)
    read("multi_window.pcap", long)
    read("dns_resolver.pcap", short)
    with pytest.raises(PeriodError, match=r"current range is \[0, 0\]"):
        MergedPolicies([long, short]).bucket(1, 0)


def test_metrics_of_other_kinds_do_not_merge() -> None:
    policy = make(NET)
    _core.run_file([str(FOLDER / "dns_resolver.pcap")], [policy.core], hosts=parse_hosts(HOSTS))
    window = policy.core.read(0, 0)
    assert window is not None
    kinds = {type(one.metric).__name__: one.index for one in policy.plan.placed[0]}
    with pytest.raises(TypeError, match="different kinds"):
        window.merged(window, [(0, kinds["Counter"], 0, kinds["TopN"])])
    with pytest.raises(IndexError):
        window.merged(window, [(0, 1000, 0, 0)])


def test_groups_of_like_handlers_are_merged_value_by_value() -> None:
    def custom(where: str) -> Policy:
        metrics = {
            "n": {"counter": "dns", "where": where, "by": "dns.qtype"},
            "names": {"cardinality": "dns.qname", "where": where, "by": "dns.qtype"},
            "top": {"top_n": "dns.qname", "where": where, "by": "dns.qtype"},
        }
        return Policy("test", [Instance("m", handler("custom", "1.0")(HandlerSettings(metrics=metrics)), "tap")])

    queries, replies, both = custom("dns.is_reply == 0"), custom("dns.is_reply == 1"), custom("dns.is_reply >= 0")
    read("dns_resolver.pcap", queries, replies, both)
    merged = document(MergedPolicies([queries, replies]).bucket(0, NOW_NS))["custom_merged"]["custom"]["dns_qtype"]
    assert merged == document(both.bucket(0, NOW_NS))["m"]["custom"]["dns_qtype"]
    assert merged["A"]["n"] > 0
