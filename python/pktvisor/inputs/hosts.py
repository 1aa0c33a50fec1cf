"""Host addresses: the networks that decide which way a packet goes (`host_spec`, `-H`), as CIDRs or addresses."""

from __future__ import annotations

import ipaddress
import re

from pktvisor.errors import ConfigError

_PREFIX = re.compile(r"[0-9]{1,3}")
_BLANKS = " \t\n"
_IPV4_MAPPED = bytes(10) + b"\xff\xff"


def parse_hosts(text: str) -> list[tuple[bytes, int]]:
    """The networks of a list like `192.0.2.0/24, 2001:db8::/32, 10.8.0.1`, in its order; none for an empty text.

    Blanks around networks and a comma at the end are accepted. See `parse_cidr` for the form of a network, and its
    errors.
    """
    return [parse_cidr(entry) for entry in split_hosts(text)]


def split_hosts(text: str) -> list[str]:
    """The texts of a list's networks."""
    *entries, last = (entry.strip(_BLANKS) for entry in text.split(","))
    return [*entries, *filter(None, [last])]


def parse_cidr(text: str) -> tuple[bytes, int]:
    """A network as 16 bytes, its host bits cleared, and how many of its 128 bits count; all of an address alone.

    IPv4 stands in `::ffff:0:0/96`, as in the columns of the core: `192.0.2.0/24` counts 120 bits. Networks that count
    fewer than 96 bits are IPv6 ones: `::/0` is every IPv6 address and no IPv4 address.

    Raises ConfigError for what is neither an address nor one with a slash and a number of bits within its width.
    """
    address, slash, prefix = text.partition("/")
    is_ipv6 = ":" in address
    width = 128 if is_ipv6 else 32
    if slash and (not _PREFIX.fullmatch(prefix) or int(prefix) > width):
        raise ConfigError(f"invalid CIDR: {text}")
    try:
        octets = _octets(address, is_ipv6)
    except ValueError:
        is_address = slash or is_ipv6
        what = f"invalid {'IPv6' if is_ipv6 else 'IPv4'} address: {address}" if is_address else f"invalid CIDR: {text}"
        raise ConfigError(what) from None
    mapped = octets if is_ipv6 else _IPV4_MAPPED + octets
    bits = (int(prefix) if slash else width) + 128 - width
    return ipaddress.IPv6Network((mapped, bits), strict=False).network_address.packed, bits


def _octets(address: str, is_ipv6: bool) -> bytes:
    if not is_ipv6:
        return ipaddress.IPv4Address(address).packed
    if "%" in address:
        raise ValueError("the zone of an address is no part of a network")
    return ipaddress.IPv6Address(address).packed
