"""What was configured about the HTTP interface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pktvisor.api.documents import Exports
from pktvisor.metrics.snapshot import Labels
from pktvisor.server.proxies import TrustedProxy

UNIX_PREFIX = "unix:"


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Files in PEM form."""

    certificate: Path
    """The server's certificate, then those that lead to a root."""
    key: Path
    client_ca: Path | None = None
    """Roots of the clients' certificates. Where given, clients without one are refused (mutual TLS)."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits that keep a client from taking the server away from the others."""

    most_head_bytes: int = 16 * 1024
    most_body_bytes: int = 1024 * 1024
    most_connections: int = 256
    most_connections_per_client: int = 64
    requests_per_second: float = 200.0
    """Of one client, on average; twice as many may come at once."""
    most_rated_clients: int = 4096
    """Clients whose rate is known at a time; who has not asked for longest is forgotten first."""
    head_timeout_s: float = 10.0
    """How long a client may take to send the head of a request, from connecting or from its first byte."""
    body_timeout_s: float = 10.0
    answer_timeout_s: float = 10.0
    """How long a client may take for each `least_answer_bytes` of an answer."""
    least_answer_bytes: int = 16 * 1024
    most_answer_bytes: int = 128 * 1024 * 1024
    """Of all answers that clients are still taking, together."""
    keep_alive_s: int = 5
    most_bodies_bytes: int = 64 * 1024 * 1024
    """Of all bodies that are being taken, together."""
    most_listeners: int = 128
    """Clients that listen to events at a time."""
    most_listeners_per_client: int = 32
    listening_s: float = 3600.0
    """How long one listens at a time: who may is asked again then, also where a proxy knows it alone."""
    tick_interval_s: float = 1.0
    """Between two ticks."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where the interface listens, who may use it, and how much."""

    host: str = "localhost"
    """A name, an address, or `unix:` and the path of a socket."""
    port: int = 10853
    names: tuple[str, ...] = ()
    """Further names that clients call it by, in lower case; see `pktvisor.server.access`."""
    admin_api: bool = False
    """Whether the routes that change the agent, or show packets, are there."""
    tls: TlsFiles | None = None
    token_file: Path | None = None
    """Where given, every request needs one of its tokens; see `pktvisor.server.tokens`."""
    proxy: TrustedProxy | None = None
    """Whose word counts who a user is, beside tokens; see `pktvisor.server.proxies`."""
    agent_name: str = ""
    """Name of the agent in window records."""
    prometheus_labels: Labels = ()
    """Labels that lead every Prometheus series, as `instance`."""
    exports: Callable[[], Exports] = dict
    """Gives what became of windows that are pushed."""
    bounds: Bounds = field(default_factory=Bounds)

    @property
    def socket_path(self) -> Path | None:
        """The socket's path, where it is a Unix socket."""
        return Path(self.host.removeprefix(UNIX_PREFIX)) if self.host.startswith(UNIX_PREFIX) else None

    @property
    def address(self) -> str:
        """Where it listens, for people."""
        return self.host if self.socket_path else f"{self.host}:{self.port}"
