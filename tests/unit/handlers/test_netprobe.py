"""The handler netprobe, over connections on the loopback interface: what becomes of them says what is counted."""

from __future__ import annotations

from typing import Any

import pytest

from pktvisor.errors import ConfigError
from pktvisor.handlers import handlers
from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.netprobe import Netprobe
from pktvisor.metrics.breakdown import OTHER
from pktvisor.policies.records import bucket_records
from pktvisor.windows.merging import merge
from pktvisor.windows.reading import snapshots
from support.live import eventually
from support.probing import Probing, deaf_port, listener, probing

COUNTERS = {"attempts", "successes", "packets_timeout", "dns_lookup_failures", "connect_failures"}
EXTREMES = {"response_min_us", "response_max_us"}
QUALITY = {"packets_late", "packets_lost", "jitter_us"}


def counted(running: Probing, answers: int = 3) -> dict[str, Any]:
    """What is shown of the one target once there are so many answers."""
    eventually(lambda: running.ledger["probes.answered"] >= answers)
    running.source.stop()
    (found,) = running.targets().values()
    assert isinstance(found, dict)
    return found


def test_it_is_there_by_type_and_version() -> None:
    assert handlers()["netprobe", "1.0"] is Netprobe


@pytest.mark.parametrize(
    ("enable", "disable", "shown"),
    [
        ((), (), COUNTERS | EXTREMES | QUALITY | {"response_histogram_us"}),
        (("quantiles",), ("histograms", "quality"), COUNTERS | EXTREMES | {"response_quantiles_us"}),
        ((), ("histograms", "quality"), COUNTERS),
        ((), ("counters", "quality"), {"response_histogram_us"}),
        (("quantiles",), ("all",), {"response_quantiles_us"}),
    ],
)
def test_metric_groups_switch_metrics(enable: tuple[str, ...], disable: tuple[str, ...], shown: set[str]) -> None:
    with (
        listener() as port,
        probing("tcp", {"one": {"target": "127.0.0.1", "port": port}}, enable=enable, disable=disable) as running,
    ):
        assert set(counted(running)) == shown


def test_responses_are_told_as_extremes_histogram_and_quantiles_of_the_same_values() -> None:
    with (
        listener() as port,
        probing("tcp", {"one": {"target": "127.0.0.1", "port": port}}, enable=["quantiles"]) as running,
    ):
        told = counted(running, answers=5)
        text = running.prometheus()
    assert told["response_histogram_us"]["buckets"]["+Inf"] == told["successes"]
    assert told["response_min_us"] <= told["response_quantiles_us"]["p50"] <= told["response_max_us"]
    assert told["response_quantiles_us"]["p99"] == told["response_max_us"]
    assert told["jitter_us"]["p99"] <= told["response_max_us"] - told["response_min_us"]
    assert 'netprobe_response_min_us{handler="probes",policy="probes",tap="tap",target="one"} ' in text
    assert "# TYPE netprobe_response_max_us gauge" in text


def test_windows_as_records_tell_the_same() -> None:
    with listener() as port, probing("tcp", {"one": {"target": "127.0.0.1", "port": port}}) as running:
        counted(running)
        records = bucket_records(running.policy, 0, agent="a", now_ns=0)
        read = {sample.name: sample.value for one in snapshots(records) for sample in one.samples}
        (shown,) = running.policy.bucket(0, 0)
    assert read == {sample.name: sample.value for sample in shown.samples}
    extremes = ("netprobe_response_min_us", "netprobe_response_max_us")
    assert set(extremes) <= read.keys()
    for told in (records, merge(records).records):
        values = {record.family: (record.value, record.relative_error) for record in told}
        assert {name: values[name] for name in extremes} == {name: (read[name], None) for name in extremes}


def test_without_events_there_are_no_targets() -> None:
    with probing("ping", {}) as running:
        assert running.targets() == {}


def test_a_target_may_be_called_as_the_group_of_others_is() -> None:
    with listener() as port, probing("tcp", {OTHER: {"target": "127.0.0.1", "port": port}}) as running:
        counted(running)
        assert set(running.targets()) == {OTHER}


def test_connections_that_nobody_answers_time_out_and_are_lost_when_the_next_is_due() -> None:
    with deaf_port() as port, probing("tcp", {"deaf": {"target": "127.0.0.1", "port": port}}) as running:
        eventually(lambda: running.ledger["probes.unanswered"] >= 4)
        running.source.stop()
        told = running.targets()["deaf"]
    assert told["successes"] == 0
    assert 0 <= told["attempts"] - told["packets_timeout"] <= 2
    assert 0 <= told["packets_timeout"] - told["packets_lost"] <= 2
    assert running.ledger["probes.unanswered"] == told["packets_timeout"]


@pytest.mark.parametrize("option", [{"xact_ttl_ms": 50_000}, {"xact_ttl_secs": 50}])
def test_a_time_of_its_own_may_be_longer_than_that_of_the_input(option: dict[str, int]) -> None:
    with (
        deaf_port() as port,
        probing("tcp", {"deaf": {"target": "127.0.0.1", "port": port}}, handler=option) as running,
    ):
        eventually(lambda: running.ledger["probes.unanswered"] >= 4)
        running.source.stop()
        told = running.targets()["deaf"]
    assert told["packets_timeout"] == told["packets_lost"], "that it is over is known when the probe is lost"


def test_no_time_at_all_is_refused() -> None:
    with pytest.raises(ConfigError, match="xact_ttl_ms or xact_ttl_secs must be at least 1"):
        Netprobe(HandlerSettings({"xact_ttl_ms": 0}, input_type="netprobe"))


def test_what_is_no_option_or_group_is_refused() -> None:
    with pytest.raises(ConfigError, match="only_targets is an invalid/unsupported config or filter"):
        Netprobe(HandlerSettings({"only_targets": 1}))
    with pytest.raises(ConfigError, match="The valid groups are: all, counters, histograms, quality, quantiles"):
        Netprobe(HandlerSettings(enable=["top"]))
