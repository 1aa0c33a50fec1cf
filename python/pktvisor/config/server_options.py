"""Options that all commands with a web server share: how they serve, who may ask, and how they log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pktvisor import logs
from pktvisor.config.options import File, Flag, Port, Rule, Text

SERVING = "serving and logging"

TLS_IS_WHOLE = Rule(
    lambda said: said.tls and not (said.tls_cert and said.tls_key),
    "you must specify --tls-key and --tls-cert to use --tls",
    name="tls",
)


@dataclass(frozen=True)
class ServerOptions:
    """How a command serves and logs."""

    host: Annotated[
        str,
        Text(
            written="-l",
            value="HOST",
            section=SERVING,
            help="serve on this host name or IP address (default: {default})",
        ),
    ] = "localhost"
    port: Annotated[int, Port(written="-p", section=SERVING, help="serve on this port (default: {default})")] = 10853
    host_names: Annotated[
        str | None,
        Text(
            value="NAMES",
            section=SERVING,
            help="accept these names in Host headers, too, beside localhost and HOST; separate them with commas",
        ),
    ] = None
    tls: Annotated[bool, Flag(section=SERVING, help="serve HTTPS; needs --tls-cert and --tls-key")] = False
    tls_cert: Annotated[str | None, File(section=SERVING, help="certificate (PEM)")] = None
    tls_key: Annotated[str | None, File(section=SERVING, help="private key (PEM)")] = None
    tls_client_ca: Annotated[
        str | None, File(section=SERVING, help="require client certificates from these authorities (PEM)")
    ] = None
    token_file: Annotated[str | None, File(section=SERVING, help="require one of the tokens in this file")] = None
    no_sandbox: Annotated[
        bool, Flag(section=SERVING, help="keep all capabilities and write access to the whole file system")
    ] = False
    log_file: Annotated[str | None, File(section=SERVING, help="log to a file")] = None
    syslog: Annotated[bool, Flag(section=SERVING, help="log to syslog")] = False
    log_format: Annotated[
        str,
        Text(
            value="FORM",
            choices=logs.FORMS,
            section=SERVING,
            help="text, or json: one object per line (default: {default})",
        ),
    ] = "text"
    verbose: Annotated[bool, Flag(written="-v --verbose", help="log in more detail")] = False
    admin_api: bool = False
