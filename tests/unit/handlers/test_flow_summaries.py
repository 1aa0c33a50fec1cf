"""What stands for addresses and ports in lists, over what three exporters tell (see tests/lab/flow_devices.py)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pktvisor import _core
from pktvisor.config.services import read_services
from pktvisor.errors import ConfigError
from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.flow import Flow
from support.captures import FOLDER
from support.measuring import Source, Wanted, measure

GEO = Path(__file__).parents[2] / "fixtures" / "geo"
REGISTRY = """\
Service Name,Port Number,Transport Protocol,Description
domain,53,udp,Names
https,443,tcp,Web
,25,tcp,has no name
smtp,25,tcp,"Mail, of all kinds"
"""
BIG, SECOND = "4200000000/Big Number", "64501"
"""Networks that the database knows of 10.0.0.0/8, and of 198.51.100.0/24 without an organization; of 203.0.113.0/24 it
knows no number, of 2001:db8::/32 the number 64500."""


def interfaces(
    services: _core.Services | None = None, enable: tuple[str, ...] = (), *, geo_asn: Path | None = None, **options: Any
) -> dict[str, dict[str, Any]]:
    """What all interfaces show, by exporter and number."""
    source = Source(FOLDER / "flow_devices.pcap", reads_flows=True, geo_asn=geo_asn, services=services)
    settings = HandlerSettings(options, enable, names_services=services is not None)
    found = measure(source, [Wanted("it", "flow", settings=settings)]).document()["it"]["flow"]["devices"]
    return {f"{device}|{number}": shown for device, of in found.items() for number, shown in of["interfaces"].items()}


def names(shown: dict[str, dict[str, Any]], path: str) -> set[str]:
    """The texts of a list, of all interfaces."""
    return {entry["name"] for interface in shown.values() for entry in interface[path]}


def registry(folder: Path) -> _core.Services:
    path = folder / "services.csv"
    path.write_text(REGISTRY)
    return read_services(str(path))


def test_networks_stand_for_addresses_in_lists_of_addresses_endpoints_and_conversations() -> None:
    shown = interfaces(enable=("conversations",), subnets_for_summarization=["10.4.0.1/16", "198.51.100.0/24"])
    assert names(shown, "top_in_src_ips_bytes") == {"10.4.0.1/16", "198.51.100.0/24", "10.5.1.1", "2001:db8:1::1"}
    assert "10.4.0.1/16:40000" in names(shown, "top_in_src_ip_ports_bytes")
    assert "10.4.0.1/16:40000/198.51.100.0/24:443" in names(shown, "top_conversations_packets")


def test_what_one_text_stands_for_is_one_item_and_cardinalities_stay() -> None:
    plain = interfaces()["192.0.2.1|1"]
    summed = interfaces(subnets_for_summarization=["10.4.0.0/16"])["192.0.2.1|1"]
    assert len(plain["top_in_src_ips_packets"]) == 2
    assert summed["top_in_src_ips_packets"] == [{"name": "10.4.0.0/16", "estimate": 300}]
    assert summed["cardinality"] == plain["cardinality"]


def test_an_address_of_zeros_stands_for_every_network_of_its_length() -> None:
    shown = interfaces(subnets_for_summarization=["10.4.1.0/24", "0.0.0.0/16", "::/32"])
    assert names(shown, "top_in_src_ips_bytes") == {
        "10.4.1.0/24",
        "10.4.0.0/16",
        "10.5.0.0/16",
        "198.51.0.0/16",
        "2001:db8::/32",
    }


def test_excluded_addresses_stay_whatever_would_stand_for_them() -> None:
    shown = interfaces(
        geo_asn=GEO / "asn.mmdb",
        summarize_ips_by_asn=True,
        exclude_ips_from_summarization=["10.4.1.1/32", "2001:db8:1::/48"],
    )
    assert names(shown, "top_in_src_ips_bytes") == {"10.4.1.1", BIG, SECOND, "2001:db8:1::1"}


def test_autonomous_systems_stand_for_addresses_and_networks_for_what_is_left() -> None:
    by_network: dict[str, Any] = {"geo_asn": GEO / "asn.mmdb", "summarize_ips_by_asn": True}
    assert names(interfaces(**by_network), "top_in_src_ips_bytes") == {
        BIG,
        SECOND,
        "64500/Example Telegraph/Télégraphe",
    }
    assert "203.0.113.53" in names(interfaces(**by_network), "top_in_dst_ips_bytes"), "of a record without a number"
    excluded = interfaces(
        **by_network, exclude_asns_from_summarization=[4_200_000_000, "64501"], subnets_for_summarization=["10.0.0.0/8"]
    )
    assert names(excluded, "top_in_src_ips_bytes") == {
        "10.0.0.0/8",
        "198.51.100.8",
        "64500/Example Telegraph/Télégraphe",
    }


def test_unknown_stands_for_addresses_unless_it_is_excluded() -> None:
    by_network: dict[str, Any] = {"geo_asn": GEO / "isp.mmdb", "summarize_ips_by_asn": True}
    assert "Unknown" in names(interfaces(**by_network), "top_in_src_ips_bytes")
    known = interfaces(**by_network, exclude_unknown_asns_from_summarization=True)
    assert {"10.4.1.1", "2001:db8:1::1"} <= names(known, "top_in_src_ips_bytes")


def test_without_a_database_autonomous_systems_stand_for_nothing_and_that_is_told() -> None:
    options: dict[str, Any] = {"summarize_ips_by_asn": True}
    assert names(interfaces(**options), "top_in_src_ips_bytes") == names(interfaces(), "top_in_src_ips_bytes")
    assert [str(lookup) for lookup in Flow(HandlerSettings(options)).lookups()] == [
        "summarize_ips_by_asn has no effect without a database of networks: --geo-asn names one"
    ]


def test_ports_have_the_names_of_their_protocol(tmp_path: Path) -> None:
    shown = interfaces(registry(tmp_path), ("conversations",))
    assert names(shown, "top_in_dst_ports_bytes") == {"https", "smtp", "domain", "40001"}
    assert "198.51.100.7:https" in names(shown, "top_in_dst_ip_ports_bytes")
    assert "10.5.1.1:40002/203.0.113.53:domain" in names(shown, "top_conversations_bytes")


def test_ports_of_icmp_have_the_names_of_tcp_as_those_of_all_but_udp(tmp_path: Path) -> None:
    path = tmp_path / "services.csv"
    path.write_text("Service Name,Port Number,Transport Protocol\necho,8,tcp\nother,8,udp\n")
    shown = interfaces(read_services(str(path)))["192.0.2.1|3"]
    assert [entry["name"] for entry in shown["top_in_src_ports_packets"]] == ["echo"]


def test_without_the_list_of_ports_they_are_numbers_everywhere(tmp_path: Path) -> None:
    settings = HandlerSettings(disable=("top_ports",), names_services=True)
    source = Source(FOLDER / "flow_devices.pcap", reads_flows=True, services=registry(tmp_path))
    device = measure(source, [Wanted("it", "flow", settings=settings)]).document()["it"]["flow"]["devices"]["192.0.2.1"]
    assert "198.51.100.7:443" in {entry["name"] for entry in device["interfaces"]["1"]["top_in_dst_ip_ports_bytes"]}


def test_workers_together_count_what_one_counts() -> None:
    settings = HandlerSettings({"subnets_for_summarization": ["0.0.0.0/8", "::/16"]}, ("all",))

    def document(workers: int) -> dict[str, Any]:
        source = Source(FOLDER / "flow_devices.pcap", reads_flows=True, workers=workers)
        return measure(source, [Wanted("it", "flow", settings=settings)]).document()

    assert document(2) == document(1)


@pytest.mark.parametrize(
    ("options", "sentence", "path"),
    [
        ({"subnets_for_summarization": ["10.0.0.0"]}, "invalid CIDR: 10.0.0.0;", "subnets_for_summarization"),
        ({"subnets_for_summarization": ["10.0.0.0/33"]}, "invalid CIDR: 10.0.0.0/33", "subnets_for_summarization"),
        ({"subnets_for_summarization": ["10.0.0.0/255.0.0.0"]}, "invalid CIDR", "subnets_for_summarization"),
        ({"exclude_ips_from_summarization": ["fe80::1%1/64"]}, "invalid CIDR", "exclude_ips_from_summarization"),
        (
            {"subnets_for_summarization": ["0.0.0.0/8", "10.0.0.0/8", "0.0.0.0/16", "::/64"]},
            "only allows one ipv4 and one ipv6 wildcard; these are 0.0.0.0/8, 0.0.0.0/16, ::/64",
            "subnets_for_summarization",
        ),
        ({"exclude_asns_from_summarization": ["AS64500"]}, "invalid ASN: AS64500", "exclude_asns_from_summarization"),
        ({"subnets_for_summarization": ["10.0.0.0/8"] * 1001}, "1001 networks are more", "subnets_for_summarization"),
    ],
)
def test_what_cannot_be_meant_is_refused(options: dict[str, Any], sentence: str, path: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Flow(HandlerSettings(options))
    assert sentence in str(refused.value)
    assert refused.value.path == path
