"""The options of pktvisord: said on the command line, else in `visor.config` of the file, else their defaults."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from pktvisor import logs
from pktvisor.cli.options import (
    DEFAULT_PERIODS,
    MOST_PERIODS,
    Parser,
    add_general_options,
    add_summary_options,
    whole_number,
)
from pktvisor.errors import ConfigError
from pktvisor.inputs.base import MOST_LOOKBACK_MB, MOST_WORKERS

CAPTURE_FILE_ENDINGS = (".pcap", ".cap", ".pcapng")


@dataclass(frozen=True)
class DaemonOptions:
    """Everything that the daemon can be told. A field's name is its key in `visor.config`."""

    host: str = "localhost"
    port: int = 10853
    host_names: str | None = None
    admin_api: bool = False
    tls: bool = False
    tls_cert: str | None = None
    tls_key: str | None = None
    tls_client_ca: str | None = None
    token_file: str | None = None
    daemon: bool = False
    verbose: bool = False
    log_file: str | None = None
    syslog: bool = False
    log_format: str = "text"
    periods: int = DEFAULT_PERIODS
    max_deep_sample: int = 100
    workers: int = 1
    dns_ports: tuple[int, ...] = ()
    lookback_mb: int | None = None
    no_promiscuous: bool = False
    state_dir: str | None = None
    no_sandbox: bool = False
    geo_city: str | None = None
    geo_asn: str | None = None
    default_geo_city: str | None = None
    default_geo_asn: str | None = None
    geo_cache_size: int = 10_000
    iana_service_port_registry: str | None = None
    default_service_registry: str | None = None
    prom_instance: str | None = None
    otel: bool = False
    otel_host: str = "localhost"
    otel_port: int = 4318
    otel_path: str = "/v1/metrics"
    otel_interval: int = 60
    otel_tls: bool = False
    otel_tls_cert: str | None = None
    otel_tls_key: str | None = None
    module_list: bool = False
    module_dir: str | None = None
    prometheus: bool = False
    no_track: bool = False
    cp_disable: bool = False
    cp_token: str | None = None
    cp_url: str | None = None
    cp_path: str | None = None
    cp_custom: str | None = None

    @property
    def lookback(self) -> int:
        """Megabytes of the newest packets that each input keeps: some where the API can make use of them."""
        if self.lookback_mb is not None:
            return self.lookback_mb
        return DEFAULT_LOOKBACK_MB if self.admin_api else 0


DEFAULT_LOOKBACK_MB = 32


def resolve(said: argparse.Namespace, configured: Mapping[str, Any]) -> DaemonOptions:
    """Join the command line with a file's options. Raises `ConfigError` for what makes no sense together."""
    values: dict[str, Any] = {}
    for one in fields(DaemonOptions):
        on_line, in_file = getattr(said, one.name, None), configured.get(one.name)
        if isinstance(one.default, bool):
            values[one.name] = bool(on_line) or bool(in_file)
        elif on_line is not None or in_file is not None:
            values[one.name] = in_file if on_line is None else on_line
    options = DaemonOptions(**values)
    for error in _mistakes(options):
        error.path = ""  # it may have been said on the command line
        raise error
    return options


def check_options(configured: Mapping[str, Any]) -> Iterator[ConfigError]:
    """Give all that is wrong with a file's options, those included that the daemon would silently make others."""
    values = {name: value for name, value in configured.items() if value is not None}
    options = DaemonOptions(**values)
    yield from _mistakes(options)
    yield from _out_of_bounds(
        ("periods", options.periods, 1, MOST_PERIODS), ("max_deep_sample", options.max_deep_sample, 1, 100)
    )


def _mistakes(options: DaemonOptions) -> Iterator[ConfigError]:
    if options.tls and not (options.tls_cert and options.tls_key):
        yield ConfigError("you must specify --tls-key and --tls-cert to use --tls", path="config.tls")
    reporting = (options.cp_token, options.cp_url, options.cp_path)
    if any(reporting) and not all(reporting) and not options.cp_disable:
        message = "missing information to setup crashpad"
        yield ConfigError(message, hint="--cp-token, --cp-url and --cp-path belong together", path="config")
    yield from _out_of_bounds(
        ("port", options.port, 0, 65535),
        ("otel_port", options.otel_port, 0, 65535),
        ("workers", options.workers, 1, MOST_WORKERS),
        ("lookback_mb", options.lookback, 0, MOST_LOOKBACK_MB),
    )
    if options.log_format not in logs.FORMS:
        message = f"log_format must be {' or '.join(logs.FORMS)}, not {options.log_format}"
        yield ConfigError(message, path="config.log_format")


def _out_of_bounds(*numbers: tuple[str, int, int, int]) -> Iterator[ConfigError]:
    for name, value, least, most in numbers:
        if not least <= value <= most:
            yield ConfigError(f"{name} {value} is not between {least} and {most}", path=f"config.{name}")


def daemon_parser() -> Parser:
    """Make the parser. What was not said is None, so that the file may say it."""
    parser = Parser(
        prog="pktvisord", description="Summarise your data streams: live, served over HTTP, or from a file."
    )
    parser.add_argument(
        "targets",
        metavar="TARGET",
        nargs="*",
        help="a network interface, one of its IP addresses, any (all interfaces), auto (the busiest one), "
        f"or capture files (ending in {', '.join(CAPTURE_FILE_ENDINGS)}, or any files and directories that are there)",
    )
    _add_service_options(parser)
    add_summary_options(parser, periods=None, deep_sample_rate=None, deep_sample_name="max_deep_sample")
    _add_place_options(parser)
    _add_export_options(parser)
    _add_former_options(parser)
    add_general_options(parser)
    return parser


def _add_service_options(parser: Parser) -> None:
    group = parser.add_argument_group("the agent")
    group.add_argument("-d", dest="daemon", action="store_true", help="run in the background")
    group.add_argument("--config", metavar="FILE", help="taps, policies and options in YAML; SIGHUP reads it again")
    group.add_argument(
        "--check-config", metavar="FILE", help="say all that is wrong with a configuration file, and end"
    )
    group.add_argument("-l", dest="host", metavar="HOST", help="serve on this host or IP (default: localhost)")
    group.add_argument("-p", dest="port", metavar="PORT", type=_port, help="serve on this port (default: 10853)")
    group.add_argument(
        "--host-names",
        metavar="NAMES",
        help="names, with commas between, that clients may call this agent by (Host), beside localhost and HOST",
    )
    group.add_argument("--admin-api", action="store_true", help="taps and policies can be changed over HTTP")
    group.add_argument("--tls", action="store_true", help="serve HTTPS; needs --tls-cert and --tls-key")
    group.add_argument("--tls-cert", metavar="FILE", help="certificate (PEM)")
    group.add_argument("--tls-key", metavar="FILE", help="private key (PEM)")
    group.add_argument(
        "--tls-client-ca", metavar="FILE", help="clients must have a certificate of this authority (PEM)"
    )
    group.add_argument("--token-file", metavar="FILE", help="clients must have one of these tokens")
    group.add_argument(
        "--make-token",
        nargs=2,
        metavar=("NAME", "SCOPE"),
        help="make a token of scope read or admin, print it, and end",
    )
    group.add_argument("--log-file", metavar="FILE", help="log into a file")
    group.add_argument("--syslog", action="store_true", help="log to syslog")
    group.add_argument(
        "--log-format", metavar="FORM", choices=logs.FORMS, help="text (the default), or json: an object on each line"
    )
    group.add_argument("--state-dir", metavar="DIR", help="keep windows there over a restart")
    group.add_argument(
        "--lookback-mb",
        metavar="N",
        type=whole_number,
        help="megabytes of the newest packets that each input keeps, so that a new policy shows the last minute "
        f"at once (default: {DEFAULT_LOOKBACK_MB} with the admin API, else 0)",
    )
    group.add_argument("--no-promiscuous", action="store_true", help="only packets from and to this host")
    group.add_argument("--no-sandbox", action="store_true", help="keep all capabilities, and the whole file system")
    group.add_argument("--module-list", action="store_true", help="list inputs and handlers, and end")


def _add_place_options(parser: Parser) -> None:
    group = parser.add_argument_group("look-ups")
    group.add_argument("--geo-cache-size", metavar="N", type=whole_number, help="entries per database (default: 10000)")
    group.add_argument("--default-geo-city", metavar="FILE", help="used where there is no --geo-city")
    group.add_argument("--default-geo-asn", metavar="FILE", help="used where there is no --geo-asn")
    group.add_argument("--iana-service-port-registry", metavar="FILE", help="names of ports (IANA's CSV)")
    group.add_argument("--default-service-registry", metavar="FILE", help="used where there is no such registry")


def _add_export_options(parser: Parser) -> None:
    group = parser.add_argument_group("export")
    group.add_argument("--prom-instance", metavar="ID", help="a label 'instance' for all Prometheus series")
    group.add_argument("--otel", action="store_true", help="push closed windows by OTLP over HTTP")
    group.add_argument("--otel-host", metavar="HOST", help="(default: localhost)")
    group.add_argument("--otel-port", metavar="PORT", type=_port, help="(default: 4318)")
    group.add_argument("--otel-path", metavar="PATH", help="(default: /v1/metrics)")
    group.add_argument("--otel-interval", metavar="S", type=whole_number, help="seconds between pushes (default: 60)")
    group.add_argument("--otel-tls", action="store_true", help="push over HTTPS")
    group.add_argument("--otel-tls-cert", metavar="FILE", help="certificate to show (PEM)")
    group.add_argument("--otel-tls-key", metavar="FILE", help="its private key (PEM)")


def _add_former_options(parser: Parser) -> None:
    group = parser.add_argument_group("understood, without effect")
    group.add_argument("--prometheus", action="store_true", help="Prometheus metrics are always there")
    group.add_argument("--no-track", action="store_true", help="nobody is told that the agent runs, ever")
    group.add_argument("--module-dir", metavar="DIR", help="there are no modules to load")
    for name, what in (("token", "TOKEN"), ("url", "URL"), ("path", "PATH"), ("custom", "TEXT")):
        group.add_argument(f"--cp-{name}", metavar=what, help="crash reports are not sent anywhere")
    group.add_argument("--cp-disable", action="store_true", help="crash reports are not sent anywhere")


def _port(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a port number")
    return int(text)


def clamped_periods(periods: int) -> int:
    """Give a number of windows that an agent can keep."""
    return min(max(periods, 1), MOST_PERIODS)
