"""Options that all commands with a web server share: how they serve, who may ask, and how they log."""

from __future__ import annotations

from pktvisor import logs
from pktvisor.config.options import File, Flag, Port, Rule, Text

SERVING = "serving and logging"
DEFAULT_HOST = "localhost"
DEFAULT_PORT = 10853

HOST = Text(
    written="-l", value="HOST", section=SERVING, help="serve on this host name or IP address (default: {default})"
)
PORT = Port(written="-p", section=SERVING, help="serve on this port (default: {default})")
HOST_NAMES = Text(
    value="NAMES",
    section=SERVING,
    help="accept these names in Host headers, too, beside localhost and HOST; separate them with commas",
)
TLS = Flag(section=SERVING, help="serve HTTPS; needs --tls-cert and --tls-key")
TLS_CERT = File(section=SERVING, help="certificate (PEM)")
TLS_KEY = File(section=SERVING, help="private key (PEM)")
TLS_CLIENT_CA = File(section=SERVING, help="require client certificates from these authorities (PEM)")
TOKEN_FILE = File(section=SERVING, help="require one of the tokens in this file")
LOG_FILE = File(section=SERVING, help="log to a file")
SYSLOG = Flag(section=SERVING, help="log to syslog")
LOG_FORMAT = Text(
    value="FORM",
    choices=logs.FORMS,
    section=SERVING,
    help="text, or json: one object per line (default: {default})",
)

TLS_IS_WHOLE = Rule(
    lambda said: said.tls and not (said.tls_cert and said.tls_key),
    "you must specify --tls-key and --tls-cert to use --tls",
    name="tls",
)
