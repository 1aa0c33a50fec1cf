from __future__ import annotations

from typing import Any

import pytest

from pktvisor.errors import ConfigError
from pktvisor.handlers import handler
from pktvisor.handlers.base import Handler, HandlerSettings
from pktvisor.metrics.expressions import ALWAYS

DNS_GROUPS = {"cardinality", "counters", "quantiles", "dns_transaction", "top_qnames", "top_ports"}
KINDS = [("net", "1.0"), ("net", "2.0"), ("dns", "1.0"), ("dns", "2.0"), ("dhcp", "1.0"), ("pcap", "1.0")]


def make(type_name: str, version: str = "1.0", **settings: Any) -> Handler:
    return handler(type_name, version)(HandlerSettings(**settings))


@pytest.mark.parametrize(("type_name", "version"), KINDS)
def test_without_settings_everything_is_an_event_and_nothing_is_filtered(type_name: str, version: str) -> None:
    made = make(type_name, version)
    assert made.select() is ALWAYS
    assert made.keep() is ALWAYS


@pytest.mark.parametrize(("type_name", "version"), KINDS)
def test_an_unknown_key_is_named_with_those_that_would_do(type_name: str, version: str) -> None:
    with pytest.raises(ConfigError, match=r"^no_such_key is an invalid/unsupported config or filter") as caught:
        make(type_name, version, options={"no_such_key": 1})
    valid = [*handler(type_name, version).options]
    windows = ["deep_sample_rate", "num_periods", "topn_count", "topn_percentile_threshold"]
    assert f"The valid configs/filters are: {', '.join(valid + windows)}" in str(caught.value)


@pytest.mark.parametrize(("type_name", "version"), KINDS[:4])
def test_an_unknown_group_is_named_with_those_that_would_do(type_name: str, version: str) -> None:
    valid = ", ".join(["all", *sorted(handler(type_name, version).groups)])
    for switch in ("enable", "disable"):
        with pytest.raises(ConfigError, match=r"^top_secret is an invalid/unsupported metric group") as caught:
            make(type_name, version, **{switch: ["top_secret"]})
        assert f"The valid groups are: {valid}" in str(caught.value)


@pytest.mark.parametrize("type_name", ["dhcp", "pcap"])
def test_a_handler_without_groups_takes_any_and_shows_everything(type_name: str) -> None:
    made = make(type_name, disable=["all"], enable=["anything"])
    assert not made.is_silent
    assert all(made.is_shown(metric) for metric in made.metrics().values())


@pytest.mark.parametrize(
    ("disable", "enable", "enabled"),
    [
        ([], [], DNS_GROUPS),
        (["counters"], [], DNS_GROUPS - {"counters"}),
        ([], ["top_ecs"], DNS_GROUPS | {"top_ecs"}),
        (["counters"], ["counters"], DNS_GROUPS),
        (["all"], [], set()),
        (["all"], ["top_ports"], {"top_ports"}),
        ([], ["all"], DNS_GROUPS | {"top_ecs", "histograms", "top_qnames_details"}),
    ],
)
def test_groups_are_first_disabled_then_enabled(disable: list[str], enable: list[str], enabled: set[str]) -> None:
    made = make("dns", disable=disable, enable=enable)
    assert made.enabled == enabled
    assert made.is_silent == (not enabled)


def test_all_ends_its_list() -> None:
    assert make("dns", disable=["all", "no such group"]).is_silent
    assert "top_ecs" in make("dns", enable=["all", "no such group"]).enabled


@pytest.mark.parametrize(
    ("options", "ttl_ms"),
    [
        ({}, 5_000),
        ({"xact_ttl_secs": 2}, 2_000),
        ({"xact_ttl_ms": 300}, 300),
        ({"xact_ttl_secs": 2, "xact_ttl_ms": 300}, 300),
    ],
)
@pytest.mark.parametrize(("type_name", "version"), [("dns", "1.0"), ("dns", "2.0"), ("dhcp", "1.0")])
def test_milliseconds_of_the_time_to_live_win_over_seconds(
    type_name: str, version: str, options: dict[str, int], ttl_ms: int
) -> None:
    assert make(type_name, version, options=options).xact_ttl_ms == ttl_ms


@pytest.mark.parametrize("key", ["xact_ttl_ms", "xact_ttl_secs"])
@pytest.mark.parametrize("value", ["soon", True, ["5"]])
def test_a_time_to_live_must_be_a_number(key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"wrong type for key: {key}"):
        make("dns", options={key: value}).exchanges()


@pytest.mark.parametrize("value", [True, False, "no"])
def test_a_stream_is_recorded_where_the_key_is_there_whatever_it_says(value: object) -> None:
    assert make("net", options={"recorded_stream": value}).is_recorded
    assert not make("net").is_recorded
