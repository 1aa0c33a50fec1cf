"""The options of pktvisor, the terminal interface."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

from pktvisor.config.command_options import (
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
    from pktvisor.tui.windows import Window

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


def _window(text: str) -> Window:
    from pktvisor.tui.windows import parse_window

    return parse_window(text)


@dataclass(frozen=True)
class TerminalOptions:
    """Everything that the terminal interface can be told."""

    files: Annotated[
        tuple[str, ...],
        Operands(
            value="FILE",
            help="instead of an agent to ask: capture files, and directories of them, to analyse as one; or an "
            "interface (any for all) to capture on",
        ),
    ] = ()
    host: Annotated[
        str | None,
        Text(
            written="-H",
            value="HOST",
            help=f"agent's host (default: {DEFAULT_HOST}); of a file, the networks to count as this host, as --hosts",
        ),
    ] = None
    port: Annotated[int, Port(written="-p", least=1, on_line="refused", help="agent's port (default: {default})")] = (
        10853
    )
    policy: Annotated[
        str | None,
        Text(written="-P", value="POLICY", help="policy to show first (default: default, or the first that there is)"),
    ] = None
    tls: Annotated[bool, Flag(written="-tls --tls", help="speak TLS to the agent")] = False
    tls_noverify: Annotated[
        bool, Flag(written="-tls-noverify --tls-noverify", help="speak TLS, and take whatever certificate it has")
    ] = False
    tls_ca: Annotated[str | None, File(help="certificates to trust instead of the system's (PEM)")] = None
    tls_cert: Annotated[str | None, File(help="our certificate, where the agent wants one (PEM); speaks TLS")] = None
    tls_key: Annotated[str | None, File(help="its private key, where it is not in the same file (PEM)")] = None
    token: Annotated[
        str | None, Text(value="TOKEN", help=f"token that the agent wants (default: ${TOKEN_VARIABLE})")
    ] = None
    token_file: Annotated[str | None, File(help="file with that token, which other users then don't see")] = None
    window: Annotated[
        Any,
        Text(
            value="W",
            reader=_window,
            help="live, last (the last closed period) or that many periods merged, 2 to 10 (default: 5; of a file, "
            "all)",
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
            help="with --once and --json: seconds that the agent may take for everything (default: {default:g})",
        ),
    ] = 15.0
    once: Annotated[bool, Flag(excludes=PRINTED, help="print the first screen as text, and end")] = False
    json: Annotated[bool, Flag(excludes=PRINTED, help="print the policy's metrics as JSON, and end")] = False
    filter_expression: Annotated[str, replace(FILTER, section=CAPTURES)] = ""
    hosts: Annotated[str, Text(value="HOSTSPEC", section=CAPTURES, help="networks to count as this host, as -H")] = ""
    dns_ports: Annotated[tuple[int, ...], replace(DNS_PORTS, section=CAPTURES)] = ()
    window_length: Annotated[int, replace(WINDOW_LENGTH, section=CAPTURES)] = DEFAULT_LENGTH_S
    geo_city: Annotated[str | None, replace(GEO_CITY, section=CAPTURES)] = None
    geo_asn: Annotated[str | None, replace(GEO_ASN, section=CAPTURES)] = None

    def for_captures(self) -> SummaryOptions:
        """Give what it was told of packets that this process summarises itself."""
        return SummaryOptions(
            filter_expression=self.filter_expression,
            hosts=self.hosts or self.host,
            dns_ports=self.dns_ports,
            window_length=self.window_length,
            geo_city=self.geo_city,
            geo_asn=self.geo_asn,
        )
