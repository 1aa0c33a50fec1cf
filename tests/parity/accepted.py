"""Where the answers may differ, and why: a small table to be read with docs/reference/compatibility.md."""

from __future__ import annotations

from fnmatch import fnmatchcase

RATES = "rates are counted in packet time; the C++ pktvisor's timer sees none of a file"
FRAGMENTS = "seven answers in IP fragments are put together again and read; tshark has them, too"
FRAGMENTS_PROTOCOL = "a fragment counts as the protocol of its IP header; for the C++ pktvisor it has none"

CLOCK = "a clock that goes ahead by more than a day was set: the time between is no part of a period"
DNSTAP_TIME = "periods of a dnstap file are those of its messages, not of the clock on the wall"
ASKED_AGAIN = "two questions are asked twice: their answers are timed from the first time on"
DHCP_MESSAGES = "messages of kinds that the C++ pktvisor does not tell from others"

MORE_OF_DHCP = (
    "confirm",
    "decline",
    "decline_v6",
    "inform",
    "information_request",
    "nak",
    "rebind",
    "rebind_v6",
    "reconfigure",
    "release",
    "release_v6",
    "renew",
    "renew_v6",
)
"""Names of `wire_packets` in DHCP that only ours has."""

MORE_OF_NETPROBE = ("jitter_us", "packets_late", "packets_lost")
"""Names of a target's metrics that only ours has."""

ACCEPTED: tuple[tuple[str, str, str], ...] = (
    # answer, place, reason
    ("*", "*/*.rates.*", RATES),
    ("*", "dns_v2/dns.*.xact_rates", RATES),
    *(("*", f"*/dhcp.wire_packets.{name}", DHCP_MESSAGES) for name in MORE_OF_DHCP),
    ("*.dnstap*", "*.period.*", DNSTAP_TIME),
    ("*.dnstap*", "dns_v2/dns.in.xact_*", ASKED_AGAIN),
    ("*.ecs*", "*.period.length", CLOCK),
    ("*.ecs*", "*/dns.*", FRAGMENTS),
    ("*.ecs*", "*/packets.udp", FRAGMENTS_PROTOCOL),
    ("*.ecs*", "*/packets.other_l4", FRAGMENTS_PROTOCOL),
    ("*.ecs*", "*/net.*.udp_packets", FRAGMENTS_PROTOCOL),
    ("*.ecs*", "*/net.*.other_l4_packets", FRAGMENTS_PROTOCOL),
)

NO_LATER_FRAGMENTS = "not (ip[6:2] & 0x1fff != 0) and not (ip6[6] = 44 and ip6[42:2] & 0xfff8 != 0)"
"""A filter that leaves nothing to put together."""


def reason(answer: str, place: str, accepted: tuple[tuple[str, str, str], ...] = ACCEPTED) -> str | None:
    """Give why the answers may differ there; None where they may not."""
    for answers, places, why in accepted:
        if fnmatchcase(answer, answers) and fnmatchcase(place, places):
            return why
    return None
