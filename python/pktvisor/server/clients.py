"""Who a client is, as far as bounds are concerned."""

from __future__ import annotations

import functools
import ipaddress

from starlette.types import Scope

LOCAL = ""
"""The client behind a Unix socket; bounds per client don't apply to it."""
IPV6_NETWORK_BYTES = 8
"""Who has an IPv6 address mostly has the whole /64 around it."""


@functools.lru_cache(maxsize=1024)
def client_of(address: str) -> str:
    """Give the client that an address belongs to: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    mapped = parsed.ipv4_mapped
    return str(mapped) if mapped else parsed.packed[:IPV6_NETWORK_BYTES].hex()


def client_in(scope: Scope) -> str:
    """Give the client that a request is of."""
    return client_of(scope["client"][0]) if scope.get("client") else LOCAL
