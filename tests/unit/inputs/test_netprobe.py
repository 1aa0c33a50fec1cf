"""Probes of targets: what a tap may say, and that probes go out and come back."""

from __future__ import annotations

import time
from typing import Any

import pytest

from pktvisor.config.models import Value
from pktvisor.errors import ConfigError
from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.custom import Custom
from pktvisor.handlers.netprobe import Netprobe
from pktvisor.inputs import inputs
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.netprobe import NetprobeInput
from pktvisor.outputs.json import flat_document
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from support.live import eventually
from support.probing import NOT_FOUND, closed_port, has_ipv6, listener, probing

ADDRESS = {"one": {"target": "192.0.2.1"}}
WITH_PORT = {"one": {"target": "192.0.2.1", "port": 80}}
TYPES = "The valid test types are: http, ping, tcp, udp"


def test_taps_know_the_input_by_its_name() -> None:
    assert inputs()["netprobe"] is NetprobeInput


@pytest.mark.parametrize(
    ("config", "path", "sentence"),
    [
        ({"targets": ADDRESS}, "test_type", f"'test_type' config not specified. {TYPES}"),
        (
            {"test_type": "pong", "targets": ADDRESS},
            "test_type",
            f"pong is an invalid/unsupported test type. {TYPES}; did you mean 'ping'?",
        ),
        ({"test_type": "http", "targets": ADDRESS}, "test_type", "Test type currently not supported; use ping or tcp"),
        ({"test_type": "udp", "targets": ADDRESS}, "test_type", "Test type currently not supported; use ping or tcp"),
        ({"test_type": "ping"}, "targets", "no targets specified"),
        ({"test_type": "ping", "targets": "192.0.2.1"}, "targets", "wrong type for key: targets"),
        ({"test_type": "ping", "targets": {"one": "192.0.2.1"}}, "targets.one", "wrong type for key: one"),
        ({"test_type": "ping", "targets": {"one": {}}}, "targets.one.target", "'one' does not have key 'target'"),
        ({"test_type": "tcp", "targets": ADDRESS}, "targets.one.port", "'one' does not have key 'port' which is"),
        (
            {"test_type": "tcp", "targets": {"one": {"target": "192.0.2.1", "port": 65536}}},
            "targets.one.port",
            "65536 is not between 1 and 65535",
        ),
        (
            {"test_type": "ping", "targets": {"one": {"target": "router"}}},
            "targets.one.target",
            "router is an invalid/unsupported DNS; a target is an address, localhost, or a name with a dot in it",
        ),
        (
            {"test_type": "ping", "targets": {"one": {"target": "192.0.2.1", "ip_version": 5}}},
            "targets.one.ip_version",
            "ip_version must be 4 or 6",
        ),
        (
            {"test_type": "ping", "targets": {"one": {"target": "192.0.2.1", "ip_version": 6}}},
            "targets.one.target",
            "target 192.0.2.1 is IPv4 but ip_version is set to 6",
        ),
        (
            {"test_type": "ping", "targets": ADDRESS, "timeout_msec": 6000},
            "timeout_msec",
            "timeout_msec [6000] cannot be greater than interval_msec [5000]",
        ),
        (
            {"test_type": "ping", "targets": ADDRESS, "interval_msec": 1000},
            "interval_msec",
            "timeout_msec [2000] cannot be greater than interval_msec [1000]",
        ),
        ({"test_type": "ping", "targets": ADDRESS, "interval_msec": 0}, "interval_msec", "0 is not between 1 and"),
        (
            {"test_type": "ping", "targets": ADDRESS, "packets_per_test": 0},
            "packets_per_test",
            "packets_per_test needs to be greater than 0",
        ),
        (
            {"test_type": "ping", "targets": ADDRESS, "packets_per_test": 201},
            "packets_per_test",
            "packets_per_test [201] times packets_interval_msec [25] cannot be greater than packets_interval_msec",
        ),
        (
            {"test_type": "ping", "targets": ADDRESS, "packets_per_test": 65537, "packets_interval_msec": 0},
            "packets_per_test",
            "1 targets times 65537 packets_per_test is more than 65536",
        ),
        (
            {"test_type": "ping", "targets": ADDRESS, "packet_payload_size": 65501},
            "packet_payload_size",
            "packet_payload_size was set to 65501 but max supported size is 65500",
        ),
        (
            {"test_type": "ping", "targets": {f"t{number}": {"target": "192.0.2.1"} for number in range(1001)}},
            "targets",
            "an input has at most 1000 targets, not 1001",
        ),
        ({"test_type": "ping", "targets": ADDRESS, "interval": 5}, "interval", "interval is an invalid/unsupported"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(config: dict[str, Any], path: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        NetprobeInput(config, Defaults())
    assert refused.value.path == path
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    "target",
    ["https://www.example.com/", "192.0.2.1:80", "192.0.2.0/24", "10.0.0.300", "1.5", ".nan", "a..b", "a b.c", "a.b\n"],
)
def test_what_can_be_no_name_is_refused_before_a_resolver_is_asked(target: str) -> None:
    with pytest.raises(ConfigError, match="is an invalid/unsupported DNS; a target is"):
        NetprobeInput({"test_type": "ping", "targets": {"a": {"target": target}}}, Defaults())


@pytest.mark.parametrize(
    "config",
    [
        {"test_type": "ping", "targets": {"a": {"target": "_edge.xn--bcher-kva.example."}, "b": {"target": "4.ü.de"}}},
        {"test_type": "ping", "targets": {"a": {"target": "2001:db8::1", "ip_version": 6, "more": 1}}},
        {"test_type": "ping", "targets": {"a": {"target": "localhost"}, "b": {"target": "fe80::1%lo"}}},
        {"test_type": "ping", "targets": ADDRESS, "packets_per_test": 200, "packet_payload_size": 65500},
        {"test_type": "tcp", "targets": WITH_PORT, "interval_msec": 10, "timeout_msec": 10, "packets_interval_msec": 1},
    ],
)
def test_what_makes_sense_is_taken(config: dict[str, Any]) -> None:
    assert NetprobeInput(config, Defaults()).describe()["current_targets_total"] == len(config["targets"])


def test_connections_are_counted_for_each_target_by_itself() -> None:
    with listener() as port:
        targets = {
            "open": {"target": "127.0.0.1", "port": port},
            "closed": {"target": "127.0.0.1", "port": closed_port()},
            "by name": {"target": "localhost", "port": port, "ip_version": 4},
            "other": {"target": NOT_FOUND, "port": port},
        }
        with probing("tcp", targets) as running:
            eventually(lambda: all(running.ledger[f"probes.{end}"] >= 4 for end in ("answered", "failed", "not_sent")))
            assert running.source.describe() == {"current_targets_total": 4}
            running.source.stop()
            found, ledger = running.targets(), running.ledger
    assert set(found) == set(targets), "also one that is called as the group of all others would be"
    for name in ("open", "by name"):
        told = found[name]
        assert told["attempts"] >= told["successes"] + told["packets_timeout"] > 0
        assert (told["connect_failures"], told["dns_lookup_failures"]) == (0, 0)
        assert 0 < told["response_min_us"] <= told["response_max_us"]
    assert found["closed"]["connect_failures"] == found["closed"]["attempts"] > 0
    assert "response_min_us" not in found["closed"], "there is no response"
    assert found["other"]["dns_lookup_failures"] > 0
    assert found["other"]["attempts"] == 0
    assert ledger["seen"] == ledger["decoded"] + ledger["filtered"]
    attempts = sum(one["attempts"] for one in found.values())
    assert attempts == ledger["probes.sent"]
    ends = sum(ledger[f"probes.{end}"] for end in ("answered", "unanswered", "failed"))
    assert 0 <= attempts - ends <= 2 * len(targets), "but for those on their way"


def test_targets_of_ipv6_are_connected_to() -> None:
    if not has_ipv6():
        pytest.skip("no IPv6 here")
    with listener("::1") as port, probing("tcp", {"six": {"target": "::1", "port": port}}) as running:
        eventually(lambda: running.ledger["probes.answered"] >= 2)


def test_a_policy_that_comes_later_counts_what_becomes_of_probes_from_then_on() -> None:
    with listener() as port, probing("tcp", {"one": {"target": "127.0.0.1", "port": port}}) as running:
        eventually(lambda: running.ledger["probes.answered"] >= 2)
        late = Policy("late", [Instance("late", Netprobe(HandlerSettings(input_type="netprobe")), "tap")])
        running.source.attach(late.core)
        eventually(lambda: bool(late.bucket(0, time.time_ns())[0].samples))
        running.source.detach(late.core)
        assert running.source.is_running
        assert running.source.fault is None


def test_metrics_that_policies_declare_count_probes() -> None:
    metrics = {"why": {"top_n": "probe.error"}, "ends": {"top_n": "probe.event", "by": "probe.target"}}
    settings = HandlerSettings(metrics=metrics, input_type="netprobe")
    policy = Policy("p", [Instance("p", Custom(settings), "tap")])
    with probing("tcp", {"closed": {"target": "127.0.0.1", "port": closed_port()}}) as running:
        running.source.attach(policy.core)
        eventually(lambda: len(str(policy.bucket(0, time.time_ns())[0].samples).split("TopEntry")) >= 4)
    document: Any = flat_document(policy.bucket(0, time.time_ns()))["custom"]
    assert [entry["name"] for entry in document["why"]] == ["Connection refused"]
    assert {entry["name"] for entry in document["probe_target"]["closed"]["ends"]} == {"sent", "failed"}


def test_windows_end_with_the_clock_while_nothing_is_probed() -> None:
    target: Value = {"target": "127.0.0.1", "port": 7}
    source = NetprobeInput({"test_type": "tcp", "targets": {"one": target}, "interval_msec": 86_400_000}, Defaults())
    policy = Policy("p", [Instance("p", Netprobe(HandlerSettings(input_type="netprobe")), "tap")], length_s=1)
    source.start([policy.core])
    try:
        eventually(lambda: policy.core.available() >= 3)
    finally:
        source.stop()
    assert source.describe() == {"current_targets_total": 1}


def test_an_input_without_targets_is_taken_and_tells_that_it_probes_nothing() -> None:
    source = NetprobeInput({"test_type": "ping", "targets": {}}, Defaults())
    assert source.describe()["current_targets_total"] == 0
    [warning] = source.warnings
    assert warning.startswith("targets: there is none, so nothing is probed; a target is ")


def test_keys_of_targets_that_nobody_reads_are_told() -> None:
    target: Value = {"target": "127.0.0.1", "ip_verison": 6}
    source = NetprobeInput({"test_type": "ping", "targets": {"one": target}}, Defaults())
    assert source.warnings == [
        "targets.one.ip_verison: there is no such key, it has no effect; did you mean 'ip_version'?"
    ]
