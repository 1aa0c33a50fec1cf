"""Host addresses: the networks that decide which way a packet goes (`host_spec`, `-H`), as CIDRs."""

from __future__ import annotations

import ipaddress
import re
import socket

from pktvisor.errors import ConfigError

_PREFIX = re.compile(r"[0-9]{1,3}")
_IPV4_MAPPED = bytes(10) + b"\xff\xff"


def parse_hosts(text: str) -> list[tuple[bytes, int]]:
    """The networks of a list like `192.0.2.0/24,2001:db8::/32`, in its order; none for an empty text.

    A comma at the end is accepted; blanks are not. See `parse_cidr` for the form of a network, and its errors.
    """
    *entries, last = text.split(",")
    return [parse_cidr(entry) for entry in [*entries, *filter(None, [last])]]


def parse_cidr(text: str) -> tuple[bytes, int]:
    """A network as 16 bytes, its host bits cleared, and how many of its 128 bits count.

    IPv4 stands in `::ffff:0:0/96`, as in the columns of the core: `192.0.2.0/24` counts 120 bits. Networks that count
    fewer than 96 bits are IPv6 ones: `::/0` is every IPv6 address and no IPv4 address.

    Raises ConfigError for what is no CIDR: a slash and a number of bits within the family's width are needed.
    """
    address, slash, prefix = text.partition("/")
    is_ipv6 = ":" in address
    width = 128 if is_ipv6 else 32
    if not slash or not _PREFIX.fullmatch(prefix) or int(prefix) > width:
        raise ConfigError(f"invalid CIDR: {text}")
    try:
        octets = socket.inet_pton(socket.AF_INET6 if is_ipv6 else socket.AF_INET, address)
    except (OSError, ValueError):
        raise ConfigError(f"invalid {'IPv6' if is_ipv6 else 'IPv4'} address: {address}") from None
    mapped = octets if is_ipv6 else _IPV4_MAPPED + octets
    bits = int(prefix) + 128 - width
    return ipaddress.IPv6Network((mapped, bits), strict=False).network_address.packed, bits
