"""Who asks for names that fail or are slow, how they end, and which server says so: top lists of pairs.

Each list is bounded as any other: names without end widen the bounds of its items, and push no heavy one out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pktvisor.metrics.compatibility import Purged, PurgedItem
from pktvisor.metrics.dns_names import rcode_name
from pktvisor.metrics.expressions import Column, Condition, dns, listed_before, slower_than_before, xact
from pktvisor.metrics.kinds import Metric, Quantiles, TopN
from pktvisor.metrics.labels import parts

FAILING_NAMES, SLOW_NAMES = "failing_names", "slow_names"
"""Metric groups, which the C++ agent has not."""

FAILED = dns.rcode.one_of((2, 3, 5))
"""SERVFAIL, NXDOMAIN, REFUSED."""

TIMEOUT = "TIMEOUT"
"""The result of a query that nobody answered in time."""

MOST_LISTED = 100
"""Names that failed most in a window, of which the next one counts all results."""

CLIENT, SERVER = parts(dns.qname, dns.client), parts(dns.qname, dns.server)
RESULT, TIMED_OUT = parts(dns.qname, dns.rcode), parts(dns.qname, word=TIMEOUT)

QUESTION = (dns.qname, dns.client, dns.server)
"""What is kept of a question for when nobody answers it; items name it by its numbers: 0 name, 1 client, 2 server."""


@dataclass(frozen=True)
class Rows:
    """What a handler takes for answers."""

    answers: Condition
    """In time."""
    late: Condition
    purged: Purged
    """Questions that nobody answered."""
    what: str
    """What people call them."""


def failing_names(rows: Rows, suffix: str) -> Iterator[Metric]:
    """What is counted of names that fail; the paths end so."""
    groups = (FAILING_NAMES,)
    failing = f"top_failing{suffix}"
    failed, timed_out = rows.answers & FAILED, PurgedItem((0,), TIMEOUT)
    known = FAILED | listed_before(dns.qname, failing, MOST_LISTED)
    for path, where, what in (
        (failing, failed, f"{rows.what} that failed"),
        ("top_failing_results", rows.answers & known, f"all {rows.what} of names that fail"),
    ):
        yield TopN(
            RESULT,
            where,
            also=((TIMED_OUT, rows.late),),
            purged=rows.purged,
            purged_item=timed_out,
            path=path,
            label="qname",
            beside=("result",),
            render=rcode_name,
            groups=groups,
            help=f"Top QNAMES with result in {what}",
        )
    for number, (end, column) in enumerate((("client", CLIENT), ("server", SERVER)), start=1):
        yield TopN(
            column,
            failed | rows.late,
            purged=rows.purged,
            purged_item=PurgedItem((0, number)),
            path=f"top_failing_{end}s",
            label="qname",
            beside=(end,),
            groups=groups,
            help=f"Top QNAMES with {end} in {rows.what} that failed",
        )


def slow_names(answers: Condition, prefix: str = "", end: str = "") -> Iterator[Metric]:
    """What is counted of names that are slow. Paths have a prefix; `end` says whose answers these are."""
    groups, times = (SLOW_NAMES,), f"{prefix}slow_us"
    yield Quantiles(xact.time_us, answers, path=times, groups=groups, is_hidden=True)
    slow = answers & slower_than_before(xact.time_us, times)
    for who, column in (("client", CLIENT), ("server", SERVER)):
        yield TopN(
            column,
            slow,
            path=f"{prefix}top_slow_{who}s",
            label="qname",
            beside=(who,),
            groups=groups,
            help=f"Top QNAMES with {who} in transactions slower than p90{end}",
        )


def question(groups: frozenset[str]) -> tuple[Column, ...]:
    """What is to be kept of a question; nothing where no list wants it."""
    return QUESTION if FAILING_NAMES in groups else ()
