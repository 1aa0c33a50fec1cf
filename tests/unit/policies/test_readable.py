"""What a person is shown of a file, whether hosts are known or not."""

from __future__ import annotations

from typing import Any

import pytest

from pktvisor.outputs.json import flat_document
from pktvisor.policies.policy import Policy
from pktvisor.policies.readable import readable_instances
from pktvisor.policies.summary import WITHOUT_HOSTS, run_file, summarize_file
from support.captures import FOLDER

CAPTURE = str(FOLDER / "dns_resolver.pcap")
ALL_IPV4 = "0.0.0.0/0"


def document(hosts: str = "") -> Any:
    policy = Policy("capture", readable_instances(policy="capture"), periods=1, is_recorded=True)
    run_file(CAPTURE, policy, hosts=hosts)
    return flat_document(policy.bucket(0, 0))


def test_an_answer_belongs_to_its_question_whoever_asked() -> None:
    with_hosts, without = document("10.8.0.1")["dns"]["xact"], document()["dns"]["xact"]
    assert without["in"]["total"] == without["out"]["total"] == 0
    for transactions in (with_hosts, without):
        assert transactions["histogram_us"]["buckets"]["+Inf"] == transactions["counts"]["total"] > 0
        assert transactions["quantiles_us"]["p50"] > 0
    assert without["quantiles_us"] == with_hosts["quantiles_us"]
    assert without["top_waited"] == with_hosts["top_waited"] != []


def test_addresses_of_both_ends_count_where_no_host_is_known() -> None:
    packets = document()["packets"]
    assert (packets["in"], packets["out"]) == (0, 0)
    addresses = {entry["name"] for entry in packets["top_ipv4"]}
    assert {"10.8.0.1", "10.8.0.3"} <= addresses
    assert packets["cardinality"]["ips"] >= len(addresses)


def test_only_the_other_end_counts_where_one_is_a_host() -> None:
    packets = document("10.8.0.1")["packets"]
    addresses = {entry["name"] for entry in packets["top_ipv4"]}
    assert "10.8.0.3" in addresses
    assert "10.8.0.1" not in addresses


@pytest.mark.parametrize(("hosts", "warnings"), [("", [WITHOUT_HOSTS]), (ALL_IPV4, [])])
def test_who_reads_without_hosts_hears_what_they_would_add(hosts: str, warnings: list[str]) -> None:
    assert summarize_file(CAPTURE, hosts=hosts).warnings == warnings


def test_the_ledger_tells_how_many_packets_have_no_direction() -> None:
    for hosts in ("", "10.8.0.1", ALL_IPV4):
        summary = summarize_file(CAPTURE, hosts=hosts)
        packets: Any = flat_document(summary.handlers)["packets"]
        assert summary.ledger["direction_unknown"] == packets["unknown_dir"]
        assert sum(packets[name] for name in ("in", "out", "unknown_dir")) == packets["total"]
