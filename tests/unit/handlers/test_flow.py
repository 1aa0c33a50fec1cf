from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pktvisor.errors import ConfigError
from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.flow import Flow
from pktvisor.handlers.flow_metrics import DEVICE, INTERFACE
from support.captures import FOLDER
from support.measuring import Source, Wanted, measure

CAPTURE = FOLDER / "flow_netflow5.pcap"
EXPORTER = "10.9.0.1"


def device(*, workers: int = 1, path: Path = CAPTURE, **options: Any) -> dict[str, Any]:
    source = Source(path, reads_flows=True, workers=workers)
    measured = measure(source, [Wanted("it", "flow", settings=HandlerSettings(options=options))])
    found: dict[str, Any] = measured.document()["it"]["flow"]["devices"][EXPORTER]
    return found


def test_a_group_is_named_by_levels_in_json_and_by_joined_labels() -> None:
    name = INTERFACE.name(["192.0.2.1", 3])
    assert name.path == ("devices", "192.0.2.1", "interfaces", "3")
    assert name.labels == (("device", "192.0.2.1"), ("device_interface", "192.0.2.1|3"))
    assert DEVICE.name(None).path == ("devices", "other")


def test_workers_together_count_what_one_counts() -> None:
    assert device(workers=2) == device()


@pytest.mark.parametrize(
    ("options", "records"),
    [
        ({}, 98),
        ({"only_ips": ["10.9.0.0/16", "2001:db8::/32"]}, 98),
        ({"only_ips": ["198.51.100.0/24"]}, 0),
        ({"only_ports": ["0-65535"]}, 98),
        ({"only_directions": []}, 0),
        ({"only_directions": ["in", "out"]}, 98),
        ({"only_device_interfaces": {EXPORTER: ["*"]}}, 98),
        ({"only_device_interfaces": {EXPORTER: ["1-9"]}}, 0),
        ({"only_device_interfaces": {"192.0.2.1": ["*"]}}, 0),
    ],
)
def test_filters_keep_records_or_count_them_as_filtered(options: dict[str, Any], records: int) -> None:
    found = device(**options)
    assert (found["records_flows"], found["records_filtered"]) == (records, 98 - records)


def test_a_direction_that_is_filtered_away_shows_zeros_and_no_items() -> None:
    interface = device(only_directions=["in"])["interfaces"]["0"]
    assert (interface["in_packets"], interface["out_packets"]) == (200, 0)
    assert interface["top_in_dst_ips_bytes"]
    assert interface["top_out_dst_ips_bytes"] == []


DEVICES = FOLDER / "flow_devices.pcap"
SAMPLES, FLOWS = "192.0.2.1", "192.0.2.3"
"""An agent that samples one packet in 100, and an exporter of NetFlow 5 that samples one in 10."""


@pytest.mark.parametrize(
    ("options", "samples", "flows"),
    [
        ({}, (300, 2 * 1058 * 100 + 258 * 100), (30, 36_000)),
        ({"sample_rate_scaling": False}, (2 + 1, 2 * 1058 + 258), (30, 36_000)),
        ({"sample_rate_scaling": True}, (300, 2 * 1058 * 100 + 258 * 100), (300, 360_000)),
    ],
)
def test_sampled_traffic_is_scaled_as_told(
    options: dict[str, Any], samples: tuple[int, int], flows: tuple[int, int]
) -> None:
    source = Source(DEVICES, reads_flows=True)
    found = measure(source, [Wanted("it", "flow", settings=HandlerSettings(options=options))]).document()["it"]["flow"]

    def incoming(device: str) -> tuple[int, int]:
        interface = found["devices"][device]["interfaces"]["1"]
        return interface["in_packets"], interface["in_bytes"]

    assert (incoming(SAMPLES), incoming(FLOWS)) == (samples, flows)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"only_ips": []}, "only_ips is an empty list, which fits nothing: name at least one"),
        ({"only_ports": []}, "only_ports is an empty list, which fits nothing: name at least one"),
        (
            {"only_device_interfaces": {"192.0.2.0/24": ["1"]}},
            "has an invalid device IP: 192.0.2.0/24; a device is known",
        ),
        ({"only_device_interfaces": {EXPORTER: "1"}}, f"wrong type for key: {EXPORTER}; it needs a list"),
        ({"only_ips": ["10.9.0.0.1"]}, "invalid CIDR: 10.9.0.0.1"),
        (
            {"only_ports": ["http"]},
            "FlowHandler: invalid 'only_ports' filter value: http; it needs a number or a range",
        ),
        ({"only_ports": ["1-70000"]}, "70000 is larger than 65535"),
        (
            {"only_directions": ["up"]},
            "filter contained an invalid/unsupported direction: up; a direction is in or out",
        ),
        (
            {"only_device_interfaces": {"router": ["1"]}},
            "FlowHandler: 'only_device_interfaces' filter has an invalid device IP: router",
        ),
        ({"sample_rate_scaling": "maybe"}, "wrong type for key: sample_rate_scaling"),
        ({"first_filter_if_as_label": True}, "first_filter_if_as_label is an invalid/unsupported config or filter"),
    ],
)
def test_what_cannot_be_meant_is_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Flow(HandlerSettings(options=options)).keep()
    assert sentence in str(refused.value)
