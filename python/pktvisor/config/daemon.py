"""Options of the daemon in a file: `visor.config`. They are named as on the command line, with underscores."""

from __future__ import annotations

from pktvisor.config.document import MapNode, Node, ScalarNode
from pktvisor.config.free_form import value_of
from pktvisor.config.models import Settings, Value
from pktvisor.config.ports import read_ports
from pktvisor.config.reading import Reading
from pktvisor.errors import ConfigError

FLAGS = (
    "admin_api",
    "cp_disable",
    "daemon",
    "module_list",
    "no_promiscuous",
    "no_sandbox",
    "no_track",
    "otel",
    "otel_tls",
    "prometheus",
    "syslog",
    "tls",
    "verbose",
)
NUMBERS = (
    "geo_cache_size",
    "lookback_mb",
    "max_deep_sample",
    "otel_interval",
    "otel_port",
    "periods",
    "port",
    "workers",
)
TEXTS = (
    "cp_custom",
    "cp_path",
    "cp_token",
    "cp_url",
    "default_geo_asn",
    "default_geo_city",
    "default_service_registry",
    "geo_asn",
    "geo_city",
    "host",
    "host_names",
    "iana_service_port_registry",
    "log_file",
    "log_format",
    "module_dir",
    "otel_host",
    "otel_path",
    "otel_tls_cert",
    "otel_tls_key",
    "prom_instance",
    "state_dir",
    "tls_cert",
    "tls_client_ca",
    "tls_key",
    "token_file",
)
PORTS = ("dns_ports",)
OPTIONS = frozenset((*FLAGS, *NUMBERS, *TEXTS, *PORTS))

_TRUTHS = {"true": True, "yes": True, "on": True, "y": True, "false": False, "no": False, "off": False, "n": False}
_LONGEST_NUMBER = 19


def read_options(reading: Reading, node: MapNode) -> Settings:
    """The options, each with its type; unknown ones are left out with a warning."""
    options: dict[str, Value] = {}
    with reading.part("config"):
        reading.warn_of_unknown(node, OPTIONS, "option")
        for name, (_, value) in node.named.items():
            if name in OPTIONS:
                with reading.part(name):
                    options[name] = _option(name, value)
    return options


def _option(name: str, node: Node) -> Value:
    if name in PORTS and not isinstance(node, MapNode):
        return [str(port) for port in read_ports(value_of(name, node))]
    if not isinstance(node, ScalarNode):
        raise ConfigError(f"wrong type for key: {name}", hint=f"it needs a single value, not {node}")
    if name in FLAGS:
        return _flag(name, node)
    return _number(name, node) if name in NUMBERS else node.text


def _flag(name: str, node: ScalarNode) -> bool:
    truth = _TRUTHS.get(node.text.lower())
    if truth is None:
        raise ConfigError(f"wrong type for key: {name}", hint=f"it needs true or false, not {node}")
    return truth


def _number(name: str, node: ScalarNode) -> int:
    digits = node.text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_NUMBER):
        raise ConfigError(f"wrong type for key: {name}", hint=f"it needs a whole number, not {node}")
    return int(node.text)
