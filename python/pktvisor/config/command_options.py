"""What the options of the commands have in common: bounds, and the declarations that several commands share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pktvisor import _core
from pktvisor.config.options import File, Flag, Number, Ports, Text

MOST_PERIODS = 10
"""Windows that a policy keeps at most."""
DEFAULT_PERIODS = 5
MOST_LENGTH_S = 3600
DEFAULT_LENGTH_S = 60
"""Seconds that a window lasts: at most, and where nobody says."""
MOST_WORKERS = 64
"""Threads of one input; each has a ring of its own."""
MOST_LOOKBACK_MB = 1 << 16
LEAST_MEMORY_MB = 16
MOST_MEMORY_MB = 1 << 20


def _not_empty(text: str) -> str:
    if not text.strip():
        raise ValueError("at least one CIDR is needed, as 10.0.0.0/8")
    return text


FILTER = Text(written="-b", value="BPF", help="only packets that pass this filter (as tcpdump's)", is_key=False)
DNS_PORTS = Ports(
    help="ports by which DNS is known, as 53,8600, instead of the usual ones: "
    f"{', '.join(str(port) for port in _core.usual_ports()['dns'])}"
)
WINDOW_LENGTH = Number(
    value="S",
    least=1,
    most=MOST_LENGTH_S,
    on_line="refused",
    noun="a whole number from {least} to {most}",
    help="seconds that a period lasts, {least} to {most} (default: {default})",
)
GEO_CITY = File(help="MaxMind database of places")
GEO_ASN = File(help="MaxMind database of networks (ASN or ISP)")


@dataclass(frozen=True)
class SummaryOptions:
    """What is summarised, and how: of all commands that write a summary of files."""

    filter_expression: Annotated[str, FILTER] = ""
    hosts: Annotated[
        str | None,
        Text(
            written="-H",
            value="HOSTSPEC",
            reader=_not_empty,
            is_key=False,
            help="networks to count as this host, which tells ingress from egress: CIDRs or addresses, as "
            "10.0.1.0/24,2001:db8::5; where both ends fit, the longer prefix decides. The networks and addresses of a "
            "live interface are the default; a capture file has none",
        ),
    ] = None
    dns_ports: Annotated[tuple[int, ...], DNS_PORTS] = ()
    periods: Annotated[
        int,
        Number(
            value="P",
            least=1,
            most=MOST_PERIODS,
            is_clamped=True,
            help="keep this many periods, {least} to {most} (default: {default}); 1 is one summary of everything",
        ),
    ] = DEFAULT_PERIODS
    window_length: Annotated[int, WINDOW_LENGTH] = DEFAULT_LENGTH_S
    summary: Annotated[bool, Flag(is_key=False, help="one summary of all packets of a file, as --periods 1")] = False
    json: Annotated[bool, Flag(is_key=False, help="of a file, print JSON where stdout is a terminal, too")] = False
    max_deep_sample: Annotated[
        int,
        Number(
            least=1,
            most=100,
            on_line="clamped",
            is_clamped=True,
            help="look deeper into no more than N% of the packets, {least} to {most} (default: {default})",
        ),
    ] = 100
    workers: Annotated[
        int | None,
        Number(
            least=1,
            most=MOST_WORKERS,
            on_line="refused",
            noun="a whole number from {least} to {most}",
            help="share the packets among N threads, {least} to {most} (default: 1 for an interface; for a file one "
            "per processor, 4 at most)",
        ),
    ] = None
    geo_city: Annotated[str | None, GEO_CITY] = None
    geo_asn: Annotated[str | None, GEO_ASN] = None
    verbose: Annotated[bool, Flag(written="-v --verbose", help="say more")] = False
