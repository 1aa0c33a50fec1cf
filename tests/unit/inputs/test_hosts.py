from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pktvisor.errors import ConfigError
from pktvisor.inputs.hosts import parse_cidr, parse_hosts


def mapped(address: str) -> bytes:
    return ipaddress.IPv6Address(f"::ffff:{address}").packed


def ipv6(address: str) -> bytes:
    return ipaddress.IPv6Address(address).packed


def test_networks_come_in_the_order_of_the_list() -> None:
    assert parse_hosts("192.0.2.0/24,2001:db8::/32,10.0.0.1/32") == [
        (mapped("192.0.2.0"), 120),
        (ipv6("2001:db8::"), 32),
        (mapped("10.0.0.1"), 128),
    ]


def test_an_empty_list_has_no_networks() -> None:
    assert parse_hosts("") == []


def test_a_comma_at_the_end_is_accepted_and_one_elsewhere_is_not() -> None:
    assert parse_hosts("10.0.0.0/8,") == [(mapped("10.0.0.0"), 104)]
    for text in [",", ",10.0.0.0/8", "10.0.0.0/8,,", "10.0.0.0/8,,10.0.0.0/8"]:
        with pytest.raises(ConfigError) as error:
            parse_hosts(text)
        assert str(error.value) == "invalid CIDR: "


def test_a_prefix_of_0_is_the_whole_family() -> None:
    assert parse_hosts("0.0.0.0/0,::/0") == [(mapped("0.0.0.0"), 96), (bytes(16), 0)]


def test_host_bits_are_cleared() -> None:
    assert parse_cidr("192.0.2.77/24") == (mapped("192.0.2.0"), 120)
    assert parse_cidr("2001:db8:1:2:3::4/33") == (ipv6("2001:db8::"), 33)


@pytest.mark.parametrize(
    ("address", "network"), [("10.8.0.1", (mapped("10.8.0.1"), 128)), ("2001:db8::5", (ipv6("2001:db8::5"), 128))]
)
def test_an_address_alone_is_itself(address: str, network: tuple[bytes, int]) -> None:
    assert parse_cidr(address) == network
    assert parse_hosts(f"10.0.0.0/8,{address}")[1] == network


@pytest.mark.parametrize(
    "text", ["10.0.0.0/8, 192.0.2.53/32", " 10.0.0.0/8 ,192.0.2.53\n", "10.0.0.0/8,\t192.0.2.53, "]
)
def test_blanks_around_networks_say_nothing(text: str) -> None:
    assert parse_hosts(text) == [(mapped("10.0.0.0"), 104), (mapped("192.0.2.53"), 128)]


@pytest.mark.parametrize(
    "text",
    [
        "192.0.2",
        "192.0.2.0/",
        "192.0.2.0/33",
        "192.0.2.0/-1",
        "192.0.2.0/ 8",
        "192.0.2.0/8/8",
        "192.0.2.0/255.255.255.0",
        "192.0.2.0/٨",
        "192.0.2.0/1" + "0" * 5000,
        "2001:db8::/129",
        "eth0",
    ],
)
def test_what_is_no_cidr_is_named(text: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_hosts(f"10.0.0.0/8,{text}")
    assert str(error.value) == f"invalid CIDR: {text}"


@pytest.mark.parametrize(
    "address", ["192.0.2", "192.0.2.256", "192.0.2.08", "192. 0.2.0", "192.0.2.0 ", "localhost", "", "192.0.2.0\0"]
)
def test_a_bad_ipv4_address_is_named(address: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_hosts(f"{address}/24")
    assert str(error.value) == f"invalid IPv4 address: {address}"


@pytest.mark.parametrize("address", ["2001:db8:::", ":", "1:2", "fe80::1%eth0", ": :", "g::"])
def test_a_bad_ipv6_address_is_named(address: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_hosts(f"{address}/24")
    assert str(error.value) == f"invalid IPv6 address: {address}"


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_every_ipv4_network_is_read_as_the_standard_library_does(address: ipaddress.IPv4Address, prefix: int) -> None:
    network = ipaddress.IPv4Network((address, prefix), strict=False)
    assert parse_cidr(f"{address}/{prefix}") == (mapped(str(network.network_address)), prefix + 96)


@given(st.ip_addresses(v=6), st.integers(0, 128))
def test_every_ipv6_network_is_read_as_the_standard_library_does(address: ipaddress.IPv6Address, prefix: int) -> None:
    network = ipaddress.IPv6Network((address, prefix), strict=False)
    assert parse_cidr(f"{address}/{prefix}") == (network.network_address.packed, prefix)


@given(st.text(alphabet="0123456789.:/,abcdef \0é\ud800", max_size=30))
def test_any_text_is_a_list_of_networks_or_an_error_for_people(text: str) -> None:
    try:
        networks = parse_hosts(text)
    except ConfigError:
        return
    assert all(len(network) == 16 and 0 <= bits <= 128 for network, bits in networks)
