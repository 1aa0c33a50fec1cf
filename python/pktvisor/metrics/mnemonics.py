"""Words for the numbers of some columns: `NXDOMAIN` for a response code, `in` for a direction, `SYN` for a TCP flag.

They may stand for the numbers in expressions, and top lists show them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pktvisor.metrics.dns_names import QTYPE_NUMBERS, RCODE_NUMBERS, qtype_name, rcode_name

Words = Mapping[str, Mapping[int, str]]
"""Words by the numbers that they stand for, by column."""

EXPORTED_DIRECTION = "flow.direction"
"""On which side of an interface an exporter counts (IPFIX element 61): it tells nothing of this host."""
_DIRECTIONS = {"unknown": 0, "in": 1, "out": 2}
_TRANSPORTS = {"tcp": 6, "udp": 17}


@dataclass(frozen=True)
class Mnemonics:
    """The words of one column."""

    numbers: Mapping[str, int]
    """Every word with its number."""
    name: Callable[[int], str]
    """The word for a number, or the number itself as text."""
    missing: int | None = None
    """The number of rows that have no value, and so no word."""

    def number(self, word: str) -> int | None:
        """The number that a word stands for, in capitals or not; None where it stands for none."""
        return next((self.numbers[form] for form in (word, word.lower(), word.upper()) if form in self.numbers), None)


def _words(numbers: Mapping[str, int], missing: int | None = None) -> Mnemonics:
    names = {number: word for word, number in numbers.items()}
    return Mnemonics(numbers, lambda number: names.get(number, str(number)), missing)


def _dnstap_types() -> Mapping[str, int]:
    """Queries have odd numbers, and their responses the next."""
    who = ("AUTH", "RESOLVER", "CLIENT", "FORWARDER", "STUB", "TOOL", "UPDATE")
    return {
        f"{one}_{what}": 2 * at + more for at, one in enumerate(who) for more, what in ((1, "QUERY"), (2, "RESPONSE"))
    }


_IP_PROTOCOLS = _TRANSPORTS | {"icmp": 1, "igmp": 2, "gre": 47, "esp": 50, "icmpv6": 58, "sctp": 132}
_TCP_FLAGS = {"FIN": 1, "SYN": 2, "RST": 4, "PSH": 8, "ACK": 16, "URG": 32}
_TUNNELS = {"ipip": 1, "6in4": 2, "gre": 3, "erspan": 4, "vxlan": 5, "geneve": 6, "gtp": 7, "mpls": 8}

_MNEMONICS = {
    "dns.rcode": Mnemonics(RCODE_NUMBERS, rcode_name, missing=0xFFFF),
    "dns.qtype": Mnemonics(QTYPE_NUMBERS, qtype_name),
    "dns.transport": _words(_TRANSPORTS | {"tls": 1, "https": 2, "dnscrypt_udp": 3, "dnscrypt_tcp": 4, "quic": 5}, 0),
    "dnstap.type": _words(_dnstap_types(), missing=0),
    "transport.protocol": _words(_TRANSPORTS),
    "ip.protocol": _words(_IP_PROTOCOLS),
    "inner.protocol": _words(_IP_PROTOCOLS),
    "tunnel.type": _words(_TUNNELS),
    "tcp.flags": _words(_TCP_FLAGS),
    "flow.tcp_flags": _words(_TCP_FLAGS),
    "flow.protocol": _words(_IP_PROTOCOLS),
    EXPORTED_DIRECTION: _words({"ingress": 0, "egress": 1}),
    "bgp.type": _words({"OPEN": 1, "UPDATE": 2, "NOTIFICATION": 3, "KEEPALIVE": 4, "ROUTE-REFRESH": 5}),
    "probe.event": _words(
        {"sent": 0, "answered": 1, "timed_out": 2, "late": 3, "never": 4, "failed": 5, "not_sent": 6, "no_name": 7}
    ),
    "probe.test": _words({"ping": 1, "tcp": 2}),
    "xact.outcome": _words({"question": 0, "answered": 1, "late": 2, "orphan": 3, "continued": 4, "repeated": 5}),
}


def mnemonics(column: str) -> Mnemonics | None:
    """The words of a column, by its name; None where it has none."""
    if is_direction(column):
        return _words(_DIRECTIONS)
    return _MNEMONICS.get(column)


def words(columns: Iterable[str]) -> Words:
    """The words of those columns that have some; empty where a number says that there is no value. Not of flags: a
    number of theirs is several at once.
    """
    found = {column: mnemonics(column) for column in columns if not column.endswith("flags")}
    return {
        column: {number: known.name(number) for number in known.numbers.values()}
        | ({} if known.missing is None else {known.missing: ""})
        for column, known in found.items()
        if known is not None
    }


def is_direction(column: str) -> bool:
    """Whether a column holds a direction as seen from this host, and metrics can be kept apart by it."""
    return column.endswith("direction") and column != EXPORTED_DIRECTION
