"""A whole agent: one configuration file with everything in it, and all documents over HTTP as they are expected."""

from __future__ import annotations

import json
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from support.agent_scenario import CONFIGURATION, FOLDER, AgentAnswers, agent_answers
from support.captures import FOLDER as CAPTURES
from support.captures import counts_of
from support.commands import run
from support.scenarios import as_text

REWRITE = "`make golden` writes the expectations anew; read what changed before you commit it"


@pytest.fixture(scope="module")
def answers() -> AgentAnswers:
    return agent_answers()


def expected() -> Any:
    return json.loads((FOLDER / "expected.json").read_bytes())


def metrics(policy: str, handler: str, window: str = "bucket/0") -> Any:
    """The expected metrics of a handler."""
    (found,) = expected()[f"/api/v1/policies/{policy}/metrics/{window}"][policy][handler].values()
    return found


def test_every_document_is_the_expected_one(answers: AgentAnswers) -> None:
    assert json.loads(as_text(answers.json)) == expected(), REWRITE


def test_every_prometheus_text_is_the_expected_one(answers: AgentAnswers) -> None:
    assert answers.prometheus == (FOLDER / "expected.prom").read_text(), REWRITE


def test_scrapers_understand_the_texts(answers: AgentAnswers) -> None:
    for text in answers.prometheus.split("## /")[1:]:
        families = list(text_string_to_metric_families(text.partition("\n")[2]))
        assert families
        assert len({family.name for family in families}) == len(families)


def test_the_configuration_is_found_in_order() -> None:
    done = run("pktvisord", "--check-config", CONFIGURATION)
    assert (done.returncode, done.stderr) == (0, b"")


def test_what_is_expected_agrees_with_tshark() -> None:
    minutes, resolver, leases = (
        counts_of(CAPTURES / name) for name in ("multi_window.pcap", "dns_resolver.pcap", "dhcp4.pcap")
    )
    whole = expected()["/api/v1/metrics/window/4"]["4m"]
    assert whole["packets"]["total"] == minutes["packets"]
    assert whole["dns"]["wire_packets"]["queries"] == minutes["dns"]["queries"]
    codes = resolver["dns"]["reply_codes"]
    assert metrics("failures", "failures-resolver-who")["total"] == codes["NXDOMAIN"] + codes["SERVFAIL"]
    assert metrics("names", "names-resolver-lab")["wire_packets"]["events"] == resolver["dns"]["messages"]
    assert metrics("leases", "leases-leases-dhcp")["wire_packets"]["ack"] == leases["dhcp"]["ACK"]
    both = minutes["udp"] + counts_of(CAPTURES / "dns_authoritative.pcap")["udp"]
    assert metrics("authoritative", "net_merged")["observed_packets"] == both


def test_what_is_expected_follows_the_configuration() -> None:
    assert len(metrics("default", "default-minutes-dns")["top_qname2"]) == 2, "global_handler_config"
    assert len(metrics("failures", "failures-resolver-who")["top_ipv4"]) <= 3, "window_config"
    assert "rates" in metrics("failures", "failures-resolver-who"), "the group counters"
    assert "cardinality" not in metrics("failures", "failures-resolver-who"), "a disabled group"
    assert list(expected()["/api/v1/policies/names/metrics/bucket/0"]["names"]) == ["names-resolver-lab"]
    assert list(expected()["/api/v1/policies"]["failures"]["taps"]) == ["resolver"]
