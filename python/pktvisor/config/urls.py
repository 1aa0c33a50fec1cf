"""Addresses of HTTP services, as people write them."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from pktvisor.errors import ConfigError

PORTS = {"http": 80, "https": 443}
HOST = re.compile(r"[\w.:%-]+", re.ASCII)
PATH = re.compile(r"(/[!-~]*)?")
EXAMPLE = "write it as https://hub.example:8443"


@dataclass(frozen=True)
class HttpUrl:
    """Where a service is."""

    is_tls: bool
    host: str
    port: int
    path: str
    """What leads the paths of its routes; empty, or with a slash before and none behind."""

    @property
    def is_loopback(self) -> bool:
        """Whether the service runs on this host."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host.rstrip(".").lower() == "localhost"

    def __str__(self) -> str:
        """Give it as people write it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.is_tls else 'http'}://{host}:{self.port}{self.path}"


def read_url(text: str) -> HttpUrl:
    """Read an address. ConfigError for what is none, or has more than scheme, host, port and path."""
    if not {"@", "?", "#"}.isdisjoint(text):  # what is there may be a secret: it is not told
        raise ConfigError("the URL may name scheme, host, port and path, and nothing else", hint=EXAMPLE)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ConfigError(f"{text[:100]!r} is not a URL", hint=EXAMPLE) from None
    if parts.scheme not in PORTS or not HOST.fullmatch(host) or port == 0 or not PATH.fullmatch(parts.path):
        raise ConfigError(f"{text[:100]!r} is not a URL", hint=EXAMPLE)
    return HttpUrl(parts.scheme == "https", host, port or PORTS[parts.scheme], parts.path.rstrip("/"))
