"""Who can reach the interface, and what they are asked for. The admin API is never open to a network."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from typing import Literal

from pktvisor.errors import ConfigError
from pktvisor.server.settings import UNIX_PREFIX, ServerSettings

Authentication = Literal["none", "token", "certificate", "proxy", "token+certificate", "proxy+certificate"]


@dataclass(frozen=True, slots=True)
class Exposure:
    """How open an interface is."""

    is_loopback: bool
    """Only this host reaches it: loopback addresses, or a Unix socket."""
    has_tls: bool
    authentication: Authentication

    def warnings(self, address: str) -> list[str]:
        """Give sentences about what others could do."""
        if self.is_loopback:
            return []
        found = []
        if self.authentication == "none":
            found.append(
                f"everyone who reaches {address} can read: neither tokens nor client certificates are asked for"
            )
        if "token" in self.authentication and not self.has_tls:
            found.append(f"tokens travel to {address} unencrypted: without TLS they can be read on the way")
        return found


def check_exposure(settings: ServerSettings) -> Exposure:
    """Tell how open the interface will be.

    Raises `ConfigError` where it would let a network change the agent without asking who that is.
    """
    exposure = Exposure(is_loopback(settings.host), settings.tls is not None, _authentication(settings))
    if settings.admin_api and not exposure.is_loopback and exposure.authentication == "none":
        raise ConfigError(
            f"the admin API would let others change this agent on {settings.address}: "
            "require tokens or client certificates (mutual TLS), or listen on localhost"
        )
    return exposure


def is_loopback(host: str) -> bool:
    """Tell whether all addresses that `host` stands for are reached from this host only."""
    if host.startswith(UNIX_PREFIX):
        return True
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return bool(found) and all(ipaddress.ip_address(str(row[4][0]).split("%")[0]).is_loopback for row in found)
    except (OSError, UnicodeError, ValueError):
        return False


def _authentication(settings: ServerSettings) -> Authentication:
    """What everybody is asked for. Where tokens are known, a trusted proxy's word does as well as one."""
    has_certificates = settings.tls is not None and settings.tls.client_ca is not None
    if settings.token_file is not None:
        return "token+certificate" if has_certificates else "token"
    if settings.proxy is not None:
        return "proxy+certificate" if has_certificates else "proxy"
    return "certificate" if has_certificates else "none"
