"""The options of pktvisor, the terminal interface."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

from pktvisor.config.command_options import (
    DECAPSULATE,
    DEFAULT_LENGTH_S,
    DNS_PORTS,
    FILTER,
    GEO_ASN,
    GEO_CITY,
    WINDOW_LENGTH,
    SummaryOptions,
)
from pktvisor.config.options import File, Flag, Operands, Port, Text

if TYPE_CHECKING:
    from pktvisor.tui.windows import WindowChoice

DEFAULT_HOST = "localhost"
TOKEN_VARIABLE = "PKTVISOR_TOKEN"
LEAST_INTERVAL_S = 0.2
CAPTURES = "for capture files and interfaces"
PRINTED = "printed"


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not LEAST_INTERVAL_S <= seconds <= 3600:
        raise ValueError(f"{text!r} is not a number of seconds from {LEAST_INTERVAL_S} to 3600")
    return seconds


def _window(text: str) -> WindowChoice:
    from pktvisor.tui.windows import parse_window

    return parse_window(text)


@dataclass(frozen=True)
class TerminalOptions:
    """Everything that the terminal interface can be told."""

    files: Annotated[
        tuple[str, ...],
        Operands(
            value="FILE",
            help="show these capture files and directories (as one capture) instead of an agent; or capture on this "
            "interface (any means all)",
        ),
    ] = ()
    host: Annotated[
        str | None,
        Text(
            written="-H",
            value="HOST",
            help=f"the agent's host (default: {DEFAULT_HOST}); for files and interfaces, the same as --hosts",
        ),
    ] = None
    port: Annotated[
        int, Port(written="-p", least=1, on_line="refused", help="the agent's port (default: {default})")
    ] = 10853
    policy: Annotated[
        str | None,
        Text(
            written="-P",
            value="POLICY",
            help="the policy to show first (default: the one named default, or else the first)",
        ),
    ] = None
    tls: Annotated[bool, Flag(written="-tls --tls", help="use TLS")] = False
    tls_noverify: Annotated[
        bool, Flag(written="-tls-noverify --tls-noverify", help="use TLS, but accept any certificate")
    ] = False
    tls_ca: Annotated[str | None, File(help="trust these authorities instead of the system's (PEM)")] = None
    tls_cert: Annotated[str | None, File(help="use TLS with this client certificate (PEM)")] = None
    tls_key: Annotated[str | None, File(help="its private key, if not in the same file (PEM)")] = None
    token: Annotated[str | None, Text(value="TOKEN", help=f"the agent's token (default: ${TOKEN_VARIABLE})")] = None
    token_file: Annotated[str | None, File(help="read the token from a file, so that other users don't see it")] = None
    window: Annotated[
        Any,
        Text(
            value="W",
            reader=_window,
            help="live, last (the last closed period), or 2 to 10 periods merged (default: 5; all periods of a file)",
        ),
    ] = None
    interval: Annotated[
        float, Text(value="S", reader=_seconds, help="seconds between readings (default: {default:g})")
    ] = 1.0
    timeout: Annotated[
        float,
        Text(
            value="S",
            reader=_seconds,
            help="with --once and --json: seconds to wait for the agent in all (default: {default:g})",
        ),
    ] = 15.0
    once: Annotated[bool, Flag(excludes=PRINTED, help="print the first screen as text, and exit")] = False
    json: Annotated[bool, Flag(excludes=PRINTED, help="print the policy's metrics as JSON, and exit")] = False
    filter_expression: Annotated[str, replace(FILTER, section=CAPTURES)] = ""
    hosts: Annotated[
        str, Text(value="HOSTSPEC", section=CAPTURES, help="networks and addresses of this host, such as 10.0.1.0/24")
    ] = ""
    dns_ports: Annotated[tuple[int, ...], replace(DNS_PORTS, section=CAPTURES)] = ()
    decapsulate: Annotated[bool, replace(DECAPSULATE, section=CAPTURES)] = False
    window_length: Annotated[int, replace(WINDOW_LENGTH, section=CAPTURES)] = DEFAULT_LENGTH_S
    geo_city: Annotated[str | None, replace(GEO_CITY, section=CAPTURES)] = None
    geo_asn: Annotated[str | None, replace(GEO_ASN, section=CAPTURES)] = None

    def for_captures(self) -> SummaryOptions:
        """Give what it was told of packets that this process summarises itself."""
        return SummaryOptions(
            filter_expression=self.filter_expression,
            hosts=self.hosts or self.host,
            dns_ports=self.dns_ports,
            decapsulate=self.decapsulate,
            window_length=self.window_length,
            geo_city=self.geo_city,
            geo_asn=self.geo_asn,
        )
