"""How to speak to Kafka, for those who send windows through it and for the hub that reads them."""

from __future__ import annotations

from typing import Any

from pktvisor.config.urls import BrokerUrl
from pktvisor.errors import ConfigError, MissingLibraryError
from pktvisor.outputs.hub_target import HubTarget

SILENT = 0
"""The level of the library's own log: what fails is told where it is met."""


def need_library() -> None:
    """Load the client. MissingLibraryError where it is not installed."""
    try:
        import confluent_kafka  # noqa: F401
    except ImportError as error:
        raise MissingLibraryError("Kafka needs confluent-kafka: pip install 'pktvisor[kafka]'") from error


def settings(target: HubTarget) -> dict[str, Any]:
    """What the library is to know of the brokers. ConfigError where a file can't be used."""
    url = target.url
    assert isinstance(url, BrokerUrl)
    hosts = (f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in url.servers)
    secret = target.secret()
    return {
        "bootstrap.servers": ",".join(hosts),
        "security.protocol": f"{'SASL_' if secret else ''}{'SSL' if url.is_tls else 'PLAINTEXT'}",
        "log_level": SILENT,
        **_tls(target),
        **_sasl(target, secret),
    }


def _tls(target: HubTarget) -> dict[str, str]:
    if target.context() is None:  # which looks whether the files can be used, too
        return {}
    files = {
        "ssl.ca.location": target.ca,
        "ssl.certificate.location": target.cert,
        "ssl.key.location": target.key or target.cert,
    }
    return {name: str(path) for name, path in files.items() if path is not None}


def _sasl(target: HubTarget, secret: str) -> dict[str, str]:
    if not secret:
        return {}
    user, colon, password = secret.partition(":")
    if not colon:
        raise ConfigError(f"{target.token_file} must hold NAME:PASSWORD for Kafka")
    return {"sasl.mechanism": "PLAIN", "sasl.username": user, "sasl.password": password}
