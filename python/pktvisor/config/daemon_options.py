"""The options of pktvisord: said on the command line, else in `visor.config` of the file, else their defaults."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pktvisor.config.command_options import LEAST_MEMORY_MB, MOST_LOOKBACK_MB, MOST_MEMORY_MB, SummaryOptions
from pktvisor.config.options import (
    Declared,
    File,
    Flag,
    Number,
    Operands,
    Ports,
    Rule,
    TagList,
    Text,
    Url,
    options_of,
    rules_broken,
    values_refused,
)
from pktvisor.config.otel_options import (
    EXPORT,
    OTEL,
    OTEL_DEFAULTS,
    OTEL_DELTAS,
    OTEL_HOST,
    OTEL_INTERVAL,
    OTEL_KEY_RULE,
    OTEL_PATH,
    OTEL_PORT,
    OTEL_TLS,
    OTEL_TLS_CERT,
    OTEL_TLS_KEY,
)
from pktvisor.config.server_options import PROXY_RULES, TLS_RULES, ServerOptions
from pktvisor.config.tags import Tags
from pktvisor.config.urls import HttpUrl, read_hub_url
from pktvisor.errors import ConfigError

CAPTURE_FILE_ENDINGS = (".pcap", ".cap", ".pcapng")
DEFAULT_LOOKBACK_MB = 32
MOST_NAME_CHARACTERS = 200
MOST_SPOOL_MB = 1 << 20
MOST_GEO_CACHE = 1 << 24
"""Lookups that are cached; a process holds some hundred bytes of each."""
LEAST_TOP_ITEMS, MOST_TOP_ITEMS = 16, 6144
"""Items of a top list that the hub gets: fewer say little, and no list keeps more."""

AGENT = "the agent"
LOOK_UPS = "lookups"
FORMER = "accepted without effect"
NOT_SENT = "this agent sends no crash reports"


ABOUT_A_HUB = (
    "hub_token_file",
    "hub_ca",
    "hub_cert",
    "hub_key",
    "hub_spool",
    "hub_spool_mb",
    "hub_top_items",
    "hub_policies_interval",
    "hub_arrow",
)
"""Options that have no effect without a hub."""


def _needs_a_hub(name: str) -> Rule:
    def is_broken(said: DaemonOptions) -> bool:
        one, value = DECLARED[name], getattr(said, name)
        return not said.hub and value != one.default and not one.option.refused(value)

    return Rule(
        is_broken,
        f"{name} needs a hub: say hub, as https://hub.example:8443",
        name=name,
    )


@dataclass(frozen=True)
class DaemonOptions(ServerOptions, SummaryOptions):
    """Everything that the daemon can be told. A field's name is its key in `visor.config`."""

    targets: Annotated[
        tuple[str, ...],
        Operands(
            value="TARGET",
            help="network interfaces or their IP addresses, any (all interfaces), auto (the busiest one), mock "
            "(made-up traffic, which needs no rights), or "
            f"capture files ({', '.join(CAPTURE_FILE_ENDINGS)}, or any existing files and directories)",
        ),
    ] = ()

    bgp_ports: Annotated[tuple[int, ...], Ports(help="BGP ports, such as 179,1790, instead of the usual one: 179")] = ()

    daemon: Annotated[bool, Flag(written="-d", section=AGENT, help="run in the background")] = False
    config: Annotated[
        str | None,
        File(section=AGENT, is_key=False, help="read taps, policies and options from this YAML file, again on SIGHUP"),
    ] = None
    check_config: Annotated[
        str | None,
        File(section=AGENT, is_key=False, help="list all mistakes in a configuration file, and exit"),
    ] = None
    admin_api: Annotated[bool, Flag(section=AGENT, help="let clients change taps and policies over HTTP")] = False
    make_token: Annotated[
        tuple[str, str] | None,
        Text(
            value=("NAME", "SCOPE"),
            section=AGENT,
            is_key=False,
            help="make a token with scope read or admin, print it, and exit",
        ),
    ] = None
    state_dir: Annotated[
        str | None, File(value="DIR", section=AGENT, help="keep windows in this directory over a restart")
    ] = None
    lookback_mb: Annotated[
        int | None,
        Number(
            least=0,
            most=MOST_LOOKBACK_MB,
            section=AGENT,
            help="megabytes of recent packets that each input keeps, so that a new policy shows the last minute "
            f"at once (default: {DEFAULT_LOOKBACK_MB} with the admin API, else 0)",
        ),
    ] = None
    memory_mb: Annotated[
        int | None,
        Number(
            least=LEAST_MEMORY_MB,
            most=MOST_MEMORY_MB,
            section=AGENT,
            help="megabytes that windows, groups, tables, lookback and answers may take together; beyond that, they "
            "give way in a documented order, and new policies are refused (default: each has its own bound)",
        ),
    ] = None
    no_promiscuous: Annotated[bool, Flag(section=AGENT, help="capture only packets from and to this host")] = False
    module_list: Annotated[bool, Flag(section=AGENT, help="list inputs and handlers, and exit")] = False

    geo_cache_size: Annotated[
        int,
        Number(
            least=0,
            most=MOST_GEO_CACHE,
            section=LOOK_UPS,
            help="cached lookups per geo database, at most {most} (default: {default})",
        ),
    ] = 10_000
    default_geo_city: Annotated[
        str | None, File(section=LOOK_UPS, help="database of places to use without --geo-city")
    ] = None
    default_geo_asn: Annotated[
        str | None, File(section=LOOK_UPS, help="database of networks to use without --geo-asn")
    ] = None
    suffix_list: Annotated[
        str | None,
        File(
            section=LOOK_UPS,
            help="list of public suffixes, such as public_suffix_list.dat, instead of the built-in one",
        ),
    ] = None
    iana_service_port_registry: Annotated[str | None, File(section=LOOK_UPS, help="names of ports (IANA's CSV)")] = None
    default_service_registry: Annotated[
        str | None, File(section=LOOK_UPS, help="names of ports to use without that registry")
    ] = None

    prom_instance: Annotated[
        str | None, Text(value="ID", section=EXPORT, help="add this label 'instance' to all Prometheus series")
    ] = None
    otel: Annotated[bool, OTEL] = False
    otel_host: Annotated[str, OTEL_HOST] = OTEL_DEFAULTS.host
    otel_port: Annotated[int, OTEL_PORT] = OTEL_DEFAULTS.port
    otel_path: Annotated[str, OTEL_PATH] = OTEL_DEFAULTS.path
    otel_interval: Annotated[int, OTEL_INTERVAL] = OTEL_DEFAULTS.interval_s
    otel_deltas: Annotated[bool, OTEL_DELTAS] = False
    otel_tls: Annotated[bool, OTEL_TLS] = False
    otel_tls_cert: Annotated[str | None, OTEL_TLS_CERT] = None
    otel_tls_key: Annotated[str | None, OTEL_TLS_KEY] = None

    hub: Annotated[
        str | None,
        Url(
            section=EXPORT,
            reading=read_hub_url,
            help="send each closed window to the hub at this address, such as https://hub.example:8443, or to NATS or "
            "Kafka, which the hub reads from: nats+tls://broker.example, kafka+tls://broker.example/TOPIC",
        ),
    ] = None
    hub_token_file: Annotated[
        str | None, File(section=EXPORT, help="send the hub the token in this file, which is read anew for each window")
    ] = None
    hub_ca: Annotated[
        str | None,
        File(section=EXPORT, help="authorities to trust for the hub's certificate instead of the system's (PEM)"),
    ] = None
    hub_cert: Annotated[str | None, File(section=EXPORT, help="client certificate, if the hub asks for one (PEM)")] = (
        None
    )
    hub_key: Annotated[str | None, File(section=EXPORT, help="its private key (PEM)")] = None
    hub_spool: Annotated[
        str | None,
        File(
            value="DIR",
            section=EXPORT,
            help="keep windows in this directory until the hub has them (default: hub in --state-dir, else in memory)",
        ),
    ] = None
    hub_spool_mb: Annotated[
        int,
        Number(
            least=1,
            most=MOST_SPOOL_MB,
            section=EXPORT,
            help="megabytes of windows that wait for the hub at most; beyond that the oldest are dropped (default: "
            "{default})",
        ),
    ] = 64
    hub_top_items: Annotated[
        int,
        Number(
            least=LEAST_TOP_ITEMS,
            most=MOST_TOP_ITEMS,
            section=EXPORT,
            help="items of each top list that the hub gets, {least} to {most}: the heaviest (default: {default})",
        ),
    ] = 384
    hub_policies: Annotated[
        bool, Flag(section=EXPORT, help="take taps and policies that the hub wants this agent to have")
    ] = False
    hub_policies_interval: Annotated[
        int,
        Number(
            value="S",
            least=1,
            most=86_400,
            section=EXPORT,
            help="seconds between questions what the hub wants, on average (default: {default})",
        ),
    ] = 60
    hub_arrow: Annotated[
        bool,
        Flag(section=EXPORT, help="send the hub Arrow streams, which other programs read, too, in twice the bytes"),
    ] = False
    agent_name: Annotated[
        str | None,
        Text(
            value="NAME",
            section=EXPORT,
            help="name of this agent at the hub and in window records (default: that of --prom-instance, else the "
            "host's)",
        ),
    ] = None
    tags: Annotated[
        Tags,
        TagList(
            written="--tag",
            variable="PKTVISOR_TAGS",
            section=EXPORT,
            help="tag of this agent at the hub, such as site=fra; may be said several times, or in the environment as "
            "PKTVISOR_TAGS=site=fra,role=edge",
        ),
    ] = ()

    prometheus: Annotated[bool, Flag(section=FORMER, help="Prometheus metrics are always on")] = False
    no_track: Annotated[bool, Flag(section=FORMER, help="this agent never reports its use")] = False
    module_dir: Annotated[str | None, Text(value="DIR", section=FORMER, help="there are no modules to load")] = None
    cp_token: Annotated[str | None, Text(value="TOKEN", section=FORMER, help=NOT_SENT)] = None
    cp_url: Annotated[str | None, Text(value="URL", section=FORMER, help=NOT_SENT)] = None
    cp_path: Annotated[str | None, Text(value="PATH", section=FORMER, help=NOT_SENT)] = None
    cp_custom: Annotated[str | None, Text(value="TEXT", section=FORMER, help=NOT_SENT)] = None
    cp_disable: Annotated[bool, Flag(section=FORMER, help=NOT_SENT)] = False

    rules: ClassVar[tuple[Rule, ...]] = (
        *TLS_RULES,
        *PROXY_RULES,
        Rule(
            lambda said: 0 < sum(map(bool, _crash_reporting(said))) < 3 and not said.cp_disable,
            "missing information to setup crashpad",
            "--cp-token, --cp-url and --cp-path belong together",
        ),
        OTEL_KEY_RULE,
        *(_needs_a_hub(name) for name in ABOUT_A_HUB),
        Rule(
            lambda said: said.hub_policies and not _is_http(said.hub),
            "hub_policies needs a hub that is reached over HTTP: say hub, as https://hub.example:8443",
            name="hub_policies",
        ),
        Rule(
            lambda said: said.hub_key and not said.hub_cert,
            "a key needs its certificate, hub_cert",
            name="hub_key",
        ),
        Rule(
            lambda said: _is_open(said.hub) and (said.hub_ca or said.hub_cert),
            "hub_ca and hub_cert need a hub that is reached over TLS (https, nats+tls, kafka+tls), not {hub}",
            name="hub",
        ),
        Rule(
            lambda said: _is_open(said.hub) and said.hub_token_file and not read_hub_url(said.hub).is_loopback,
            "a token goes to a hub over TLS only (https, nats+tls, kafka+tls), not to {hub}: anybody on the way could "
            "read it",
            name="hub",
        ),
        Rule(
            lambda said: said.agent_name is not None and not is_agent_name(said.agent_name),
            f"the name of an agent must have 1 to {MOST_NAME_CHARACTERS} printable characters",
            name="agent_name",
        ),
    )

    @property
    def lookback(self) -> int:
        """Megabytes of the newest packets that each input keeps: some where the API can make use of them."""
        if self.lookback_mb is not None:
            return self.lookback_mb
        return DEFAULT_LOOKBACK_MB if self.admin_api else 0

    @property
    def kept_periods(self) -> int:
        """Windows that an agent keeps: as many as it was told, within what it can."""
        declared = DECLARED["periods"].option
        assert isinstance(declared, Number)
        return declared.clamped(self.periods)

    def absolute(self) -> DaemonOptions:
        """Make paths independent of the directory that the daemon works in."""
        files = [name for name, one in DECLARED.items() if isinstance(one.option, File)]
        told = {name: path for name in files if (path := getattr(self, name))}
        # Links stay: where one is set on another file, that file is meant from then on.
        absolute: dict[str, Any] = {name: str(Path(path).absolute()) for name, path in told.items()}
        return dataclasses.replace(self, **absolute)


def is_agent_name(text: str) -> bool:
    """Whether a hub takes this as the name of an agent."""
    return 1 <= len(text) <= MOST_NAME_CHARACTERS and text.isprintable() and text == text.strip()


def _is_open(url: str | None) -> bool:
    """Whether what goes there can be read on the way."""
    return bool(url) and not DECLARED["hub"].option.refused(url) and not read_hub_url(str(url)).is_tls


def _is_http(url: str | None) -> bool:
    """Whether a hub answers there itself, and no broker."""
    return bool(url) and not DECLARED["hub"].option.refused(url) and isinstance(read_hub_url(str(url)), HttpUrl)


def _crash_reporting(said: DaemonOptions) -> tuple[str | None, ...]:
    return said.cp_token, said.cp_url, said.cp_path


DECLARED: Mapping[str, Declared] = options_of(DaemonOptions)
KEYS: Mapping[str, Declared] = {name: one for name, one in DECLARED.items() if one.option.is_key}
"""The options that `visor.config` may say."""


NOTHING: Mapping[str, str] = {}


def resolve(
    said: Mapping[str, Any], configured: Mapping[str, Any], environment: Mapping[str, str] = NOTHING
) -> DaemonOptions:
    """Join the command line with a file's options, and the environment's tags.

    Raises `ConfigError` for what makes no sense together.
    """
    values: dict[str, Any] = {}
    for name, one in DECLARED.items():
        on_line, in_file = said.get(name), configured.get(name)
        if isinstance(one.option, Flag):
            values[name] = bool(on_line) or bool(in_file)
        elif isinstance(one.option, TagList):
            values[name] = one.option.together(on_line, in_file, environment)
        elif on_line is not None or in_file is not None:
            values[name] = one.option.taken(in_file) if on_line is None else on_line
    options = DaemonOptions(**values)
    for error in _mistakes(options):
        error.path = ""  # it may have been said on the command line
        raise error
    return options


def check_options(configured: Mapping[str, Any]) -> Iterator[ConfigError]:
    """Give all that is wrong with a file's options, those included that the daemon would silently make others."""
    values = {name: KEYS[name].option.taken(value) for name, value in configured.items() if value is not None}
    options = DaemonOptions(**values)
    yield from _mistakes(options)
    yield from values_refused(options, are_clamped=True)


def _mistakes(options: DaemonOptions) -> Iterator[ConfigError]:
    """Give what the daemon refuses: what does not belong together, then what is out of bounds."""
    yield from rules_broken(options)
    yield from values_refused(options)
