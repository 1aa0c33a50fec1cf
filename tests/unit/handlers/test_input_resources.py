"""What an input itself takes, as the peer names it."""

from __future__ import annotations

from pktvisor import clock
from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.input_resources import InputResources
from pktvisor.metrics.snapshot import HandlerSnapshot, QuantileValues
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from pktvisor.policies.summary import run_file
from support.captures import FOLDER
from support.live import eventually, mock_input

PROMETHEUS_NAMES = {
    "resources_cpu_usage",
    "resources_memory_bytes",
    "resources_policy_count",
    "resources_handler_count",
    "base_total",
    "base_deep_samples",
    "base_event_rate",
}


def policy() -> Policy:
    return Policy("tap-resources", [Instance("resources", InputResources(HandlerSettings()))])


def values(snapshot: HandlerSnapshot) -> dict[str, object]:
    return {sample.name: sample.value for sample in snapshot.samples}


def measured(policy: Policy) -> dict[str, object]:
    (snapshot,) = policy.bucket(0, clock.now_ns())
    return values(snapshot)


def test_metrics_have_the_names_that_dashboards_know() -> None:
    resources = policy()
    with mock_input(resources):
        eventually(lambda: bool(resources.core.available()))
        assert set(measured(resources)) == PROMETHEUS_NAMES


def test_the_first_packet_is_measured_and_changes_of_policies_are_events() -> None:
    resources = policy()
    with mock_input(resources) as capture:
        capture.note_policies(1, 1)
        capture.note_policies(3, 8)
        eventually(lambda: bool(resources.core.available()) and measured(resources)["base_total"] == 3)
        now = measured(resources)
    assert (now["resources_policy_count"], now["resources_handler_count"], now["base_deep_samples"]) == (3, 8, 3)
    memory, cpu = now["resources_memory_bytes"], now["resources_cpu_usage"]
    assert isinstance(memory, QuantileValues)
    assert isinstance(cpu, QuantileValues)
    assert memory.count == cpu.count == 1
    assert memory.maximum > 5_000_000, "a Python interpreter is larger"
    assert 0 <= cpu.maximum <= 100


def test_a_capture_file_measures_nothing() -> None:
    resources = policy()
    run_file(str(FOLDER / "dns_authoritative.pcap"), resources)
    now = measured(resources)
    assert now["base_total"] == 0
    assert isinstance(now["resources_cpu_usage"], QuantileValues)
    assert now["resources_cpu_usage"].values == ()


def test_options_are_not_checked() -> None:
    assert InputResources(HandlerSettings(options={"no_such_option": 1, "recorded_stream": True})).settings.options == {
        "recorded_stream": True
    }
