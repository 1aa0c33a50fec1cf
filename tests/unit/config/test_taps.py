"""Taps, and everything that can be wrong with one."""

from __future__ import annotations

import pytest

from pktvisor.config.models import TapConfig
from pktvisor.config.schema import check, load_config, load_one_tap
from pktvisor.errors import ConfigError, ConflictError


def taps_text(taps: str) -> str:
    return f"visor: {{taps: {taps}}}"


def test_a_tap_has_a_type_a_configuration_and_tags() -> None:
    text = "{anycast: {input_type: pcap, config: {iface: eth0, port: '1'}, tags: {virtual: true, vhost: 1}, x: y}}"
    assert load_one_tap(taps_text(text)) == TapConfig(
        "anycast", "pcap", {"iface": "eth0", "port": 1}, {"virtual": True, "vhost": 1}
    )


def test_taps_keep_their_order() -> None:
    config = load_config(taps_text("{b: {input_type: mock}, a: {input_type: mock}}"))
    assert [tap.name for tap in config.taps] == ["b", "a"]
    assert config.taps[0] == TapConfig("b", "mock")


@pytest.mark.parametrize(
    ("taps", "path", "sentence"),
    [
        ("{[a]: {}}", "taps", "expecting tap identifier"),
        ("{~: {}}", "taps", "expecting tap identifier"),
        ("{a: pcap}", "taps.a", "expecting tap configuration map"),
        ("{a: }", "taps.a", "expecting tap configuration map"),
        ("{a: {}}", "taps.a.input_type", "missing or invalid tap type key 'input_type'"),
        ("{a: {input_type: [pcap]}}", "taps.a.input_type", "missing or invalid tap type key 'input_type'; a list"),
        ("{a: {input_typ: pcap}}", "taps.a.input_type", "key 'input_type'; is 'input_typ' meant?"),
        ("{a: {input_type: pcap, config: eth0}}", "taps.a.config", "tap configuration is not a map"),
        ("{a: {input_type: pcap, config: }}", "taps.a.config", "tap configuration is not a map"),
        ("{a: {input_type: pcap, tags: [x]}}", "taps.a.tags", "tap tags is not a map"),
        ("{a: {input_type: pcap, tags: {x: [[]]}}}", "taps.a.tags.x", "invalid value for sequence in key: x"),
        ("{1a: {input_type: pcap}}", "taps.1a", "invalid module name: 1a"),
    ],
)
def test_what_is_wrong_with_a_tap_is_said_with_its_path(taps: str, path: str, sentence: str) -> None:
    for load in (load_one_tap, load_config):
        with pytest.raises(ConfigError) as caught:
            load(taps_text(taps))
        assert caught.value.path == path
        assert sentence in str(caught.value)
        assert str(caught.value).startswith("line 1, column ")


def test_a_name_is_given_once() -> None:
    text = taps_text("{a: {input_type: pcap}, a: {input_type: mock}}")
    with pytest.raises(ConflictError, match=r"^line 1, column 39: taps\.a: module name 'a' already exists"):
        load_config(text)


def test_all_taps_are_checked() -> None:
    errors = check(taps_text("{a: {config: 1, tags: 2}, b: 1, c: {input_type: pcap}}"))
    assert [error.path for error in errors] == ["taps.a.input_type", "taps.a.config", "taps.a.tags", "taps.b"]


def test_a_filter_is_ignored_with_a_warning() -> None:
    config = load_config(taps_text("{a: {input_type: pcap, filter: {bpf: udp}}}"), source="edge.yaml")
    assert config.taps == (TapConfig("a", "pcap"),)
    assert config.warnings == (
        "edge.yaml:1:38: taps.a.filter: a tap's filter is ignored; policies have filters (input.filter)",
    )


def test_a_key_that_is_misspelled_is_ignored_with_a_warning() -> None:
    config = load_config(taps_text("{a: {input_type: pcap, confg: {iface: x}, description: of it}}"))
    assert [warning.partition(": ")[2] for warning in config.warnings] == [
        "taps.a.confg: this key is ignored; did you mean 'config'?"
    ]
