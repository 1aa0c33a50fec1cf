"""Addresses of HTTP services and brokers: what is one, and what is told of what is none."""

from __future__ import annotations

import pkgutil

import pytest

from pktvisor.config.urls import (
    BROKER_PORTS,
    PLACES,
    BrokerUrl,
    HttpUrl,
    LakeUrl,
    read_broker_url,
    read_hub_url,
    read_lake_url,
    read_url,
)
from pktvisor.errors import ConfigError
from pktvisor.hub import sources
from pktvisor.outputs import hub_transports


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://hub.example", HttpUrl(True, "hub.example", 443, "")),
        ("http://hub.example/", HttpUrl(False, "hub.example", 80, "")),
        ("HTTPS://Hub.Example:8443/fleet/", HttpUrl(True, "hub.example", 8443, "/fleet")),
        ("http://[::1]:81/a/b", HttpUrl(False, "::1", 81, "/a/b")),
    ],
)
def test_an_address_has_scheme_host_port_and_path(text: str, url: HttpUrl) -> None:
    assert read_url(text) == url
    assert read_url(str(url)) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hub.example",
        "hub.example:8443",
        "ftp://hub.example",
        "https://",
        "https://hub.example:0",
        "https://hub.example:70000",
        "https://hub.example:x",
        "https://hub example",
        "https://hub.example/a b",
        "https://hub.example/\r\nHost: x",
        "https://[::1",
    ],
)
def test_what_is_none_is_told_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match=r"is not a URL; write it as https://hub\.example:8443"):
        read_url(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://me:secret@hub.example",
        "htps://me:secret@hub.example",
        "https://me:secret@hub example",
        "https://hub.example?a=secret",
        "https://hub.example:x?a=secret",
        "https://hub.example#secret",
    ],
)
def test_what_no_service_wants_is_told_without_repeating_it(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^the URL may name scheme, host, port and path, and nothing else") as caught:
        read_url(text)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "is_loopback"),
    [
        ("http://localhost", True),
        ("http://127.0.0.9:1", True),
        ("http://[::1]", True),
        ("http://10.0.0.1", False),
        ("http://hub.example", False),
    ],
)
def test_a_service_on_this_host_is_told_from_others(text: str, is_loopback: bool) -> None:
    assert read_url(text).is_loopback == is_loopback


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("nats://b.example", BrokerUrl("nats", False, (("b.example", 4222),), "pktvisor.windows")),
        ("nats+tls://[::1]:1/edge.windows", BrokerUrl("nats", True, (("::1", 1),), "edge.windows")),
        ("Kafka+TLS://a,B:9093/", BrokerUrl("kafka", True, (("a", 9092), ("b", 9093)), "pktvisor-windows")),
    ],
)
def test_an_address_of_brokers_has_hosts_and_a_subject_or_topic(text: str, url: BrokerUrl) -> None:
    assert read_hub_url(text) == read_broker_url(text) == url
    assert read_hub_url(str(url)) == url


@pytest.mark.parametrize(
    "text",
    ["nats://", "nats:///windows", "kafka://a,,b", "kafka://a:0", "kafka://a:x", "nats://a b", "nats://[::1",
     "nats://a/b/c", "nats://a/b..c", "nats://a/*", "nats+ssl://a", "kafka://a/" + "t" * 201],
)  # fmt: skip
def test_what_is_no_address_of_brokers_is_told_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match=r"is not a URL; write it as (nats|kafka)\+tls://broker\.example:[0-9]+/pkt"):
        read_hub_url(text)


def test_what_a_broker_does_not_want_is_told_without_repeating_it() -> None:
    with pytest.raises(ConfigError, match=r"^the URL may name scheme, host, port and path") as caught:
        read_hub_url("nats://me:secret@b.example")
    assert "secret" not in str(caught.value)


def test_a_hub_reads_from_brokers_only() -> None:
    with pytest.raises(ConfigError, match=r"^'https://b\.example' is no broker's URL; write it as"):
        read_broker_url("https://b.example")


def test_brokers_on_this_host_are_told_from_others() -> None:
    assert read_hub_url("kafka://localhost,127.0.0.1:1").is_loopback
    assert not read_hub_url("kafka://localhost,b.example").is_loopback


def test_each_kind_of_broker_has_its_way_to_it_and_its_source() -> None:
    ways = {one.name for one in pkgutil.iter_modules(hub_transports.__path__)}
    kinds = {one.name for one in pkgutil.iter_modules(sources.__path__)}
    assert ways - {"http"} == kinds == set(BROKER_PORTS) == set(PLACES)


@pytest.mark.parametrize("text", ["nonsense", "https://hub.example", "nats://me:secret@hub.example", "kafka+tls://"])
def test_what_is_no_broker_is_told_with_the_example_of_one(text: str) -> None:
    with pytest.raises(
        ConfigError, match=r"write it as .*(nats|kafka)\+tls://broker\.example:[0-9]+/pktvisor"
    ) as caught:
        read_broker_url(text)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("file:///srv/the lake/", LakeUrl("file", "", "/srv/the lake")),
        ("s3://bucket", LakeUrl("s3", "bucket", "")),
        ("s3://my.bucket/net/pktvisor/", LakeUrl("s3", "my.bucket", "net/pktvisor")),
    ],
)
def test_a_lake_is_a_directory_or_a_place_in_a_bucket(text: str, url: LakeUrl) -> None:
    assert read_lake_url(text) == url
    assert read_lake_url(str(url)) == url


@pytest.mark.parametrize(
    "text",
    ["", "/srv/lake", "file://srv/lake", "file://", "file:///srv/../lake", "s3://", "s3:///lake", "s3://Bucket",
     "s3://b/lake", "s3://bucket/a b", "https://hub.example", "s3://me:secret@bucket"],
)  # fmt: skip
def test_what_is_no_place_for_a_lake_is_told_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match=r"write it as file:///srv/lake or s3://bucket/lake$") as caught:
        read_lake_url(text)
    assert "secret" not in str(caught.value)
