"""The options of pktvisor-hub: said on the command line, else their defaults."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from pktvisor.config.options import File, Flag, Number, Rule, Text, Url
from pktvisor.config.otel_options import (
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
from pktvisor.config.server_options import PROXY_RULES, SERVING, TLS_RULES, ServerOptions
from pktvisor.config.urls import read_broker_url, read_lake_url

READING = "reading from a broker"
KEEPING = "what is kept"
SHOWING = "what is shown"
DEFAULT_DAYS = 30
MOST_DAYS = 3660
DEFAULT_GROUP = "pktvisor-hub"
GROUP = re.compile(r"[A-Za-z0-9_-]{1,100}")


def default_directory() -> str:
    """Where the hub keeps everything if nobody says where: below /var/lib for root, else where users' data is."""
    if os.geteuid() == 0:
        return "/var/lib/pktvisor-hub"
    home = os.environ.get("XDG_DATA_HOME") or str(Path("~/.local/share").expanduser())
    return str(Path(home) / "pktvisor-hub")


def _is_open(url: str | None) -> bool:
    """Whether what goes there can be read on the way."""
    return url is not None and not read_broker_url(url).is_tls


def _days(what: str) -> Number:
    """How long something is kept."""
    return Number(
        value="DAYS",
        least=1,
        most=MOST_DAYS,
        on_line="refused",
        section=KEEPING,
        noun="a whole number from {least} to {most}",
        help=f"remove {what} after so many days (default: {{default}})",
    )


DATA_DIR = File(
    value="DIR",
    section=KEEPING,
    help="where everything is kept (default: /var/lib/pktvisor-hub for root, else ~/.local/share/pktvisor-hub)",
)


@dataclass(frozen=True)
class HubOptions(ServerOptions):
    """Everything that the hub can be told."""

    config: Annotated[
        str | None, File(section=SHOWING, help="read the hub's policies from this YAML file, again on SIGHUP")
    ] = None
    check_config: Annotated[
        str | None, File(section=SHOWING, help="list all mistakes in a configuration file, and exit")
    ] = None
    data_dir: Annotated[str | None, DATA_DIR] = None
    keep_days: Annotated[int, _days("the agents' own windows")] = DEFAULT_DAYS
    keep_days_1m: Annotated[int, _days("what is merged by the minute")] = DEFAULT_DAYS
    keep_days_10m: Annotated[int, _days("what is merged by ten minutes")] = 180
    keep_days_1h: Annotated[int, _days("what is merged by the hour")] = 730
    keep_days_1d: Annotated[int, _days("what is merged by the day")] = MOST_DAYS
    keep_gb: Annotated[
        int,
        Number(
            value="GB",
            least=0,
            most=1 << 20,
            on_line="refused",
            section=KEEPING,
            noun="a whole number from {least} to {most}",
            help="remove the oldest beyond so many gigabytes, the agents' own first (default: {default}, no bound)",
        ),
    ] = 0
    lake: Annotated[
        str | None,
        Url(
            section=KEEPING,
            reading=read_lake_url,
            help="copy sealed hours to Delta tables, too, such as file:///srv/lake, s3://bucket/lake",
        ),
    ] = None
    source: Annotated[
        str | None,
        Url(
            written="--from",
            section=READING,
            reading=read_broker_url,
            help="take windows from NATS or Kafka, too, such as nats+tls://broker.example, kafka+tls://broker.example",
        ),
    ] = None
    source_group: Annotated[
        str,
        Text(
            value="NAME",
            written="--from-group",
            section=READING,
            help="share the windows with the other hubs of this group (default: {default})",
        ),
    ] = DEFAULT_GROUP
    source_token_file: Annotated[
        str | None,
        File(written="--from-token-file", section=READING, help="file with a token for it, or with NAME:PASSWORD"),
    ] = None
    source_ca: Annotated[
        str | None,
        File(
            written="--from-ca",
            section=READING,
            help="authorities to trust for its certificate instead of the system's (PEM)",
        ),
    ] = None
    source_cert: Annotated[
        str | None,
        File(written="--from-cert", section=READING, help="client certificate, if it asks for one (PEM)"),
    ] = None
    source_key: Annotated[str | None, File(written="--from-key", section=READING, help="its private key (PEM)")] = None
    otel: Annotated[bool, OTEL] = False
    otel_host: Annotated[str, OTEL_HOST] = OTEL_DEFAULTS.host
    otel_port: Annotated[int, OTEL_PORT] = OTEL_DEFAULTS.port
    otel_path: Annotated[str, OTEL_PATH] = OTEL_DEFAULTS.path
    otel_interval: Annotated[int, OTEL_INTERVAL] = OTEL_DEFAULTS.interval_s
    otel_deltas: Annotated[bool, OTEL_DELTAS] = False
    otel_tls: Annotated[bool, OTEL_TLS] = False
    otel_tls_cert: Annotated[str | None, OTEL_TLS_CERT] = None
    otel_tls_key: Annotated[str | None, OTEL_TLS_KEY] = None
    admin_api: Annotated[
        bool, Flag(section=SERVING, help="let clients remove agents, and have the configuration read again, over HTTP")
    ] = False
    make_token: Annotated[
        tuple[str, str] | None,
        Text(
            value=("NAME", "SCOPE"),
            section=SERVING,
            help="make a token with scope read, admin, or send (for the agent NAME), print it, and exit",
        ),
    ] = None

    rules: ClassVar[tuple[Rule, ...]] = (
        *TLS_RULES,
        *PROXY_RULES,
        OTEL_KEY_RULE,
        Rule(
            lambda said: (
                said.source is None
                and (
                    any((said.source_token_file, said.source_ca, said.source_cert, said.source_key))
                    or said.source_group != DEFAULT_GROUP
                )
            ),
            "--from-group, --from-token-file, --from-ca, --from-cert and --from-key need a broker: say --from",
        ),
        Rule(lambda said: said.source_key and not said.source_cert, "a key needs its certificate, --from-cert"),
        Rule(
            lambda said: _is_open(said.source) and (said.source_ca or said.source_cert),
            "--from-ca and --from-cert need a broker that is reached over TLS (nats+tls, kafka+tls)",
        ),
        Rule(
            lambda said: (
                _is_open(said.source) and said.source_token_file and not read_broker_url(said.source).is_loopback
            ),
            "a token goes to a broker over TLS only (nats+tls, kafka+tls): anybody on the way could read it",
        ),
        Rule(
            lambda said: GROUP.fullmatch(said.source_group) is None,
            "--from-group must be a name of letters, digits, _ and -",
        ),
    )

    @property
    def kept_days_merged(self) -> dict[int, int]:
        """How many days merged windows are kept, by their length in seconds."""
        return {60: self.keep_days_1m, 600: self.keep_days_10m, 3600: self.keep_days_1h, 86400: self.keep_days_1d}

    @property
    def directory(self) -> Path:
        """Where everything is kept."""
        return Path(self.data_dir or default_directory()).absolute()
