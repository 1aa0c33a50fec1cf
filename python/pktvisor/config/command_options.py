"""What the options of the commands have in common: bounds, and the declarations that several commands share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pktvisor.config.options import File, Flag, Number, Ports, Text
from pktvisor.config.ports import PortsByProtocol, port_options

MOST_PERIODS = 10
"""Windows that a policy keeps at most."""
DEFAULT_PERIODS = 5
MOST_LENGTH_S = 3600
DEFAULT_LENGTH_S = 60
"""Seconds that a window lasts: at most, and where nobody says."""
DEFAULT_STEP_S = 10
"""Seconds that a step lasts where there are any."""
MOST_WORKERS = 64
"""Threads of one input; each has a ring of its own."""
MOST_LOOKBACK_MB = 1 << 16
LEAST_MEMORY_MB = 16
MOST_MEMORY_MB = 1 << 20


def _not_empty(text: str) -> str:
    if not text.strip():
        raise ValueError("give at least one CIDR, such as 10.0.0.0/8")
    return text


FILTER = Text(
    written="-b", value="BPF", help="only packets that match this filter (in tcpdump's language)", is_key=False
)
DNS_PORTS = Ports(
    help="DNS ports, such as 53,8600, instead of the usual ones: "
    f"{', '.join(str(port) for port in port_options()['dns'].usual)}; add any to recognize DNS by its content on all "
    "other ports",
    may_be_any=True,
)
WINDOW_LENGTH = Number(
    value="S",
    least=1,
    most=MOST_LENGTH_S,
    on_line="refused",
    noun="a whole number from {least} to {most}",
    help="length of a period in seconds, {least} to {most} (default: {default})",
)
DECAPSULATE = Flag(help="count packets in tunnels (GRE, VXLAN, Geneve, GTP-U...) by the addresses and ports inside")
GEO_CITY = File(help="database of places (MaxMind or IPinfo)")
GEO_ASN = File(help="database of networks: ASN or ISP (MaxMind or IPinfo)")


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
            help="networks and addresses of this host, such as 10.0.1.0/24,2001:db8::5, which tell inbound from "
            "outbound packets; if both ends match, the longer prefix wins (default: those of a live interface; "
            "none for a file)",
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
            help="keep this many periods, {least} to {most} (default: {default}); 1 means one summary of everything",
        ),
    ] = DEFAULT_PERIODS
    window_length: Annotated[int, WINDOW_LENGTH] = DEFAULT_LENGTH_S
    summary: Annotated[bool, Flag(is_key=False, help="summarise all packets of a file in one, like --periods 1")] = (
        False
    )
    follow: Annotated[
        bool,
        Flag(
            is_key=False,
            help="read a capture file, or a directory of such, as it grows; end and print the summary at SIGINT or "
            "SIGTERM",
        ),
    ] = False
    json: Annotated[bool, Flag(is_key=False, help="print the summary of a file as JSON, even on a terminal")] = False
    max_deep_sample: Annotated[
        int,
        Number(
            least=1,
            most=100,
            on_line="clamped",
            is_clamped=True,
            help="inspect at most N% of the packets deeply, {least} to {most} (default: {default})",
        ),
    ] = 100
    workers: Annotated[
        int | None,
        Number(
            least=1,
            most=MOST_WORKERS,
            on_line="refused",
            noun="a whole number from {least} to {most}",
            help="share the packets among N threads, {least} to {most} (default: 1 for an interface; one per "
            "processor, at most 4, for a file)",
        ),
    ] = None
    geo_city: Annotated[str | None, GEO_CITY] = None
    geo_asn: Annotated[str | None, GEO_ASN] = None
    decapsulate: Annotated[bool, DECAPSULATE] = False
    verbose: Annotated[bool, Flag(written="-v --verbose", help="log in more detail")] = False

    @property
    def ports(self) -> PortsByProtocol:
        """The ports that it names, of those protocols whose ports commands may set."""
        named = {option.protocol: getattr(self, option.key, ()) for option in port_options().values()}
        return {protocol: ports for protocol, ports in named.items() if ports}
