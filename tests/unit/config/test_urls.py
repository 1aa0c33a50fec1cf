"""Addresses of HTTP services: what is one, and what is told of what is none."""

from __future__ import annotations

import pytest

from pktvisor.config.urls import HttpUrl, read_url
from pktvisor.errors import ConfigError


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
