from __future__ import annotations

from typing import Any

import pytest

from pktvisor.errors import ConfigError
from pktvisor.handlers import handler
from pktvisor.handlers.base import Handler, HandlerSettings

VERSIONS = ["1.0", "2.0"]


def net(version: str = "1.0", **options: Any) -> Handler:
    return handler("net", version)(HandlerSettings(options=options))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_number_of_a_network_must_be_digits(version: str) -> None:
    with pytest.raises(ConfigError, match=r"only_asn_number filter contained an invalid/unsupported value: AS64500"):
        net(version, only_asn_number=["1221", "AS64500"]).keep()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("key", ["only_geoloc_prefix", "only_asn_number"])
def test_a_filter_that_names_nothing_is_refused(version: str, key: str) -> None:
    nothing: list[str] = []
    with pytest.raises(ConfigError, match=f"{key} is an empty list, which fits nothing: name at least one"):
        net(version, **{key: nothing}).keep()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("key", ["only_geoloc_prefix", "only_asn_number"])
@pytest.mark.parametrize("value", ["EU", 64500, True])
def test_a_list_must_be_a_list(version: str, key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"wrong type for key: {key}"):
        net(version, **{key: value}).keep()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("key", ["geoloc_notfound", "asn_notfound"])
@pytest.mark.parametrize("value", ["yes", 1, ["true"]])
def test_a_switch_must_be_true_or_false(version: str, key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"wrong type for key: {key}"):
        net(version, **{key: value}).keep()


@pytest.mark.parametrize("key", ["geoloc_notfound", "asn_notfound"])
def test_a_switch_that_is_off_filters_nothing(key: str) -> None:
    off: dict[str, Any] = {key: False}
    assert net(**off).keep() is net().keep()


@pytest.mark.parametrize("number", ["4294967296", "-1", "", "²"])
def test_a_number_that_no_network_has_is_refused(number: str) -> None:
    with pytest.raises(ConfigError, match=f"only_asn_number filter contained an invalid/unsupported value: {number}"):
        net(only_asn_number=[number]).keep()


@pytest.mark.parametrize("number", ["64500", "0064500"])
def test_a_network_is_asked_for_by_its_whole_number_with_or_without_an_organization(number: str) -> None:
    condition = str(net(only_asn_number=[number]).keep().json)
    assert "['64500/']" in condition
    assert "['64500']" in condition


def test_both_versions_know_the_same_options() -> None:
    assert handler("net", "1.0").options == handler("net", "2.0").options
