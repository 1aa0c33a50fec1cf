"""Options that all commands with a web server share: how they serve, who may ask, and how they log."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from pktvisor import logs
from pktvisor.config.networks import read_networks
from pktvisor.config.options import File, Flag, Networks, Port, Rule, Text

SERVING = "serving and logging"

DEFAULT_PROXY_HEADER = "X-Forwarded-User"
TAKEN_HEADERS = {"authorization", "host", "origin", "content-length", "content-type", "cookie"}

TLS_RULES = (
    Rule(
        lambda said: said.tls and not (said.tls_cert and said.tls_key),
        "you must specify --tls-key and --tls-cert to use --tls",
        name="tls",
    ),
    Rule(
        lambda said: said.tls_client_ca and not said.tls,
        "tls_client_ca needs tls: without it nobody is asked for a certificate",
        name="tls_client_ca",
    ),
)

HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
"""A token (RFC 9110, section 5.6.2)."""
PROXY_RULES = (
    Rule(
        lambda said: said.proxy_admins and not said.trusted_proxy,
        "proxy_admins needs trusted_proxy: nobody else's word is taken for who somebody is",
        name="proxy_admins",
    ),
    Rule(
        lambda said: said.proxy_header != DEFAULT_PROXY_HEADER and not said.trusted_proxy,
        "proxy_header needs trusted_proxy: nobody else's word is taken for who somebody is",
        name="proxy_header",
    ),
    Rule(
        lambda said: HEADER_NAME.fullmatch(said.proxy_header) is None or said.proxy_header.lower() in TAKEN_HEADERS,
        "proxy_header must be the name of a header of the proxy's own, not {proxy_header}",
        name="proxy_header",
    ),
    Rule(
        lambda said: bool(said.trusted_proxy) and _trusts_everybody(said.trusted_proxy),
        "trusted_proxy must be the addresses of a proxy, not {trusted_proxy}: everybody could sign on as anybody",
        name="trusted_proxy",
    ),
)


def _trusts_everybody(networks: str) -> bool:
    """Whether some network has all addresses; what is no network is told elsewhere."""
    try:
        return any(network.prefixlen == 0 for network in read_networks(networks))
    except ValueError:
        return False


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
    trusted_proxy: Annotated[
        str | None,
        Networks(
            section=SERVING, help="believe a proxy at these addresses who its users are, such as 10.0.0.5,10.1.0.0/24"
        ),
    ] = None
    proxy_header: Annotated[
        str,
        Text(value="NAME", section=SERVING, help="header in which that proxy names the user (default: {default})"),
    ] = DEFAULT_PROXY_HEADER
    proxy_admins: Annotated[
        str | None,
        Text(value="NAMES", section=SERVING, help="users of that proxy with all rights, with commas; the others read"),
    ] = None
    user: Annotated[
        str | None,
        Text(
            value="NAME",
            section=SERVING,
            help="become this user (NAME, or NAME:GROUP, or numbers), and keep of root's rights only what opening "
            "interfaces, sockets and files takes, until they are open",
        ),
    ] = None
    no_sandbox: Annotated[
        bool,
        Flag(
            section=SERVING,
            help="keep all capabilities, all system calls and write access to the whole file system",
        ),
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
