"""Names of exporters and interfaces, over what three of them tell (see tests/lab/flow_devices.py)."""

from __future__ import annotations

from typing import Any

import pytest

from pktvisor.errors import ConfigError
from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.flow import Flow
from support.captures import FOLDER
from support.measuring import Measured, Source, Wanted, measure

CORE = {"name": "core", "interfaces": {"1": {"name": "uplink"}, "3": {"name": "lab", "description": "never shown"}}}
EDGE = {"name": "edge", "description": "never shown", "interfaces": {}}


def measured(*, enable: tuple[str, ...] = (), periods: int = 1, **options: Any) -> Measured:
    source = Source(FOLDER / "flow_devices.pcap", reads_flows=True)
    return measure(source, [Wanted("it", "flow", settings=HandlerSettings(options, enable))], periods=periods)


def devices(**told: Any) -> dict[str, Any]:
    found: dict[str, Any] = measured(**told).document()["it"]["flow"]["devices"]
    return found


def test_names_stand_in_keys_where_there_are_any() -> None:
    found = devices(device_map={"192.0.2.1": CORE, "192.0.2.2": EDGE, "198.51.100.1": EDGE})
    assert set(found) == {"core", "edge", "192.0.2.3"}
    assert set(found["core"]["interfaces"]) == {"uplink", "2", "lab"}
    assert set(found["edge"]["interfaces"]) == {"0", "1", "2"}


def test_names_stand_in_labels() -> None:
    text = measured(device_map={"192.0.2.1": CORE}).prometheus()
    assert 'device="core",device_interface="core|uplink"' in text
    assert 'device="192.0.2.2",device_interface="192.0.2.2|1"' in text


def test_lists_of_interfaces_name_those_of_their_own_device() -> None:
    found = devices(enable=("top_interfaces",), device_map={"192.0.2.1": CORE})
    names = {device: {entry["name"] for entry in of["top_in_interfaces_bytes"]} for device, of in found.items()}
    assert names == {"core": {"uplink", "2", "lab"}, "192.0.2.2": {"1"}, "192.0.2.3": {"1", "2", "3"}}


@pytest.mark.parametrize(
    ("filters", "incoming", "outgoing"),
    [
        ({"only_directions": ["in"]}, {"1", "2", "3"}, set()),
        ({"only_directions": ["out"]}, set(), {"1", "2", "3"}),
        ({"only_device_interfaces": {"192.0.2.1": ["2-3"]}}, {"2", "3"}, {"2", "3"}),
        ({"only_device_interfaces": {"192.0.2.1": ["1"]}, "only_directions": ["in"]}, {"1"}, set()),
    ],
)
def test_lists_of_interfaces_have_none_that_a_filter_takes(
    filters: dict[str, Any], incoming: set[str], outgoing: set[str]
) -> None:
    found = devices(enable=("top_interfaces",), **filters)["192.0.2.1"]
    for direction, names in (("in", incoming), ("out", outgoing)):
        assert {entry["name"] for entry in found[f"top_{direction}_interfaces_bytes"]} == names
        assert {entry["name"] for entry in found[f"top_{direction}_interfaces_packets"]} == names


def test_devices_of_one_name_are_counted_together() -> None:
    apart = devices()
    one, other = apart["192.0.2.1"], apart["192.0.2.2"]
    same = {"name": "pair", "interfaces": {}}
    pair = devices(device_map={"192.0.2.1": same, "192.0.2.2": same})["pair"]
    assert pair["records_flows"] == one["records_flows"] + other["records_flows"]
    first, second = (device["interfaces"]["1"] for device in (one, other))
    assert pair["interfaces"]["1"]["in_bytes"] == first["in_bytes"] + second["in_bytes"]
    ips = {entry["name"]: entry["estimate"] for entry in pair["interfaces"]["1"]["top_in_src_ips_packets"]}
    assert ips["10.4.1.1"] == 200 + 200, "of both devices, in one entry"


def test_interfaces_of_one_name_are_counted_together() -> None:
    bundle = {"name": "core", "interfaces": {"1": {"name": "bundle"}, "2": {"name": "bundle"}}}
    core = devices(enable=("top_interfaces",), device_map={"192.0.2.1": bundle})["core"]
    assert set(core["interfaces"]) == {"bundle", "3"}
    assert [(entry["name"], entry["estimate"]) for entry in core["top_in_interfaces_packets"]] == [
        ("bundle", 400),
        ("3", 100),
    ]


def test_a_series_is_there_once_whatever_has_one_name() -> None:
    same = {"name": "pair", "interfaces": {"1": {"name": "a"}, "2": {"name": "a"}}}
    text = measured(enable=("all",), device_map={"192.0.2.1": same, "192.0.2.2": same}).prometheus()
    series = [line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")]
    assert len(series) == len(set(series))


def test_without_enrichment_the_names_are_not_used() -> None:
    assert devices(device_map={"192.0.2.1": CORE}, enrichment=False) == devices()


def test_windows_that_are_merged_show_addresses() -> None:
    merged = measured(device_map={"192.0.2.1": CORE}, periods=2).document()["it"]["flow"]["devices"]
    assert "192.0.2.1" in merged


def test_names_may_look_like_numbers_and_like_the_rest() -> None:
    numbers = {"name": 7, "interfaces": {"1": {"name": 10}}}
    assert set(devices(device_map={"::ffff:192.0.2.1": numbers})["7"]["interfaces"]) == {"10", "2", "3"}
    assert '"other"' in devices(device_map={"192.0.2.1": {"name": "other", "interfaces": {}}})


@pytest.mark.parametrize(
    ("device_map", "sentence", "path"),
    [
        (
            {"router": CORE},
            "FlowHandler: 'device_map' config has an invalid device IP: router",
            "device_map",
        ),
        (
            {"192.0.2.1": {"interfaces": {}}},
            "with device IP 192.0.2.1 does not have 'name' key",
            "device_map.192.0.2.1",
        ),
        ({"192.0.2.1": "core"}, "with device IP 192.0.2.1 does not have 'name' key", "device_map.192.0.2.1"),
        (
            {"192.0.2.1": {"name": "core"}},
            "with device IP 192.0.2.1 does not have 'interfaces' key",
            "device_map.192.0.2.1",
        ),
        (
            {"192.0.2.1": {"name": "core", "interfaces": {"1": {"description": "x"}}}},
            "interface 1 does not have 'name' key",
            "device_map.192.0.2.1.interfaces.1",
        ),
        (
            {"192.0.2.1": {"name": "core", "interfaces": {"eth0": {"name": "x"}}}},
            "has an invalid interface: eth0",
            "device_map.192.0.2.1.interfaces.eth0",
        ),
        ("core", "wrong type for key: device_map", "device_map"),
    ],
)
def test_what_cannot_be_meant_is_refused(device_map: Any, sentence: str, path: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Flow(HandlerSettings({"device_map": device_map}))
    assert sentence in str(refused.value)
    assert refused.value.path == path
