"""Addresses of services, as people write them: of HTTP services, and of brokers that keep what goes to the hub."""

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
BROKER_PORTS = {"nats": 4222, "kafka": 9092}
"""The brokers that windows can go through, and where they listen by default."""
PLACES = {"nats": "pktvisor.windows", "kafka": "pktvisor-windows"}
"""The subject or topic that windows go to, unless another is named."""
BROKER = re.compile(r"([a-z]+)(\+tls)?://([^/]+)(?:/([\w.-]*))?", re.ASCII | re.IGNORECASE)
BROKER_EXAMPLES = {
    kind: f"write it as {kind}+tls://broker.example:{port}/{PLACES[kind]}" for kind, port in BROKER_PORTS.items()
}
BROKER_EXAMPLE = " or ".join((BROKER_EXAMPLES["nats"], BROKER_EXAMPLES["kafka"].removeprefix("write it as ")))
MOST_PLACE_CHARACTERS = 200
LAKE = re.compile(r"(?:file://(/.+)|s3://([a-z0-9][a-z0-9.-]{1,62})(/[\w./=-]*)?)", re.ASCII)
LAKE_EXAMPLE = "write it as file:///srv/lake or s3://bucket/lake"


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


@dataclass(frozen=True)
class BrokerUrl:
    """Where a broker is, and where windows are in it."""

    kind: str
    is_tls: bool
    servers: tuple[tuple[str, int], ...]
    """Hosts with ports; any of them will do."""
    place: str
    """The subject or topic."""

    @property
    def is_loopback(self) -> bool:
        """Whether all of it runs on this host."""
        return all(HttpUrl(self.is_tls, host, port, "").is_loopback for host, port in self.servers)

    def __str__(self) -> str:
        """Give it as people write it."""
        hosts = ",".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in self.servers)
        return f"{self.kind}{'+tls' if self.is_tls else ''}://{hosts}/{self.place}"


@dataclass(frozen=True)
class LakeUrl:
    """Where tables are that other engines read: a directory, or a place in a bucket."""

    kind: str
    """`file` or `s3`."""
    bucket: str
    """Empty for a directory."""
    path: str
    """Absolute for a directory; else without a slash before and behind, and empty for the whole bucket."""

    def __str__(self) -> str:
        """Give it as people write it."""
        parts = [self.bucket, self.path] if self.path else [self.bucket]
        return f"file://{self.path}" if self.kind == "file" else f"s3://{'/'.join(parts)}"


def read_lake_url(text: str) -> LakeUrl:
    """Read where tables are to be. ConfigError for what is no such place."""
    _refuse_secrets(text, LAKE_EXAMPLE)
    found = LAKE.fullmatch(text)
    if not found or ".." in text.split("/"):
        raise ConfigError(f"{text[:100]!r} is no place for a lake", hint=LAKE_EXAMPLE)
    if found[1]:
        return LakeUrl("file", "", found[1].rstrip("/") or "/")
    return LakeUrl("s3", found[2], (found[3] or "").strip("/"))


def read_hub_url(text: str) -> HttpUrl | BrokerUrl:
    """Read the address of a hub, or of the broker before it. ConfigError as `read_url` has it."""
    kind = _kind(text)
    return _read_broker(text, kind) if kind in BROKER_PORTS else read_url(text)


def _kind(text: str) -> str:
    return text.partition("://")[0].partition("+")[0].lower()


def read_broker_url(text: str) -> BrokerUrl:
    """Read the address of a broker. ConfigError where it is that of something else."""
    kind = _kind(text)
    _refuse_secrets(text, BROKER_EXAMPLE)
    if kind not in BROKER_PORTS:
        raise ConfigError(f"{text[:100]!r} is no broker's URL", hint=BROKER_EXAMPLE)
    return _read_broker(text, kind)


def _read_broker(text: str, kind: str) -> BrokerUrl:
    _refuse_secrets(text, BROKER_EXAMPLES[kind])
    found = BROKER.fullmatch(text)
    place = (found[4] if found else None) or PLACES[kind]
    if not found or len(place) > MOST_PLACE_CHARACTERS or not all(place.split(".")):
        raise ConfigError(f"{text[:100]!r} is not a URL", hint=BROKER_EXAMPLES[kind])
    try:
        each = [_server(part, BROKER_PORTS[kind]) for part in found[3].split(",")]
    except ValueError:
        raise ConfigError(f"{text[:100]!r} is not a URL", hint=BROKER_EXAMPLES[kind]) from None
    return BrokerUrl(kind, bool(found[2]), tuple(each), place)


def _server(text: str, usual_port: int) -> tuple[str, int]:
    """Read a host with or without a port. ValueError where it is none."""
    parts = urlsplit(f"//{text}")
    host, port = parts.hostname or "", usual_port if parts.port is None else parts.port
    if not HOST.fullmatch(host) or port == 0:
        raise ValueError(text)
    return host, port


def _refuse_secrets(text: str, example: str) -> None:
    if not {"@", "?", "#"}.isdisjoint(text):  # what is there may be a secret: it is not told
        raise ConfigError("the URL may name scheme, host, port and path, and nothing else", hint=example)


def read_url(text: str) -> HttpUrl:
    """Read an address. ConfigError for what is none, or has more than scheme, host, port and path."""
    _refuse_secrets(text, EXAMPLE)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ConfigError(f"{text[:100]!r} is not a URL", hint=EXAMPLE) from None
    if parts.scheme not in PORTS or not HOST.fullmatch(host) or port == 0 or not PATH.fullmatch(parts.path):
        raise ConfigError(f"{text[:100]!r} is not a URL", hint=EXAMPLE)
    return HttpUrl(parts.scheme == "https", host, port or PORTS[parts.scheme], parts.path.rstrip("/"))
