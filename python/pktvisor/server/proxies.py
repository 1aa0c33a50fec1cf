"""Sign-on by a proxy: a proxy that this server trusts has asked who somebody is, and says so in a header.

The header counts in requests from the proxy's addresses alone. From anywhere else it is what anybody can write, and
means nothing. The proxy must remove such a header from what its own clients send.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import Scope

from pktvisor.config.networks import Network
from pktvisor.server.endpoint import AccessScope

LONGEST_USER = 200


@dataclass(frozen=True, slots=True)
class TrustedProxy:
    """Whom to believe, and what."""

    networks: tuple[Network, ...]
    """Where requests of the proxy come from."""
    header: str
    """The header that has the user's name."""
    admins: frozenset[str] = frozenset()
    """Users with all rights; the others read."""

    def user(self, scope: Scope) -> str | None:
        """Give the user that the proxy signed on; None where it did not, or where somebody else asks.

        A header that stands there twice, or holds no name, is that of no user; nor is one with a comma, which somebody
        makes of two.
        """
        names = Headers(scope=scope).getlist(self.header)
        if len(names) != 1 or not self._is_from_proxy(scope):
            return None
        name = names[0].strip()
        is_name = 1 <= len(name) <= LONGEST_USER and name.isascii() and name.isprintable() and "," not in name
        return name if is_name else None

    def scope_of(self, user: str) -> AccessScope:
        """Give how far a user's rights reach."""
        return "admin" if user in self.admins else "read"

    def is_secure(self, scope: Scope) -> bool:
        """Tell whether the proxy says that its client came over TLS."""
        told = Headers(scope=scope).getlist("x-forwarded-proto")
        return told == ["https"] and self._is_from_proxy(scope)

    def _is_from_proxy(self, scope: Scope) -> bool:
        client = scope.get("client")
        try:
            address = ipaddress.ip_address(str(client[0]).split("%")[0]) if client else None
        except ValueError:
            return False  # a Unix socket, or something else without addresses
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return address is not None and any(address in network for network in self.networks)
