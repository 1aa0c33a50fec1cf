"""Options of commands that push windows by OTLP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pktvisor.config.options import File, Flag, Number, Port, Rule, Text

EXPORT = "export"
MOST_INTERVAL_S = 86_400
"""Seconds between pushes."""


@dataclass(frozen=True)
class OtelDefaults:
    """What is meant where nobody says otherwise."""

    host: str = "localhost"
    port: int = 4318
    path: str = "/v1/metrics"
    interval_s: int = 60


class OtelOptions(Protocol):
    """What was said of the receiver."""

    @property
    def otel_host(self) -> str: ...
    @property
    def otel_port(self) -> int: ...
    @property
    def otel_path(self) -> str: ...
    @property
    def otel_interval(self) -> int: ...
    @property
    def otel_deltas(self) -> bool: ...
    @property
    def otel_tls(self) -> bool: ...
    @property
    def otel_tls_cert(self) -> str | None: ...
    @property
    def otel_tls_key(self) -> str | None: ...


OTEL_DEFAULTS = OtelDefaults()
OTEL = Flag(section=EXPORT, help="push closed windows by OTLP over HTTP")
OTEL_HOST = Text(value="HOST", section=EXPORT, help="the receiver's host (default: {default})")
OTEL_PORT = Port(least=1, section=EXPORT, help="the receiver's port (default: {default})")
OTEL_PATH = Text(value="PATH", section=EXPORT, help="the receiver's path for metrics (default: {default})")
OTEL_INTERVAL = Number(
    value="S", least=1, most=MOST_INTERVAL_S, section=EXPORT, help="seconds between pushes (default: {default})"
)
OTEL_DELTAS = Flag(section=EXPORT, help="push counts as sums, too, of what each closed window adds (delta temporality)")
OTEL_TLS = Flag(section=EXPORT, help="push over HTTPS")
OTEL_TLS_CERT = File(section=EXPORT, help="client certificate, if the receiver asks for one (PEM)")
OTEL_TLS_KEY = File(section=EXPORT, help="its private key (PEM)")
OTEL_KEY_RULE = Rule(
    lambda said: said.otel and said.otel_tls and said.otel_tls_key and not said.otel_tls_cert,
    "a key needs its certificate, otel_tls_cert",
    name="otel_tls_key",
)
